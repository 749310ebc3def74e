"""Where the calls to those who wait are kept, and the only SQL about them.

Invariants, held by the database: one schedule a request; an occurrence becomes a call at most once; of one request at
most one call is open; nothing comes up for a wait that has ended. Whoever changes a schedule or a call of it holds the
schedule's row lock, so that its events are numbered in order.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, DateTime, Index, and_, func, or_, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col, select

from services.followup.callbacks.model import CallAttempt, CallBack, EndReason, Outcome, Schedule, Status, View
from services.followup.tables import Row
from services.followup.worklist.model import ContactKind
from shared.work import Missing, Work

INSTANT = DateTime(timezone=True)
FRESH = {"populate_existing": True}


def one_of(codes: type[Status | Outcome | EndReason | ContactKind]) -> str:
    """The codes as an SQL list."""
    return ", ".join(f"'{code}'" for code in codes)


class WaitEndedRow(Row, table=True):
    """What ended the wait of a request, for a request that is heard of later."""

    __tablename__ = "wait_ended"
    __table_args__ = (CheckConstraint(f"reason IN ({one_of(EndReason)})", name="wait_ended_reason"),)

    request_id: UUID = Field(primary_key=True)
    reason: str


class CallScheduleRow(Row, table=True):
    """The calls of one admission request."""

    __tablename__ = "call_schedule"
    __table_args__ = (
        CheckConstraint(f"end_reason IN ({one_of(EndReason)})", name="call_schedule_end_reason"),
        CheckConstraint("(end_reason IS NULL) = (ended_at IS NULL)", name="call_schedule_ended_at"),
        CheckConstraint("(end_reason IS NULL) = (next_due_at IS NOT NULL)", name="call_schedule_goes_on_until_its_end"),
        Index("ix_call_schedule_due", "next_due_at", postgresql_where=text("next_due_at IS NOT NULL")),
        Index("ix_call_schedule_patient_id", "patient_id"),
    )

    request_id: UUID = Field(primary_key=True)
    patient_id: UUID
    campus_id: str
    specialty: str
    tier: int
    admission_class: str | None
    policy_version: str
    queued_at: datetime = Field(sa_type=INSTANT)
    occurrence: int
    next_due_at: datetime | None = Field(sa_type=INSTANT)
    end_reason: str | None
    ended_at: datetime | None = Field(sa_type=INSTANT)
    version: int


class CallBackRow(Row, table=True):
    """A call that has come up."""

    __tablename__ = "call_back"
    __table_args__ = (
        CheckConstraint(f"status IN ({one_of(Status)})", name="call_back_status"),
        CheckConstraint("(status = 'ready') = (ended_at IS NULL)", name="call_back_ended_at"),
        CheckConstraint("remind_at IS NULL OR status = 'ready'", name="call_back_reminder_of_an_open_call"),
        CheckConstraint("(status IN ('completed', 'failed')) = (outcome IS NOT NULL)", name="call_back_outcome"),
        CheckConstraint("due_at <= late_at", name="call_back_due_before_late"),
        Index("one_call_back_an_occurrence", "request_id", "occurrence", unique=True),
        Index("one_open_call_back_a_request", "request_id", unique=True, postgresql_where=text("status = 'ready'")),
        Index("ix_call_back_ready", "precedence", "due_at", "call_back_id", postgresql_where=text("status = 'ready'")),
    )

    call_back_id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="call_schedule.request_id")
    patient_id: UUID
    campus_id: str
    occurrence: int
    due_at: datetime = Field(sa_type=INSTANT)
    late_at: datetime = Field(sa_type=INSTANT)
    remind_at: datetime | None = Field(sa_type=INSTANT)
    precedence: int
    attempts: int
    status: str
    outcome: str | None
    made_at: datetime = Field(sa_type=INSTANT)
    ended_at: datetime | None = Field(sa_type=INSTANT)


class CallAttemptRow(Row, table=True):
    """An attempt to reach who waits; it stays as it was."""

    __tablename__ = "call_attempt"
    __table_args__ = (
        CheckConstraint(f"outcome IN ({one_of(Outcome)})", name="call_attempt_outcome"),
        CheckConstraint(f"contact_kind IN ({one_of(ContactKind)})", name="call_attempt_contact_kind"),
        CheckConstraint("note_code ~ '^[a-z0-9-]{1,40}$'", name="call_attempt_note_is_a_code"),
        Index("ix_call_attempt_call_back_id", "call_back_id", "attempted_at"),
    )

    attempt_id: UUID = Field(primary_key=True)
    call_back_id: UUID = Field(foreign_key="call_back.call_back_id")
    outcome: str
    contact_kind: str
    note_code: str | None
    attempted_at: datetime = Field(sa_type=INSTANT)
    attempted_by: str


async def note_end(work: Work, request_id: UUID, reason: EndReason) -> None:
    """Remember what ended a wait; what was known first stays."""
    noted = insert(WaitEndedRow).values(request_id=request_id, reason=reason)
    await work.session.exec(noted.on_conflict_do_nothing())


async def end_of(work: Work, request_id: UUID) -> EndReason | None:
    """What is known to have ended the wait of a request."""
    row = await work.session.get(WaitEndedRow, request_id, populate_existing=True)
    return None if row is None else EndReason(row.reason)


async def add_schedule(work: Work, new: Schedule) -> None:
    """Write a new schedule; the same once more is nothing new."""
    await work.session.exec(insert(CallScheduleRow).values(**asdict(new)).on_conflict_do_nothing())


async def schedule(work: Work, request_id: UUID, *, lock: bool = False) -> Schedule:
    """The calls of a request, locked if wished, or `Missing`."""
    row = await work.session.get(CallScheduleRow, request_id, populate_existing=True, with_for_update=lock or None)
    if row is None:
        raise Missing("call-schedule", request_id)
    return _schedule(row)


async def going_on(work: Work, patient_id: UUID, request_id: UUID | None = None) -> list[Schedule]:
    """The schedules of a patient, or of one request, that have not ended; locked in order of id."""
    mine = and_(col(CallScheduleRow.patient_id) == patient_id, col(CallScheduleRow.end_reason).is_(None))
    if request_id is not None:
        mine = and_(mine, col(CallScheduleRow.request_id) == request_id)
    query = select(CallScheduleRow).where(mine).order_by(col(CallScheduleRow.request_id)).with_for_update()
    return [_schedule(row) for row in await work.session.exec(query, execution_options=FRESH)]


async def claim_due(work: Work, limit: int) -> list[Schedule]:
    """Schedules whose next call has come up, earliest first; those another worker has in hand are left to it."""
    due = col(CallScheduleRow.next_due_at) <= work.now
    query = select(CallScheduleRow).where(due).order_by(col(CallScheduleRow.next_due_at)).limit(limit)
    claimed = await work.session.exec(query.with_for_update(skip_locked=True), execution_options=FRESH)
    return [_schedule(row) for row in claimed]


async def next_due_at(work: Work) -> datetime | None:
    """When the next call of any schedule comes up."""
    return (await work.session.exec(select(func.min(CallScheduleRow.next_due_at)))).one()


async def save_schedule(work: Work, changed: Schedule) -> None:
    """Write a schedule; its row is locked."""
    same = col(CallScheduleRow.request_id) == changed.request_id
    await work.session.exec(update(CallScheduleRow).where(same).values(**asdict(changed)))


async def add_calls(work: Work, new: Sequence[CallBack]) -> None:
    """Write calls that have come up. An occurrence that is there already is a fault of ours, and refused."""
    await work.session.exec(insert(CallBackRow).values([asdict(one) for one in new]))


async def open_call(work: Work, request_id: UUID) -> CallBack | None:
    """The open call of a request, whose schedule is locked."""
    mine = and_(col(CallBackRow.request_id) == request_id, col(CallBackRow.status) == Status.READY)
    row = (await work.session.exec(select(CallBackRow).where(mine), execution_options=FRESH)).one_or_none()
    return None if row is None else _call(row)


async def call(work: Work, call_back_id: UUID) -> CallBack:
    """A call, or `Missing`."""
    row = await work.session.get(CallBackRow, call_back_id, populate_existing=True)
    if row is None:
        raise Missing("call-back", call_back_id)
    return _call(row)


async def save_call(work: Work, changed: CallBack) -> None:
    """Write a call; its schedule is locked."""
    same = col(CallBackRow.call_back_id) == changed.call_back_id
    await work.session.exec(update(CallBackRow).where(same).values(**asdict(changed)))


async def calls(work: Work, view: View | None, campus_id: str | None, after: UUID | None, limit: int) -> list[CallBack]:
    """Calls in the order of the day list: precedence, due instant, id; those behind the call `after`, if given."""
    conditions = [_seen_as(view, work.now)] if view else []
    if campus_id is not None:
        conditions.append(col(CallBackRow.campus_id) == campus_id)
    place = tuple_(col(CallBackRow.precedence), col(CallBackRow.due_at), col(CallBackRow.call_back_id))
    if after is not None:
        last = await call(work, after)
        conditions.append(place > (last.precedence, last.due_at, last.call_back_id))
    query = select(CallBackRow).where(*conditions).order_by(*place).limit(limit)
    return [_call(row) for row in await work.session.exec(query, execution_options=FRESH)]


async def calls_of(work: Work, request_id: UUID) -> list[CallBack]:
    """All calls of a request in the order they came up."""
    query = select(CallBackRow).where(col(CallBackRow.request_id) == request_id).order_by(col(CallBackRow.occurrence))
    return [_call(row) for row in await work.session.exec(query, execution_options=FRESH)]


async def add_attempt(work: Work, new: CallAttempt) -> None:
    """Write an attempt; its id is new."""
    work.session.add(CallAttemptRow(**asdict(new)))
    await work.session.flush()


async def attempts_of(work: Work, call_back_id: UUID) -> list[CallAttempt]:
    """A call's attempts, oldest first."""
    order = col(CallAttemptRow.attempted_at), col(CallAttemptRow.attempt_id)
    query = select(CallAttemptRow).where(col(CallAttemptRow.call_back_id) == call_back_id).order_by(*order)
    return [_attempt(row) for row in await work.session.exec(query)]


