"""The rules of the queue in front of a sitting: one for all of its pools, since they share its desks.

Whoever checks in gets a number and a turn: their slot. Early or on time makes no difference within a slot; who is late
has the turn of the slot that runs when they come, behind those whose slot it is. Who did not come when called (过号) is
called again after a few others, and so is who is back with results (回诊), so that first visits and returns alternate.
`TRANSITIONS` is the state diagram, with the event that says each transition; the end of a return is the desk's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from services.registration.booking.model import Appointment
from services.registration.queue.pace import Estimate, Pace, Statistics, estimate, pace_of
from services.registration.schedules.model import Session
from shared.decision import Refused
from shared.messages.registration.arrivals import PatientArrived, VisitCompleted
from shared.messages.registration.booking import AppointmentMissed
from shared.messages.registration.queue import PatientCalled, PatientReturned, PatientSkipped


class Status(StrEnum):
    """The words of the state diagram and of the CHECK constraint."""

    WAITING = "waiting"
    CALLED = "called"
    SEEN = "seen"
    MISSED = "missed"


TRANSITIONS: Final = {
    (None, Status.WAITING): PatientArrived,
    (Status.WAITING, Status.CALLED): PatientCalled,
    (Status.CALLED, Status.CALLED): PatientCalled,
    (Status.CALLED, Status.WAITING): PatientSkipped,
    (Status.CALLED, Status.MISSED): AppointmentMissed,
    (Status.WAITING, Status.MISSED): AppointmentMissed,
    (Status.CALLED, Status.SEEN): VisitCompleted,
    (Status.WAITING, Status.SEEN): VisitCompleted,
    (Status.SEEN, Status.WAITING): PatientReturned,
}


class Reason(StrEnum):
    """Why a command was refused."""

    NOBODY_WAITS = "nobody-waits"
    DESK_BUSY = "desk-busy"
    NOT_CALLED = "not-called"
    NOT_AWAY = "not-away"
    NOT_RETURNING = "not-returning"


REMEDIES: Final = {
    Reason.NOBODY_WAITS: "wait until a patient of this session or its other pools checks in",
    Reason.DESK_BUSY: "end the visit of the patient who is called to this desk, skip them or note that they are away",
    Reason.NOT_CALLED: "call the patient first",
    Reason.NOT_AWAY: "only who has been seen can come back with results",
    Reason.NOT_RETURNING: "a first visit ends with the completion of its appointment",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the rules go by."""

    version: str
    target_wait: timedelta
    late_after: timedelta
    skipped_behind: int
    returning_behind: int
    statistics: Statistics


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNext:
    """A desk or room of the session is free."""

    session_id: UUID
    desk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A patient who has checked in, in the latest version.

    `number` is the sitting's own, in order of checking in. `turn_at` is the slot whose turn it is, `late` puts them
    behind its others. `after_call` means: not before so many calls of the sitting, and then at once. `told` counts the
    events of the ticket's own; the others are its appointment's.
    """

    appointment_id: UUID
    patient_id: UUID
    session_id: UUID
    number: int
    ordinal: int
    arrived_at: datetime
    turn_at: datetime
    late: bool
    returning: bool
    after_call: int | None
    status: Status
    desk: str | None
    calls: int
    first_called_at: datetime | None
    called_at: datetime | None
    seen_at: datetime | None
    told: int
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A ticket that waits, its place in the order of calling (1 is next), and how long it will take."""

    ticket: Ticket
    position: int
    wait: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A sitting's queue as it stands: who is called, and who waits in which order."""

    called: tuple[Ticket, ...]
    waiting: tuple[Line, ...]
    pace: Pace


def no(reason: Reason) -> Refused:
    """The refusal with its remedy."""
    return Refused(reason=reason, remedy=REMEDIES[reason])


def check_in(arrived: Appointment, session: Session, number: int, policy: Policy) -> Ticket:
    """The ticket of a patient who has arrived."""
    assert arrived.arrived_at is not None  # noqa: S101 - what arriving means
    late = arrived.arrived_at > arrived.slot_starts_at + policy.late_after
    slot = timedelta(minutes=session.slot_minutes)
    running = session.starts_at + (arrived.arrived_at - session.starts_at) // slot * slot
    return Ticket(
        appointment_id=arrived.appointment_id,
        patient_id=arrived.patient_id,
        session_id=arrived.session_id,
        number=number,
        ordinal=arrived.ordinal,
        arrived_at=arrived.arrived_at,
        turn_at=max(running, arrived.slot_starts_at) if late else arrived.slot_starts_at,
        late=late,
        returning=False,
        after_call=None,
        status=Status.WAITING,
        desk=None,
        calls=0,
        first_called_at=None,
        called_at=None,
        seen_at=None,
        told=0,
        version=1,
    )


def choose(tickets: Sequence[Ticket], calls: int, desk: str) -> Ticket | Refused:
    """Who is called to a desk, of all who have checked in for the sitting."""
    chosen = next_of([one for one in tickets if one.status is Status.WAITING], calls)
    if chosen is None:
        return no(Reason.NOBODY_WAITS)
    if any(one.status is Status.CALLED and one.desk == desk for one in tickets):
        return no(Reason.DESK_BUSY)
    return chosen


