"""What registration says: each event's name, and which of its fields are shown, in order. No diagnosis is."""

from services.console.pages.language import msg

EVENTS = {
    "registration.patient-registered.v1": msg("Patient registered"),
    "registration.patient-deceased.v1": msg("Patient deceased"),
    "registration.session-opened.v1": msg("Clinic session opened"),
    "registration.slot-held.v1": msg("Slot held"),
    "registration.hold-expired.v1": msg("Hold expired"),
    "registration.appointment-booked.v1": msg("Appointment booked"),
    "registration.appointment-rescheduled.v1": msg("Appointment rescheduled"),
    "registration.appointment-cancelled.v1": msg("Appointment cancelled"),
    "registration.waitlist-joined.v1": msg("Waitlist joined"),
    "registration.place-offered.v1": msg("Place offered"),
    "registration.offer-accepted.v1": msg("Offer accepted"),
    "registration.offer-declined.v1": msg("Offer declined"),
    "registration.offer-expired.v1": msg("Offer expired"),
    "registration.offer-withdrawn.v1": msg("Offer withdrawn"),
    "registration.waitlist-left.v1": msg("Waitlist left"),
    "registration.waitlist-lapsed.v1": msg("Waited in vain"),
    "registration.patient-arrived.v1": msg("Patient arrived"),
    "registration.patient-called.v1": msg("Patient called"),
    "registration.patient-skipped.v1": msg("Call passed over"),
    "registration.call-missed.v1": msg("Call missed"),
    "registration.patient-returned.v1": msg("Back in the queue"),
    "registration.visit-completed.v1": msg("Visit completed"),
    "registration.admission-requested.v1": msg("Admission requested"),
}

FACTS = {
    "registration.patient-registered.v1": ("sex", "insutype"),
    "registration.patient-deceased.v1": ("deceased_on",),
    "registration.session-opened.v1": ("clinic_id", "starts_at", "places"),
    "registration.slot-held.v1": ("slot_starts_at", "held_until"),
    "registration.hold-expired.v1": ("slot_starts_at",),
    "registration.appointment-booked.v1": ("clinic_id", "slot_starts_at", "channel"),
    "registration.appointment-rescheduled.v1": ("clinic_id", "slot_starts_at", "previous_slot_starts_at"),
    "registration.appointment-cancelled.v1": ("slot_starts_at", "reason"),
    "registration.waitlist-joined.v1": ("clinic_id", "earliest_on", "latest_on", "urgency"),
    "registration.place-offered.v1": ("clinic_id", "slot_starts_at", "offered_until"),
    "registration.waitlist-left.v1": ("reason",),
    "registration.patient-arrived.v1": ("source",),
    "registration.patient-called.v1": ("number", "desk"),
    "registration.patient-skipped.v1": ("number",),
    "registration.call-missed.v1": ("number",),
    "registration.patient-returned.v1": ("number",),
    "registration.admission-requested.v1": ("specialty", "campus_id", "source", "expected_days"),
}
