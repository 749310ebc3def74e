"""What beds says: each event's name, and which of its fields are shown, in order. No diagnosis is."""

from services.console.pages.language import msg

EVENTS = {
    "beds.admission-queued.v1": msg("Waiting for a bed"),
    "beds.bed-proposed.v1": msg("Bed proposed"),
    "beds.bed-reserved.v1": msg("Bed reserved"),
    "beds.reservation-expired.v1": msg("Reservation expired"),
    "beds.patient-admitted.v1": msg("Patient admitted"),
    "beds.patient-transferred.v1": msg("Patient transferred"),
    "beds.bed-released.v1": msg("Bed released"),
    "beds.day-surgery-scheduled.v1": msg("Day surgery planned"),
    "beds.day-surgery-converted.v1": msg("Day surgery becomes a stay"),
    "beds.day-surgery-cancelled.v1": msg("Day surgery cancelled"),
    "beds.referral-accepted.v1": msg("Referral accepted"),
    "beds.referral-refused.v1": msg("Referral refused"),
    "beds.referral-out-sent.v1": msg("Community bed asked for"),
    "beds.referral-out-answered.v1": msg("Community hospital has answered"),
    "beds.referral-out-cancelled.v1": msg("Community bed not needed any more"),
    "beds.bed-status-changed.v1": msg("Bed status changed"),
    "beds.bed-state.v1": msg("Bed as it stands"),
}

FACTS = {
    "beds.admission-queued.v1": ("specialty", "campus_id", "tier"),
    "beds.bed-proposed.v1": ("bed_id", "score", "policy_version"),
    "beds.bed-reserved.v1": ("bed_id", "held_until"),
    "beds.reservation-expired.v1": ("bed_id",),
    "beds.patient-admitted.v1": ("bed_id", "specialty", "source"),
    "beds.patient-transferred.v1": ("bed_id", "previous_bed_id"),
    "beds.bed-released.v1": ("bed_id",),
    "beds.day-surgery-scheduled.v1": ("theatre_id", "bed_id", "arrive_at", "leave_by"),
    "beds.day-surgery-converted.v1": ("admission_class", "reason"),
    "beds.day-surgery-cancelled.v1": ("reason",),
    "beds.referral-accepted.v1": ("partner_id", "specialty", "campus_id", "admit_on"),
    "beds.referral-refused.v1": ("partner_id", "reason", "alternative_partner_id"),
    "beds.referral-out-sent.v1": ("partner_id", "wanted_on", "answer_due_at"),
    "beds.referral-out-answered.v1": ("partner_id", "bed_on", "reason"),
    "beds.referral-out-cancelled.v1": ("partner_id",),
    "beds.bed-status-changed.v1": ("bed_id", "status"),
}
