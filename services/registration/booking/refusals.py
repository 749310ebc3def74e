"""Why booking says no: stable codes, each with what to do instead."""

from datetime import datetime
from enum import StrEnum

from shared.decision import Refused


class Reason(StrEnum):
    """Why a command was refused."""

    APPOINTMENT_EXISTS = "appointment-exists"
    SLOT_FULL = "slot-full"
    SLOT_OVER = "slot-over"
    SESSION_CLOSED = "session-closed"
    NOT_PUBLIC = "not-public"
    NOT_RELEASED = "not-released"
    CONSENT_MISSING = "consent-missing"
    COOLING_OFF = "cooling-off"
    TOO_MANY_BOOKINGS = "too-many-bookings"
    SAME_SLOT = "same-slot"
    PATIENT_HAS_APPOINTMENT = "patient-has-appointment"
    ENCOUNTER_HAS_APPOINTMENT = "encounter-has-appointment"
    NOT_HELD = "not-held"
    HOLD_EXPIRED = "hold-expired"
    NOT_BOOKED = "not-booked"
    NOT_OPEN = "not-open"
    NOT_EXPECTED = "not-expected"
    OWN_SLOT_OVER = "own-slot-over"
    STAFF_ONLY = "staff-only"


REMEDIES = {
    Reason.APPOINTMENT_EXISTS: "use a new appointment_id, or change the appointment that has this one",
    Reason.SLOT_FULL: "choose another slot",
    Reason.SLOT_OVER: "choose a slot that is not over",
    Reason.SESSION_CLOSED: "choose another session; this one does not take place",
    Reason.NOT_RELEASED: "book from {until} on",
    Reason.NOT_PUBLIC: "apply for one of its places, ask for a referral, or choose a slot that is public",
    Reason.CONSENT_MISSING: "record the patient's consent that this person books, or leave booked_by out",
    Reason.COOLING_OFF: "book from {until} on: too many visits were missed (GET /limits); the desk may lift it",
    Reason.TOO_MANY_BOOKINGS: "cancel a booking ahead, or book once one is over, at {until} (GET /limits)",
    Reason.SAME_SLOT: "choose a slot other than the one the appointment is in",
    Reason.PATIENT_HAS_APPOINTMENT: "move the appointment that the patient has in this session, or choose another one",
    Reason.ENCOUNTER_HAS_APPOINTMENT: "check the encounter_id: it has an appointment",
    Reason.NOT_HELD: "hold a place first",
    Reason.HOLD_EXPIRED: "hold a place again and confirm it in time",
    Reason.NOT_BOOKED: "only a booked or displaced appointment can be moved",
    Reason.NOT_OPEN: "only what is held, booked or displaced can be cancelled",
    Reason.NOT_EXPECTED: "only who is booked or has arrived and was not seen can have missed the visit",
    Reason.OWN_SLOT_OVER: "check in while the session lasts, or ask the desk; else the visit counts as missed",
    Reason.STAFF_ONLY: "send reason patient; only the hospital's staff cancels for the hospital",
}


UNTIL = "{until}"
"""In a remedy: when the refusal ends."""


def no(reason: Reason, until: datetime | None = None) -> Refused:
    """The refusal with its remedy, and when it ends where that is known."""
    return Refused(reason=reason, remedy=REMEDIES[reason].format(until=until and until.isoformat()))


def endless(reason: Reason) -> Refused:
    """The refusal as it is where `UNTIL` is yet to be replaced."""
    return Refused(reason=reason, remedy=REMEDIES[reason])
