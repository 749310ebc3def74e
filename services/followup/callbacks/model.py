"""The rules of calling back who waits for a bed: what comes up, and what came of it.

Values in, the next state and its event out. Invariants: an occurrence comes up once; of several that have come up
only the last is to be made; the wait's end ends everything. What is said of a patient is a code.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.followup.callbacks.calling import Policy, calling_from, due_after, first_due, late_after
from services.followup.worklist.model import ContactKind
from shared.decision import Refused
from shared.messages.beds.requests import AdmissionQueued
from shared.messages.followup.callbacks import CallBackDue, CallBackRecorded


class EndReason(StrEnum):
    """What ended the wait."""

    ADMITTED = "admitted"
    DECEASED = "deceased"
    WITHDRAWN = "withdrawn"


class Status(StrEnum):
    """What is kept of a call. Overdue and on hold follow from the clock (`seen_as`)."""

    READY = "ready"
    COMPLETED = "completed"
    FAILED = "failed"
    MISSED = "missed"
    CANCELLED = "cancelled"


class View(StrEnum):
    """What a call is at an instant."""

    READY = "ready"
    OVERDUE = "overdue"
    ON_HOLD = "on-hold"
    COMPLETED = "completed"
    FAILED = "failed"
    MISSED = "missed"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """What came of an attempt."""

    REACHED = "reached"
    WANTS_TO_WAIT = "wants_to_wait"
    CONDITION_WORSE = "condition_worse"
    WITHDRAWN_WISH = "withdrawn_wish"
    DEAD = "dead"
    CALL_LATER = "call_later"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"


class Reason(StrEnum):
    """Why an attempt was refused."""

    CALL_BACK_CLOSED = "call-back-closed"


UNREACHABLE = "unreachable"
"""The outcome of a call that failed because nobody could be reached."""

IN_VAIN = (Outcome.NO_ANSWER, Outcome.WRONG_NUMBER)
URGENT, FIRST, ORDINARY = 0, 1, 2
"""The day list is worked through by precedence: heard to be worse, tier 0, the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The calls of one admission request. `occurrence` is the number of the last that came up, 0 before the first."""

    request_id: UUID
    patient_id: UUID
    campus_id: str
    specialty: str
    tier: int
    admission_class: str | None
    policy_version: str
    queued_at: datetime
    occurrence: int
    next_due_at: datetime | None
    end_reason: EndReason | None
    ended_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBack:
    """One call of a schedule, made when it came up."""

    call_back_id: UUID
    request_id: UUID
    patient_id: UUID
    campus_id: str
    occurrence: int
    due_at: datetime
    late_at: datetime
    remind_at: datetime | None
    precedence: int
    attempts: int
    status: Status
    outcome: str | None
    made_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCall:
    """A nurse tried to reach the patient. `attempted_by` is the caller's subject, an account and no name."""

    call_back_id: UUID
    outcome: Outcome
    contact_kind: ContactKind
    note_code: str | None
    attempted_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAttempt:
    """An attempt as it is kept."""

    attempt_id: UUID
    call_back_id: UUID
    outcome: Outcome
    contact_kind: ContactKind
    note_code: str | None
    attempted_at: datetime
    attempted_by: str


def open_schedule(event: AdmissionQueued, policy: Policy, ended: EndReason | None, now: datetime) -> Schedule:
    """The calls of a request; none when its end was heard of before its beginning."""
    return Schedule(
        request_id=event.request_id,
        patient_id=event.patient_id,
        campus_id=event.campus_id,
        specialty=event.specialty,
        tier=event.tier,
        admission_class=event.admission_class,
        policy_version=policy.version,
        queued_at=event.queued_at,
        occurrence=0,
        next_due_at=None if ended else first_due(event.queued_at, policy),
        end_reason=ended,
        ended_at=now if ended else None,
        version=0,
    )


def end(schedule: Schedule, reason: EndReason, now: datetime) -> Schedule:
    """Nobody is called any more."""
    return replace(schedule, next_due_at=None, end_reason=reason, ended_at=now)


