"""The rules of arriving and being seen.

Check-in opens some time before the slot, by where it is done, and closes with its session: who is late is still seen in
the same session.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.registration.booking.model import Appointment, Status
from services.registration.schedules.model import Session
from shared.decision import Refused
from shared.messages.registration.arrivals import PatientArrived, VisitCompleted


class Source(StrEnum):
    """Where the patient checks in: at the desk, at a kiosk, or on a phone of their own."""

    DESK = "desk"
    KIOSK = "kiosk"
    PHONE = "phone"


class Reason(StrEnum):
    """Why a command was refused."""

    NOT_BOOKED = "not-booked"
    ALREADY_ARRIVED = "already-arrived"
    TOO_EARLY = "too-early"
    SESSION_OVER = "session-over"
    NOT_ARRIVED = "not-arrived"
    ALREADY_COMPLETED = "already-completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordArrival:
    """A patient checks in for an appointment."""

    appointment_id: UUID
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What arriving or being seen changes, and what is said of it."""

    appointment: Appointment
    event: PatientArrived | VisitCompleted


def arrive(booked: Appointment, session: Session, source: Source, opens: timedelta, now: datetime) -> Visit | Refused:
    """The patient checks in, where check-in opens `opens` before the slot."""
    if booked.status in (Status.ARRIVED, Status.COMPLETED):
        remedy = "nothing is to be done: GET /queue/{appointment_id} shows the place in the queue"
        return Refused(reason=Reason.ALREADY_ARRIVED, remedy=remedy)
    if booked.status is not Status.BOOKED:
        return Refused(reason=Reason.NOT_BOOKED, remedy="confirm the hold, or book a place first")
    if now < booked.slot_starts_at - opens:
        minutes = opens // timedelta(minutes=1)
        return Refused(reason=Reason.TOO_EARLY, remedy=f"check in from {minutes} minutes before the slot on")
    if now >= session.ends_at:
        return Refused(reason=Reason.SESSION_OVER, remedy="book a place in another session")
    arrived = replace(booked, status=Status.ARRIVED, arrived_at=now, version=booked.version + 1)
    return Visit(
        appointment=arrived,
        event=PatientArrived(
            appointment_id=arrived.appointment_id,
            patient_id=arrived.patient_id,
            session_id=arrived.session_id,
            arrived_at=now,
            source=source,
            aggregate_version=arrived.version,
        ),
    )


def complete(arrived: Appointment, now: datetime) -> Visit | Refused:
    """The clinician has seen the patient."""
    if arrived.status is Status.COMPLETED:
        return Refused(reason=Reason.ALREADY_COMPLETED, remedy="nothing is to be done: the patient has been seen")
    if arrived.status is not Status.ARRIVED:
        return Refused(reason=Reason.NOT_ARRIVED, remedy="check the patient in first")
    completed = replace(arrived, status=Status.COMPLETED, completed_at=now, version=arrived.version + 1)
    return Visit(
        appointment=completed,
        event=VisitCompleted(
            appointment_id=completed.appointment_id,
            patient_id=completed.patient_id,
            session_id=completed.session_id,
            completed_at=now,
            aggregate_version=completed.version,
        ),
    )
