"""The rules of a reminder: when it is due, whether it is still wanted, and what its attempt leads to.

pending → sending → sent; back to pending where it may be tried again; failed, unknown or dropped otherwise. It belongs
to a visit: an appointment in its slot, or one coming for exams. What is moved has reminders of its own for the new
time. Whose visit is moved, or is off, is told so at once by a notice, which is a reminder too.
Invariants: none is sent in quiet hours; what is quiet is put off, or done before the quiet where after it is too late;
what may have been sent is not sent again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from services.registration.reminders.timing import Policy, aloud

LEASE = timedelta(minutes=10)
"""An attempt that has not come back by then never will: its process has died."""


class State(StrEnum):
    """The words of the state diagram and of the CHECK constraint."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    DROPPED = "dropped"


OPEN = (State.PENDING, State.SENDING)


class Notice(StrEnum):
    """What is told at once, in the place of a rung.

    MOVED: the visit is at another time now. PLACED: exams are now at that time. The others say that a visit is off.
    DISPLACED: its session was cut. CANCELLED: as the patient asked. CALLED_OFF: by the hospital. POSTPONED: its exams
    will be planned anew.
    """

    MOVED = "moved"
    PLACED = "placed"
    DISPLACED = "displaced"
    CANCELLED = "cancelled"
    CALLED_OFF = "called-off"
    POSTPONED = "postponed"


OFF = frozenset({Notice.DISPLACED, Notice.CANCELLED, Notice.CALLED_OFF, Notice.POSTPONED})
OF_APPOINTMENTS = frozenset({Notice.MOVED, Notice.DISPLACED, Notice.CANCELLED, Notice.CALLED_OFF})
OF_EXAMS = frozenset(Notice) - {Notice.DISPLACED}


class Reason(StrEnum):
    """Why a reminder was not sent, or is not known to be."""

    NOT_BOOKED = "not-booked"
    NOT_WANTED = "not-wanted"
    SUPERSEDED = "superseded"
    TOO_LATE = "too-late"
    ADDRESS_REFUSED = "address-refused"
    NO_CHANNEL = "no-channel"
    ATTEMPTS_USED = "attempts-used"
    INTERRUPTED = "interrupted"


class Result(StrEnum):
    """What came of an attempt. UNKNOWN: the other side may have it."""

    SENT = "sent"
    REFUSED = "refused"
    DEFERRED = "deferred"
    NO_CHANNEL = "no-channel"
    UNKNOWN = "unknown"


LEADS_TO: Mapping[Result, tuple[State, Reason | None]] = {
    Result.SENT: (State.SENT, None),
    Result.REFUSED: (State.FAILED, Reason.ADDRESS_REFUSED),
    Result.NO_CHANNEL: (State.FAILED, Reason.NO_CHANNEL),
    Result.DEFERRED: (State.FAILED, Reason.ATTEMPTS_USED),
    Result.UNKNOWN: (State.UNKNOWN, Reason.INTERRUPTED),
}
"""What an attempt leads to when there is no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """An appointment in its slot, or one coming for exams of an order: one of the two ids is there.

    `place` and `preparation` are words in each language. `off`: it does not take place, and what the patient is told
    of that. `unasked`: the house has chosen the time; the patient knows of it by our messages only.
    """

    appointment_id: UUID | None = None
    order_id: UUID | None = None
    patient_id: UUID
    starts_at: datetime
    zone: str
    place: Mapping[str, str]
    preparation: Mapping[str, str]
    off: Notice | None = None
    unasked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """A reminder of one visit, which starts at `slot_starts_at`. `next_at`: when to look at it again; None: never.

    A notice has the version of what it is of, after the change that it tells; a rung has none. `instead_of` is when
    the visits were to start that are off for this one.
    """

    reminder_id: UUID
    appointment_id: UUID | None
    order_id: UUID | None
    slot_starts_at: datetime
    rung: str
    patient_id: UUID
    zone: str
    state: State
    reason: Reason | None
    attempts: int
    due_at: datetime
    next_at: datetime | None
    ended_at: datetime | None
    of_version: int = 0
    instead_of: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which reminders to list; `after` is the last id of the page before."""

    appointment_id: UUID | None = None
    order_id: UUID | None = None
    patient_id: UUID | None = None
    state: State | None = None
    after: UUID | None = None
    limit: int


def planned(visit: Visit, policy: Policy, now: datetime) -> list[Reminder]:
    """The reminders of a visit that are still to come, the earliest first.

    Of two that quiet hours bring together the later rung stays. There is none of what does not take place.
    """
    at = ZoneInfo(visit.zone)
    rungs = [(aloud(rung, visit.starts_at, at, policy), rung.code) for rung in policy.rungs]
    due = sorted(dict(rungs).items())
    return [pending(visit, code, due_at) for due_at, code in due if due_at > now and visit.off is None]