async def counts(work: Work, campus_id: str | None) -> dict[tuple[Status, bool], int]:
    """How many calls there are by status, and by whether they are, or ended, after they were late."""
    late = col(CallBackRow.late_at) <= func.coalesce(CallBackRow.ended_at, work.now)
    query = select(CallBackRow.status, late, func.count()).group_by(CallBackRow.status, late)
    if campus_id is not None:
        query = query.where(col(CallBackRow.campus_id) == campus_id)
    return {(Status(status), bool(is_late)): number for status, is_late, number in await work.session.exec(query)}


async def waiting(work: Work, campus_id: str | None) -> int:
    """How many requests are on a schedule."""
    on: list[ColumnElement[bool]] = [col(CallScheduleRow.end_reason).is_(None)]
    if campus_id is not None:
        on.append(col(CallScheduleRow.campus_id) == campus_id)
    return (await work.session.exec(select(func.count()).select_from(CallScheduleRow).where(*on))).one()


def _seen_as(view: View, now: datetime) -> ColumnElement[bool]:
    """`model.seen_as` as a condition. What is overdue is ready too: both lists show it."""
    if view in (View.COMPLETED, View.FAILED, View.MISSED, View.CANCELLED):
        return col(CallBackRow.status) == view.value
    still_open = col(CallBackRow.status) == Status.READY
    if view is View.ON_HOLD:
        return and_(still_open, col(CallBackRow.remind_at) > now)
    ready = and_(still_open, or_(col(CallBackRow.remind_at).is_(None), col(CallBackRow.remind_at) <= now))
    return and_(ready, col(CallBackRow.late_at) <= now) if view is View.OVERDUE else ready


def _schedule(row: CallScheduleRow) -> Schedule:
    return Schedule(**{**row.model_dump(), "end_reason": EndReason(row.end_reason) if row.end_reason else None})


def _call(row: CallBackRow) -> CallBack:
    return CallBack(**{**row.model_dump(), "status": Status(row.status)})


def _attempt(row: CallAttemptRow) -> CallAttempt:
    codes = {"outcome": Outcome(row.outcome), "contact_kind": ContactKind(row.contact_kind)}
    return CallAttempt(**{**row.model_dump(), **codes})
