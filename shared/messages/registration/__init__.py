"""What registration tells the others: who exists, when they are expected, and who is to be admitted.

A patient's name and contacts never leave the service: `patient_id` is opaque, and whoever may see more asks its owner.
"""

from shared.messages.registration import admissions, arrivals, booking, exams, patients, schedules

MESSAGES = (
    *patients.MESSAGES,
    *schedules.MESSAGES,
    *booking.MESSAGES,
    *arrivals.MESSAGES,
    *exams.MESSAGES,
    *admissions.MESSAGES,
)