def pending(visit: Visit, code: str, due_at: datetime, version: int = 0) -> Reminder:
    """A reminder or notice of the visit; `code` is its rung or which notice it is, then of that version."""
    name = f"reminder/{visit.starts_at.isoformat()}/{code}" + (f"/{version}" if version else "")
    return Reminder(
        reminder_id=uuid5(visit.appointment_id, name)
        if visit.appointment_id
        else uuid5(visit.patient_id, f"{visit.order_id}/{name}"),
        appointment_id=visit.appointment_id,
        order_id=visit.order_id,
        slot_starts_at=visit.starts_at,
        rung=code,
        patient_id=visit.patient_id,
        zone=visit.zone,
        state=State.PENDING,
        reason=None,
        attempts=0,
        due_at=due_at,
        next_at=due_at,
        ended_at=None,
        of_version=version,
    )


def is_of(reminder: Reminder, visit: Visit) -> bool:
    """Whether the visit is still the one that the reminder was planned for."""
    return visit.starts_at == reminder.slot_starts_at and visit.off == (reminder.rung if is_off(reminder) else None)


def is_off(reminder: Reminder) -> bool:
    """Whether it says that a visit does not take place."""
    return reminder.rung in OFF


def visit_of(reminder: Reminder, visits: Sequence[Visit]) -> Visit | None:
    """Its visit among those that there are now. Exams that are off have none: of them only the notice is left."""
    found = next((one for one in visits if is_of(reminder, one)), None)
    again = any(one.starts_at == reminder.slot_starts_at for one in visits)
    if found is not None or again or reminder.order_id is None or not is_off(reminder):
        return found
    return given_up(reminder.order_id, reminder.patient_id, reminder.slot_starts_at, reminder.zone, reminder.rung)


def given_up(order_id: UUID, patient_id: UUID, starts_at: datetime, zone: str, off: str) -> Visit:
    """A coming for exams that is off; where it was to be is not known any more."""
    return Visit(
        order_id=order_id,
        patient_id=patient_id,
        starts_at=starts_at,
        zone=zone,
        place={},
        preparation={},
        off=Notice(off),
    )


def judged(
    reminder: Reminder, later: Sequence[datetime], policy: Policy, now: datetime, *, booked: bool, wanted: bool
) -> Reminder:
    """A reminder that has come up: claimed as `sending`, put off, or over. For a notice too late somebody has to call.

    Nobody has to where the patient has cancelled. What says that a visit is off is not said by a later rung. `later` is
    when the visit's later rungs are due; `wanted` whether the patient has a contact.
    """
    if reminder.state is State.SENDING:
        return ended(reminder, State.UNKNOWN, Reason.INTERRUPTED, now)
    begin = policy.quiet.ends_at(now, ZoneInfo(reminder.zone)) or now
    reasons = {
        Reason.NOT_BOOKED: not booked,
        Reason.NOT_WANTED: not wanted,
        Reason.SUPERSEDED: not (is_off(reminder) or reminder.instead_of) and any(due_at <= now for due_at in later),
        Reason.TOO_LATE: begin >= reminder.slot_starts_at,
    }
    if over := next((reason for reason, holds in reasons.items() if holds), None):
        missed = over is Reason.TOO_LATE and reminder.rung in set(Notice) - {Notice.CANCELLED}
        return ended(reminder, State.FAILED if missed else State.DROPPED, over, now)
    if begin > now:
        return replace(reminder, next_at=begin)
    return replace(reminder, state=State.SENDING, attempts=reminder.attempts + 1, next_at=now + LEASE)


def settled(sending: Reminder, result: Result, policy: Policy, now: datetime) -> Reminder:
    """What an attempt leads to. What was sent after all is no longer unknown."""
    if sending.state is not State.SENDING and result is not Result.SENT:
        return sending
    if result is Result.DEFERRED and sending.attempts <= len(policy.retries):
        again_at = now + policy.retries[sending.attempts - 1]
        return replace(sending, state=State.PENDING, next_at=again_at)
    state, reason = LEADS_TO[result]
    return ended(sending, state, reason, now)


def put_off(reminder: Reminder, policy: Policy, now: datetime) -> Reminder:
    """One that could not be looked at for a fault: later again; where that is too late, somebody has to call."""
    again_at = now + max(policy.retries, default=LEASE)
    if again_at >= reminder.slot_starts_at:
        return ended(reminder, State.FAILED, Reason.TOO_LATE, now)
    return replace(reminder, next_at=again_at)


def ended(reminder: Reminder, state: State, reason: Reason | None, now: datetime) -> Reminder:
    """Nothing more will be done about it."""
    return replace(reminder, state=state, reason=reason, next_at=None, ended_at=now)
