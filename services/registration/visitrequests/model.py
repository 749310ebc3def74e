"""The rules of a visit that followup asks for.

Booked where a place is free; else on the clinic's waitlist under its own id, and booked from there unasked. What cannot
even wait stays pending: a person has to look. A request waits by name and with its reason, never silently. The id of
what is booked at once follows from its own, so that an event taken twice books once.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid5

from services.registration.booking.model import Channel, TakePlace
from services.registration.schedules.model import FindSlots, Slot, SlotKey, instant
from services.registration.waitlist.model import JoinWaitlist
from shared.decision import Refused
from shared.messages.followup.visits import VisitRequested

VISIT_TYPE = "followup"


class Status(StrEnum):
    """The words of the state diagram and of the CHECK constraint."""

    PENDING = "pending"
    WAITLISTED = "waitlisted"
    BOOKED = "booked"
    DROPPED = "dropped"


class DropReason(StrEnum):
    """Why nothing will come of it."""

    DECEASED = "deceased"
    UNKNOWN_PATIENT = "unknown-patient"
    DECLINED = "declined"


class Reason(StrEnum):
    """Why a command was refused."""

    NOT_PENDING = "visit-request-not-pending"


class Why(StrEnum):
    """Why there is no place yet: everything is full, or why the request cannot wait for one by itself."""

    ALL_FULL = "all-full"
    CLINIC_UNKNOWN = "clinic-unknown"
    TOO_LATE = "too-late"
    TOO_MANY_DAYS = "too-many-days"
    DAYS_BACKWARDS = "days-backwards"
    ALREADY_WAITING = "already-waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRequest:
    """A visit that is wanted in a clinic between two days of its calendar, both included. FHIR ServiceRequest."""

    visit_request_id: UUID
    patient_id: UUID
    clinic_id: str
    earliest_on: date
    latest_on: date
    reason: str
    status: Status
    why: Why | None
    drop_reason: DropReason | None
    appointment_id: UUID | None
    requested_at: datetime


def asked(event: VisitRequested, now: datetime) -> VisitRequest:
    """A new request on the worklist."""
    return VisitRequest(
        visit_request_id=event.visit_request_id,
        patient_id=event.patient_id,
        clinic_id=event.clinic_id,
        earliest_on=event.earliest_on,
        latest_on=event.latest_on,
        reason=event.reason,
        status=Status.PENDING,
        why=None,
        drop_reason=None,
        appointment_id=None,
        requested_at=now,
    )


def slots_for(request: VisitRequest, zone: str, now: datetime) -> FindSlots:
    """Where to look: the days asked for, on the clinic's calendar, and not before now."""
    return FindSlots(
        from_at=max(now, instant(zone, request.earliest_on)),
        to_at=instant(zone, request.latest_on + timedelta(days=1)),
        clinic_id=request.clinic_id,
    )


def place_for(request: VisitRequest, slot: Slot) -> TakePlace:
    """What to book for it."""
    return TakePlace(
        appointment_id=uuid5(request.visit_request_id, "appointment"),
        patient_id=request.patient_id,
        slot=SlotKey(session_id=slot.session_id, starts_at=slot.starts_at),
        hold=False,
        visit_type=VISIT_TYPE,
        channel=Channel.FOLLOWUP,
    )


def entry_for(request: VisitRequest) -> JoinWaitlist:
    """How it waits: whatever becomes free in those days is booked."""
    return JoinWaitlist(
        entry_id=request.visit_request_id,
        patient_id=request.patient_id,
        session_id=None,
        clinic_id=request.clinic_id,
        earliest_on=request.earliest_on,
        latest_on=request.latest_on,
        visit_type=VISIT_TYPE,
        channel=Channel.FOLLOWUP,
        auto_accept=True,
        by_staff=True,
    )


def booked(request: VisitRequest, appointment_id: UUID) -> VisitRequest:
    """There is an appointment for it."""
    return replace(request, status=Status.BOOKED, why=None, appointment_id=appointment_id)


def waitlisted(request: VisitRequest) -> VisitRequest:
    """Everything is full; it waits."""
    return replace(request, status=Status.WAITLISTED, why=Why.ALL_FULL)


def pending(request: VisitRequest, why: Why) -> VisitRequest:
    """A person has to find a place for it."""
    return replace(request, status=Status.PENDING, why=why)


def may_settle(request: VisitRequest) -> Refused | None:
    """Whether a person decides about it. Who waits by itself, or is booked, is let go of there."""
    if request.status is Status.PENDING:
        return None
    remedy = "leave the waitlist entry of the same id, or move or cancel the appointment; what is dropped is over"
    return Refused(reason=Reason.NOT_PENDING, remedy=remedy)


def dropped(request: VisitRequest, reason: DropReason) -> VisitRequest:
    """Nothing will come of it."""
    return replace(request, status=Status.DROPPED, why=None, drop_reason=reason)
