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
    "registration.patient-arrived.v1": msg("Patient arrived"),
    "registration.visit-completed.v1": msg("Visit completed"),
    "registration.exam-plan-held.v1": msg("Exams held"),
    "registration.exam-plan-booked.v1": msg("Exams booked"),
    "registration.exam-plan-changed.v1": msg("Exam moved"),
    "registration.exam-plan-cancelled.v1": msg("Exams cancelled"),
    "registration.exam-done.v1": msg("Exam done"),
    "registration.admission-requested.v1": msg("Admission requested"),
    "registration.admission-exams-booked.v1": msg("Exams before admission booked"),
    "registration.admission-exams-unplanned.v1": msg("Exams before admission without a place"),
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
    "registration.exam-plan-held.v1": ("visits", "first_starts_at", "held_until"),
    "registration.exam-plan-booked.v1": ("visits", "first_starts_at", "last_ends_at"),
    "registration.exam-plan-changed.v1": ("item_code", "campus_id", "starts_at", "previous_starts_at"),
    "registration.exam-plan-cancelled.v1": ("reason",),
    "registration.exam-done.v1": ("item_code", "campus_id", "reading_campus_id"),
    "registration.admission-requested.v1": ("specialty", "campus_id", "source", "expected_days"),
    "registration.admission-exams-booked.v1": ("exams", "last_ends_at"),
    "registration.admission-exams-unplanned.v1": ("exams", "reason"),
}
