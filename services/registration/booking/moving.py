"""The rules of moving an appointment to another slot, and of taking its place away."""

from dataclasses import replace
from datetime import datetime

from services.registration.booking.model import MOVABLE, Appointment, Status
from services.registration.booking.refusals import Reason, no
from services.registration.schedules.model import Access, Session, Slot, SlotKey
from shared.decision import Refused
from shared.messages.registration.booking import AppointmentDisplaced, AppointmentRescheduled


def may_move(booked: Appointment, target: Slot, session: Session, now: datetime) -> Refused | None:
    """Whether the appointment may go to that slot of the session; how many places are free aside.

    A place that is not public is left for a public one, or for another slot of its own session.
    """
    if booked.status not in MOVABLE:
        return no(Reason.NOT_BOOKED)
    if target.ends_at <= now:
        return no(Reason.SLOT_OVER)
    if SlotKey(session_id=target.session_id, starts_at=target.starts_at) in booked.places:
        return no(Reason.SAME_SLOT)
    if session.closed_at is not None:
        return no(Reason.SESSION_CLOSED)
    return None if target.session_id == booked.session_id else _is_public(session, now)


def move(booked: Appointment, target: Slot, ordinal: int) -> tuple[Appointment, AppointmentRescheduled]:
    """The appointment in its new place."""
    moved = replace(
        booked,
        status=Status.BOOKED,
        session_id=target.session_id,
        clinic_id=target.clinic_id,
        slot_starts_at=target.starts_at,
        slot_ends_at=target.ends_at,
        ordinal=ordinal,
        version=booked.version + 1,
    )
    return moved, AppointmentRescheduled(
        appointment_id=moved.appointment_id,
        patient_id=moved.patient_id,
        session_id=moved.session_id,
        clinic_id=moved.clinic_id,
        slot_starts_at=moved.slot_starts_at,
        previous_session_id=booked.session_id,
        previous_slot_starts_at=booked.slot_starts_at,
        aggregate_version=moved.version,
    )


def displace(booked: Appointment, reason: str, offer: Slot | None) -> tuple[Appointment, AppointmentDisplaced]:
    """Take the place of a booked appointment away, for that reason; the patient may be offered another."""
    displaced = replace(booked, status=Status.DISPLACED, version=booked.version + 1)
    return displaced, AppointmentDisplaced(
        appointment_id=displaced.appointment_id,
        patient_id=displaced.patient_id,
        session_id=displaced.session_id,
        clinic_id=displaced.clinic_id,
        slot_starts_at=displaced.slot_starts_at,
        reason=reason,
        offered_session_id=offer.session_id if offer else None,
        offered_slot_starts_at=offer.starts_at if offer else None,
        aggregate_version=displaced.version,
    )


def _is_public(session: Session, now: datetime) -> Refused | None:
    if session.access is not Access.PUBLIC:
        return no(Reason.NOT_PUBLIC)
    if session.released_at is not None and session.released_at > now:
        return no(Reason.NOT_RELEASED, session.released_at)
    return None
