"""The rules of a reminder: when it is due, whether it is still wanted, and what its attempt leads to.

pending → sending → sent; back to pending where it may be tried again; failed, unknown or dropped otherwise. It belongs
to a visit: an appointment in its slot, or one coming for exams. What is moved has reminders of its own for the new
time. Who is moved, or loses the place, is told so at once by a notice, which is a reminder too.
Invariants: none is sent in quiet hours; what is quiet is put off, or done before the quiet where after it is too late;
what may have been sent is not sent again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

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

    MOVED: the visit is at another time now. DISPLACED: it does not take place. PLACED: exams are now at that time.
    """

    MOVED = "moved"
    DISPLACED = "displaced"
    PLACED = "placed"


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
class Rung:
    """How long before the visit: days on its place's calendar, or hours."""

    code: str
    days: int = 0
    hours: int = 0

    def before(self, starts_at: datetime, zone: ZoneInfo) -> datetime:
        """The instant. Days keep the clock's time, also where the zone changes its offset in between."""
        day = starts_at.astimezone(zone) - timedelta(days=self.days)
        return day.astimezone(UTC) - timedelta(hours=self.hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """No message from `begin` to `end`, on the campus's clock; it may go over midnight."""

    begin: time
    end: time

    def ends_at(self, at: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet that `at` lies in is over; None outside of it."""
        local = at.astimezone(zone)
        if not self._holds(local.time()):
            return None
        day = local.date() + timedelta(days=self.begin > self.end and local.time() >= self.begin)
        return datetime.combine(day, self.end, zone).astimezone(UTC)

    def began_at(self, ends_at: datetime, zone: ZoneInfo) -> datetime:
        """When the quiet that ends then began."""
        day = ends_at.astimezone(zone).date() - timedelta(days=self.begin > self.end)
        return datetime.combine(day, self.begin, zone).astimezone(UTC)

    def _holds(self, at: time) -> bool:
        if self.begin <= self.end:
            return self.begin <= at < self.end
        return at >= self.begin or at < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When, how often, and how long before the visit a reminder must be there to be of use."""

    version: str
    rungs: tuple[Rung, ...]
    quiet: Quiet
    spare: timedelta
    retries: tuple[timedelta, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """An appointment in its slot, or one coming for exams of an order: one of the two ids is there.

    `place` and `preparation` are words in each language. `displaced`: it does not take place. `unasked`: the house
    has chosen the time, so the patient is told of it at once.
    """

    appointment_id: UUID | None = None
    order_id: UUID | None = None
    patient_id: UUID
    starts_at: datetime
    zone: str
    place: Mapping[str, str]
    preparation: Mapping[str, str]
    displaced: bool = False
    unasked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """A reminder of one visit, which starts at `slot_starts_at`. `next_at`: when to look at it again; None: never."""

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
    rungs = [(_aloud(rung, visit.starts_at, at, policy), rung.code) for rung in policy.rungs]
    due = sorted(dict(rungs).items())
    return [pending(visit, code, due_at) for due_at, code in due if due_at > now and not visit.displaced]


def pending(visit: Visit, code: str, due_at: datetime) -> Reminder:
    """A reminder or notice of the visit; `code` is its rung or which notice it is."""
    name = f"reminder/{visit.starts_at.isoformat()}/{code}"
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
    )


def is_of(reminder: Reminder, visit: Visit) -> bool:
    """Whether the visit is still the one that the reminder was planned for."""
    return visit.starts_at == reminder.slot_starts_at and visit.displaced == (reminder.rung == Notice.DISPLACED)


def judged(
    reminder: Reminder, later: Sequence[datetime], policy: Policy, now: datetime, *, booked: bool, wanted: bool
) -> Reminder:
    """A reminder that has come up: claimed as `sending`, put off, or over. For a notice too late somebody has to call.

    `later` is when the visit's later rungs are due; `wanted` whether the patient has a contact.
    """
    if reminder.state is State.SENDING:
        return ended(reminder, State.UNKNOWN, Reason.INTERRUPTED, now)
    begin = policy.quiet.ends_at(now, ZoneInfo(reminder.zone)) or now
    reasons = {
        Reason.NOT_BOOKED: not booked,
        Reason.NOT_WANTED: not wanted,
        Reason.SUPERSEDED: reminder.rung != Notice.DISPLACED and any(due_at <= now for due_at in later),
        Reason.TOO_LATE: begin >= reminder.slot_starts_at,
    }
    if over := next((reason for reason, holds in reasons.items() if holds), None):
        missed = over is Reason.TOO_LATE and reminder.rung in set(Notice)
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


def in_order(rungs: Sequence[Rung]) -> bool:
    """Whether each rung is nearer to the visit than the one before."""
    leads = [timedelta(days=rung.days, hours=rung.hours) for rung in rungs]
    return all(earlier > later for earlier, later in pairwise([*leads, timedelta()]))


def _aloud(rung: Rung, starts_at: datetime, zone: ZoneInfo, policy: Policy) -> datetime:
    """When to send it: at its time; else at the end of the quiet; else, where that is too late, just before it."""
    at = rung.before(starts_at, zone)
    quiet_until = policy.quiet.ends_at(at, zone)
    if quiet_until is None:
        return at
    if quiet_until + policy.spare <= starts_at:
        return quiet_until
    return policy.quiet.began_at(quiet_until, zone) - policy.spare