def come_up(
    schedule: Schedule, id_of: Callable[[int], UUID], policy: Policy, now: datetime
) -> tuple[Schedule, list[CallBack], CallBackDue]:
    """Every call that has come up by `now`, and one has: the last is to be made, those before it were missed."""
    calls: list[CallBack] = []
    next_due_at, occurrence = schedule.next_due_at, schedule.occurrence
    while next_due_at is not None and next_due_at <= now:
        occurrence += 1
        late_at = late_after(next_due_at, occurrence, schedule.queued_at, policy)
        calls.append(_call(schedule, id_of(occurrence), occurrence, (next_due_at, late_at), now))
        next_due_at = due_after(next_due_at, schedule.admission_class, policy)
    *before, call = calls
    missed = [superseded(one, now) for one in before]
    moved = replace(schedule, occurrence=occurrence, next_due_at=next_due_at, version=schedule.version + 1)
    return (
        moved,
        [*missed, call],
        CallBackDue(
            call_back_id=call.call_back_id,
            request_id=call.request_id,
            patient_id=call.patient_id,
            occurrence=call.occurrence,
            due_at=call.due_at,
            late_at=call.late_at,
            next_due_at=moved.next_due_at,
            aggregate_version=moved.version,
        ),
    )


def superseded(call: CallBack, now: datetime) -> CallBack:
    """The next call has come up before this one was done: nobody tried, or nobody could be reached."""
    if call.attempts:
        return replace(call, status=Status.FAILED, outcome=UNREACHABLE, remind_at=None, ended_at=now)
    return replace(call, status=Status.MISSED, remind_at=None, ended_at=now)


def record(
    command: RecordCall,
    call: CallBack,
    schedule: Schedule,
    earlier: Sequence[CallAttempt],
    policy: Policy,
    now: datetime,
) -> tuple[CallBack, Schedule, CallBackRecorded] | Refused:
    """What an attempt means for the call: done, to be tried again, or given up. The coordinator is told in any case."""
    if call.status is not Status.READY:
        return Refused(reason=Reason.CALL_BACK_CLOSED, remedy=f"the call is {call.status}: choose an open one")
    after = _after(command, replace(call, attempts=call.attempts + 1), earlier, policy, now)
    moved = replace(schedule, version=schedule.version + 1)
    return (
        after,
        moved,
        CallBackRecorded(
            call_back_id=after.call_back_id,
            request_id=after.request_id,
            patient_id=after.patient_id,
            outcome=after.outcome or command.outcome,
            status=after.status,
            recorded_at=now,
            next_due_at=schedule.next_due_at,
            aggregate_version=moved.version,
        ),
    )


def seen_as(call: CallBack, now: datetime) -> View:
    """What the call is now: computed from the clock, never by a job."""
    if call.status is not Status.READY:
        return View(call.status.value)
    if call.remind_at is not None and call.remind_at > now:
        return View.ON_HOLD
    return View.OVERDUE if call.late_at <= now else View.READY


def _after(
    command: RecordCall, call: CallBack, earlier: Sequence[CallAttempt], policy: Policy, now: datetime
) -> CallBack:
    rule, outcome = policy.attempts, command.outcome
    if outcome in IN_VAIN and _is_unreachable(earlier, policy, now):
        return replace(call, status=Status.FAILED, outcome=UNREACHABLE, remind_at=None, ended_at=now)
    if outcome in IN_VAIN:
        return replace(call, remind_at=calling_from(now + rule.again_after, policy))
    if outcome is Outcome.CALL_LATER:
        return replace(call, remind_at=calling_from(now + rule.later_after, policy))
    if outcome is Outcome.CONDITION_WORSE and command.contact_kind is ContactKind.AI_CALL:
        return replace(call, precedence=URGENT, remind_at=None)
    return replace(call, status=Status.COMPLETED, outcome=outcome, remind_at=None, ended_at=now)


def _is_unreachable(earlier: Sequence[CallAttempt], policy: Policy, now: datetime) -> bool:
    """Whether this vain attempt, with those before it, is enough: so many, on so many local days."""
    instants = [one.attempted_at for one in earlier if one.outcome in IN_VAIN] + [now]
    days = {instant.astimezone(policy.zone).date() for instant in instants}
    return len(instants) >= policy.attempts.unreachable_after and len(days) >= policy.attempts.on_days


def _call(
    schedule: Schedule, call_back_id: UUID, occurrence: int, window: tuple[datetime, datetime], now: datetime
) -> CallBack:
    due_at, late_at = window
    return CallBack(
        call_back_id=call_back_id,
        request_id=schedule.request_id,
        patient_id=schedule.patient_id,
        campus_id=schedule.campus_id,
        occurrence=occurrence,
        due_at=due_at,
        late_at=late_at,
        remind_at=None,
        precedence=FIRST if schedule.tier == 0 else ORDINARY,
        attempts=0,
        status=Status.READY,
        outcome=None,
        made_at=now,
        ended_at=None,
    )
