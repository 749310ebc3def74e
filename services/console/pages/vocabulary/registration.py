"""What registration says: each event's name, and which of its fields are shown, in order. No diagnosis is."""

from services.console.pages.language import msg

EVENTS = {
    "registration.patient-registered.v1": msg("Patient registered"),
    "registration.patient-deceased.v1": msg("Patient deceased"),
    "registration.contact-chosen.v1": msg("Reminders chosen"),
    "registration.session-opened.v1": msg("Clinic session opened"),
    "registration.session-released.v1": msg("Clinic session released"),
    "registration.slot-held.v1": msg("Slot held"),
    "registration.hold-expired.v1": msg("Hold expired"),
    "registration.appointment-booked.v1": msg("Appointment booked"),
    "registration.appointment-rescheduled.v1": msg("Appointment rescheduled"),
    "registration.appointment-cancelled.v1": msg("Appointment cancelled"),
    "registration.patient-arrived.v1": msg("Patient arrived"),
    "registration.visit-completed.v1": msg("Visit completed"),
    "registration.admission-requested.v1": msg("Admission requested"),
    "registration.referral-placed.v1": msg("Referral has a place"),
    "registration.referral-waiting.v1": msg("Referral waits for a place"),
    "registration.referral-closed.v1": msg("Referral closed"),
    "registration.ticket-opened.v1": msg("Asked for at the one-stop desk"),
    "registration.ticket-closed.v1": msg("Answered by the one-stop desk"),
}

FACTS = {
    "registration.patient-registered.v1": ("sex", "insutype"),
    "registration.patient-deceased.v1": ("deceased_on",),
    "registration.contact-chosen.v1": ("channel",),
    "registration.session-opened.v1": ("clinic_id", "starts_at", "places", "access"),
    "registration.session-released.v1": ("clinic_id", "starts_at", "places", "access"),
    "registration.slot-held.v1": ("slot_starts_at", "held_until"),
    "registration.hold-expired.v1": ("slot_starts_at",),
    "registration.appointment-booked.v1": ("clinic_id", "slot_starts_at", "channel"),
    "registration.appointment-rescheduled.v1": ("clinic_id", "slot_starts_at", "previous_slot_starts_at"),
    "registration.appointment-cancelled.v1": ("slot_starts_at", "reason"),
    "registration.admission-requested.v1": ("specialty", "campus_id", "source", "expected_days"),
    "registration.referral-placed.v1": ("specialty", "urgency", "slot_starts_at"),
    "registration.referral-waiting.v1": ("specialty", "urgency", "reason", "due_at"),
    "registration.referral-closed.v1": ("reason",),
    "registration.ticket-opened.v1": ("kind", "due_at"),
    "registration.ticket-closed.v1": ("kind", "state", "reason"),
}
