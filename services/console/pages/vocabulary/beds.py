"""What beds says: each event's name, and which of its fields are shown, in order. No diagnosis is."""

from services.console.pages.language import msg

EVENTS = {
    "beds.admission-queued.v1": msg("Waiting for a bed"),
    "beds.bed-proposed.v1": msg("Bed proposed"),
    "beds.bed-reserved.v1": msg("Bed reserved"),
    "beds.reservation-answered.v1": msg("Reservation answered"),
    "beds.reservation-expired.v1": msg("Reservation expired"),
    "beds.admission-withdrawn.v1": msg("Admission request withdrawn"),
    "beds.preparation-changed.v1": msg("Admission prepared further"),
    "beds.emergency-limit-near.v1": msg("Emergency limit is near"),
    "beds.emergency-limit-passed.v1": msg("Emergency limit passed"),
    "beds.patient-admitted.v1": msg("Patient admitted"),
    "beds.patient-transferred.v1": msg("Patient transferred"),
    "beds.bed-released.v1": msg("Bed released"),
    "beds.bed-status-changed.v1": msg("Bed status changed"),
    "beds.bed-state.v1": msg("Bed as it stands"),
}

FACTS = {
    "beds.admission-queued.v1": ("specialty", "campus_id", "tier"),
    "beds.bed-proposed.v1": ("bed_id", "score", "policy_version"),
    "beds.bed-reserved.v1": ("bed_id", "held_until"),
    "beds.reservation-answered.v1": ("bed_id", "answer"),
    "beds.reservation-expired.v1": ("bed_id",),
    "beds.admission-withdrawn.v1": ("reason",),
    "beds.preparation-changed.v1": ("open", "missing"),
    "beds.emergency-limit-near.v1": ("room", "limit_at"),
    "beds.emergency-limit-passed.v1": ("room", "limit_at"),
    "beds.patient-admitted.v1": ("bed_id", "specialty", "source"),
    "beds.patient-transferred.v1": ("bed_id", "previous_bed_id"),
    "beds.bed-released.v1": ("bed_id",),
    "beds.bed-status-changed.v1": ("bed_id", "status"),
}