def next_of(waiting: Sequence[Ticket], calls: int) -> Ticket | None:
    """Whose turn it is when the sitting has made so many calls. None when nobody waits."""
    deferred = sorted((one for one in waiting if one.after_call is not None), key=_deferral)
    if deferred and _deferral(deferred[0])[0] <= calls:
        return deferred[0]
    in_turn = [one for one in waiting if one.after_call is None]
    return min(in_turn, key=_turn) if in_turn else next(iter(deferred), None)


def in_order(waiting: Sequence[Ticket], calls: int) -> list[Ticket]:
    """All who wait, in the order in which they would be called if nobody else came."""
    left = list(waiting)
    ordered: list[Ticket] = []
    while chosen := next_of(left, calls + len(ordered)):
        left.remove(chosen)
        ordered.append(chosen)
    return ordered


def call(ticket: Ticket, desk: str, now: datetime) -> tuple[Ticket, PatientCalled]:
    """It is this patient's turn; once more, where they are called already."""
    again = ticket.status is Status.CALLED
    called = _next(
        ticket,
        Status.CALLED,
        desk=desk,
        after_call=None,
        calls=ticket.calls + 1 if again else 1,
        first_called_at=ticket.first_called_at or now,
        called_at=now,
        told=ticket.told + 1,
    )
    return called, PatientCalled(
        appointment_id=called.appointment_id,
        patient_id=called.patient_id,
        session_id=called.session_id,
        number=called.number,
        desk=desk,
        calls=called.calls,
        called_at=now,
        aggregate_version=called.told,
    )


def skip(called: Ticket, calls: int, policy: Policy) -> tuple[Ticket, PatientSkipped] | Refused:
    """Nobody came: behind the next few."""
    if called.status is not Status.CALLED:
        return no(Reason.NOT_CALLED)
    skipped = _next(called, Status.WAITING, desk=None, after_call=calls + policy.skipped_behind, told=called.told + 1)
    return skipped, PatientSkipped(
        appointment_id=skipped.appointment_id,
        patient_id=skipped.patient_id,
        session_id=skipped.session_id,
        number=skipped.number,
        aggregate_version=skipped.told,
    )


def come_back(
    seen: Ticket, waiting: Sequence[Ticket], calls: int, policy: Policy
) -> tuple[Ticket, PatientReturned] | Refused:
    """Back with results: after the next few, and a few after whoever is back already."""
    if seen.status is not Status.SEEN:
        return no(Reason.NOT_AWAY)
    last = max((one.after_call or 0 for one in waiting if one.returning), default=None)
    behind = policy.returning_behind
    after_call = calls + behind if last is None else max(calls + behind, last + behind + 1)
    back = _next(seen, Status.WAITING, returning=True, after_call=after_call, seen_at=None, told=seen.told + 1)
    return back, PatientReturned(
        appointment_id=back.appointment_id,
        patient_id=back.patient_id,
        session_id=back.session_id,
        number=back.number,
        aggregate_version=back.told,
    )


def end(ticket: Ticket, now: datetime) -> Ticket:
    """The patient has been seen."""
    return _next(ticket, Status.SEEN, after_call=None, seen_at=now)


def miss(away: Ticket) -> Ticket:
    """The patient was called and is not there; the appointment is missed."""
    return _next(away, Status.MISSED, desk=None, after_call=None)


def queue_of(tickets: Sequence[Ticket], calls: int, pools: Sequence[Session], policy: Policy, now: datetime) -> Queue:
    """The queue when the sitting of these pools has made so many calls. Nobody is called before it begins."""
    called = sorted((one for one in tickets if one.status is Status.CALLED), key=lambda one: one.number)
    waiting = in_order([one for one in tickets if one.status is Status.WAITING], calls)
    pace = _pace(tickets, pools, policy.statistics)
    until_begin = max(timedelta(), pools[0].starts_at - now) / timedelta(minutes=1)
    lines = [
        Line(ticket=one, position=ahead + 1, wait=estimate(ahead, len(called), pace, policy.statistics, until_begin))
        for ahead, one in enumerate(waiting)
    ]
    return Queue(called=tuple(called), waiting=tuple(lines), pace=pace)


def _pace(tickets: Sequence[Ticket], pools: Sequence[Session], statistics: Statistics) -> Pace:
    ended = sorted((one.seen_at, one.called_at, one.desk) for one in tickets if one.seen_at and one.called_at)
    minutes = [(seen_at - called_at) / timedelta(minutes=1) for seen_at, called_at, _ in ended]
    desks = {desk for *_, desk in ended[-statistics.last :]} | {
        one.desk for one in tickets if one.status is Status.CALLED
    }
    places = max(1, sum(one.places for one in pools))  # what was closed has none, and may still have a queue
    expected = (pools[0].ends_at - pools[0].starts_at) / timedelta(minutes=1) / places
    return pace_of(minutes, expected, max(1, len(desks)), statistics)


def _turn(ticket: Ticket) -> tuple[datetime, bool, int, int]:
    return ticket.turn_at, ticket.late, ticket.ordinal, ticket.number


def _deferral(ticket: Ticket) -> tuple[int, int]:
    return ticket.after_call or 0, ticket.number


def _next(ticket: Ticket, status: Status, **fields: Any) -> Ticket:  # noqa: ANN401 - fields of a ticket
    """The ticket in its next version; a transition that is not in the diagram is a fault of ours."""
    assert (ticket.status, status) in TRANSITIONS  # noqa: S101
    return replace(ticket, **fields, status=status, version=ticket.version + 1)
