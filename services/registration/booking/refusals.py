"""Why booking says no: stable codes, each with what to do instead."""

from enum import StrEnum

from shared.decision import Refused


class Reason(StrEnum):
    """Why a command was refused."""

    APPOINTMENT_EXISTS = "appointment-exists"
    SLOT_FULL = "slot-full"
    SLOT_OVER = "slot-over"
    NOT_PUBLIC = "not-public"
    SAME_SLOT = "same-slot"
    PATIENT_HAS_APPOINTMENT = "patient-has-appointment"
    ENCOUNTER_HAS_APPOINTMENT = "encounter-has-appointment"
    NOT_HELD = "not-held"
    HOLD_EXPIRED = "hold-expired"
    NOT_BOOKED = "not-booked"
    NOT_OPEN = "not-open"


REMEDIES = {
    Reason.APPOINTMENT_EXISTS: "use a new appointment_id, or change the appointment that has this one",
    Reason.SLOT_FULL: "choose another slot",
    Reason.SLOT_OVER: "choose a slot that is not over",
    Reason.NOT_PUBLIC: "apply for one of its places, ask for a referral, or choose a slot that is public",
    Reason.SAME_SLOT: "choose a slot other than the one the appointment is in",
    Reason.PATIENT_HAS_APPOINTMENT: "move the appointment that the patient has in this session, or choose another one",
    Reason.ENCOUNTER_HAS_APPOINTMENT: "check the encounter_id: it has an appointment",
    Reason.NOT_HELD: "hold a place first",
    Reason.HOLD_EXPIRED: "hold a place again and confirm it in time",
    Reason.NOT_BOOKED: "only a booked appointment can be moved",
    Reason.NOT_OPEN: "only what is held or booked can be cancelled",
}


def no(reason: Reason) -> Refused:
    """The refusal with its remedy."""
    return Refused(reason=reason, remedy=REMEDIES[reason])
