"""Where reminders and their attempts are kept, and the only SQL about them.

Invariant: a visit has at most one reminder a rung and one notice a change, whether it is an appointment in a slot or a
coming for exams, and a reminder at most one attempt of a number: who has written it sends it, and nobody else.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ColumnElement, DateTime, Index, UniqueConstraint, func, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlmodel import Field, col, select

from services.registration.reminders.model import OPEN, Reason, Reminder, Result, State, Wanted
from services.registration.tables import Row, words
from shared.work import Missing, Work

COUNT = "SELECT state, reason, count(*) AS reminders FROM reminder GROUP BY state, reason ORDER BY state, reason"


class ReminderRow(Row, table=True):
    """A reminder and what became of it."""

    __tablename__ = "reminder"
    __table_args__ = (
        CheckConstraint(f"state IN ({words(State)})", name="reminder_state"),
        CheckConstraint(f"reason IN ({words(Reason)})", name="reminder_reason"),
        CheckConstraint(f"(state IN ({words(OPEN)})) = (next_at IS NOT NULL)", name="reminder_comes_up"),
        CheckConstraint(f"(state IN ({words(OPEN)})) = (ended_at IS NULL)", name="reminder_ends"),
        CheckConstraint("state NOT IN ('unknown', 'failed', 'dropped') OR reason IS NOT NULL", name="reminder_why"),
        CheckConstraint("num_nonnulls(appointment_id, order_id) = 1", name="reminder_of_one"),
        UniqueConstraint("appointment_id", "slot_starts_at", "rung", "of_version", name="one_reminder_a_rung"),
        Index(
            "one_exam_reminder_a_rung",
            "order_id",
            "slot_starts_at",
            "rung",
            "of_version",
            unique=True,
            postgresql_where=text("order_id IS NOT NULL"),
        ),
        Index("ix_reminder_next_at", "next_at", postgresql_where=text("next_at IS NOT NULL")),
        Index("ix_reminder_patient_id", "patient_id"),
        Index("ix_reminder_refused", "patient_id", postgresql_where=text("reason = 'address-refused'")),
    )

    reminder_id: UUID = Field(primary_key=True)
    appointment_id: UUID | None = Field(foreign_key="appointment.appointment_id")
    order_id: UUID | None = Field(foreign_key="exam_order.order_id")
    slot_starts_at: datetime = Field(sa_type=DateTime(timezone=True))
    rung: str
    patient_id: UUID
    zone: str
    state: str
    reason: str | None
    attempts: int
    due_at: datetime = Field(sa_type=DateTime(timezone=True))
    next_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    ended_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    of_version: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    instead_of: list[datetime] = Field(
        sa_column=Column(ARRAY(DateTime(timezone=True)), nullable=False, server_default="{}")
    )


LOST = (col(ReminderRow.state) == State.DROPPED) & (col(ReminderRow.reason) == Reason.NOT_BOOKED)
"""What was dropped because its visit was not there any more."""


class ReminderAttemptRow(Row, table=True):
    """An attempt to send a reminder, written before it: one without a result has not come back."""

    __tablename__ = "reminder_attempt"
    __table_args__ = (CheckConstraint(f"result IN ({words(Result)})", name="reminder_attempt_result"),)

    reminder_id: UUID = Field(primary_key=True, foreign_key="reminder.reminder_id")
    number: int = Field(primary_key=True)
    channel: str
    begun_at: datetime = Field(sa_type=DateTime(timezone=True))
    ended_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    result: str | None


def apart(work: Work) -> AbstractAsyncContextManager[Any]:
    """A part of the transaction that may fail without the rest of it."""
    return work.session.begin_nested()


async def add(work: Work, reminders: Sequence[Reminder]) -> None:
    """Write those that are not there yet; what was dropped with its visit is pending again when the visit is back."""
    for one in reminders:
        new = insert(ReminderRow).values(**_values(one))
        again = {name: new.excluded[name] for name in ("state", "reason", "due_at", "next_at", "ended_at")}
        key = [col(ReminderRow.reminder_id)]
        await work.session.exec(new.on_conflict_do_update(index_elements=key, set_=again, where=LOST))


async def open_of(work: Work, appointment_id: UUID | None, order_id: UUID | None) -> list[Reminder]:
    """The reminders of an appointment or of an exam order that are not over, for a change."""
    query = select(ReminderRow).where(_about(appointment_id, order_id))
    query = query.where(col(ReminderRow.next_at).is_not(None)).order_by(col(ReminderRow.reminder_id)).with_for_update()
    return [_reminder(row) for row in await work.session.exec(query.execution_options(populate_existing=True))]


async def all_of(work: Work, appointment_id: UUID | None, order_id: UUID | None) -> list[Reminder]:
    """All reminders of an appointment or of an exam order, for a change."""
    query = select(ReminderRow).where(_about(appointment_id, order_id)).order_by(col(ReminderRow.reminder_id))
    fresh = query.with_for_update().execution_options(populate_existing=True)
    return [_reminder(row) for row in await work.session.exec(fresh)]


async def come_up(work: Work) -> Reminder | None:
    """The reminder that is due first, for a change; those in another's hands are left to them."""
    query = select(ReminderRow).where(col(ReminderRow.next_at) <= work.now).order_by(col(ReminderRow.next_at))
    row = (await work.session.exec(query.limit(1).with_for_update(skip_locked=True))).one_or_none()
    return None if row is None else _reminder(row)


async def later_due(work: Work, reminder: Reminder) -> list[datetime]:
    """When the later rungs for the same visit are due."""
    query = select(ReminderRow.due_at).where(_about(reminder.appointment_id, reminder.order_id))
    same = col(ReminderRow.slot_starts_at) == reminder.slot_starts_at
    return list(await work.session.exec(query.where(same, col(ReminderRow.due_at) > reminder.due_at)))


async def next_at(work: Work) -> datetime | None:
    """When the next reminder comes up."""
    query = select(func.min(ReminderRow.next_at)).where(col(ReminderRow.next_at).is_not(None))
    return (await work.session.exec(query)).one()


async def save(work: Work, changed: Reminder) -> None:
    """Write what became of a reminder that was read for a change."""
    mine = col(ReminderRow.reminder_id) == changed.reminder_id
    await work.session.exec(update(ReminderRow).where(mine).values(**_values(changed)))


async def begin(work: Work, sending: Reminder, channel: str) -> None:
    """Write down that it is about to be sent; a second attempt of that number is refused by the key."""
    number = sending.attempts
    work.session.add(
        ReminderAttemptRow(
            reminder_id=sending.reminder_id,
            number=number,
            channel=channel,
            begun_at=work.now,
            ended_at=None,
            result=None,
        )
    )
    await work.session.flush()


async def end(work: Work, reminder_id: UUID, number: int, result: Result) -> None:
    """Write down what came of an attempt."""
    mine = (col(ReminderAttemptRow.reminder_id) == reminder_id) & (col(ReminderAttemptRow.number) == number)
    await work.session.exec(update(ReminderAttemptRow).where(mine).values(ended_at=work.now, result=result))


async def reminder(work: Work, reminder_id: UUID) -> Reminder:
    """One reminder for a change, or `Missing`."""
    query = select(ReminderRow).where(col(ReminderRow.reminder_id) == reminder_id).with_for_update()
    row = (await work.session.exec(query.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise Missing("reminder", reminder_id)
    return _reminder(row)


async def reminders(work: Work, wanted: Wanted) -> list[Reminder]:
    """A page of reminders by id."""
    query = select(ReminderRow).order_by(col(ReminderRow.reminder_id)).limit(wanted.limit)
    for column in ("appointment_id", "order_id", "patient_id", "state"):
        if (value := getattr(wanted, column)) is not None:
            query = query.where(getattr(ReminderRow, column) == value)
    if wanted.after is not None:
        query = query.where(col(ReminderRow.reminder_id) > wanted.after)
    return [_reminder(row) for row in await work.session.exec(query)]


async def counts(work: Work) -> list[dict[str, Any]]:
    """How many reminders there are by state and reason."""
    return [dict(row) for row in await (await work.sql()).fetch(COUNT)]


def _about(appointment_id: UUID | None, order_id: UUID | None) -> ColumnElement[bool]:
    return (col(ReminderRow.appointment_id) == appointment_id) & (col(ReminderRow.order_id) == order_id)


def _reminder(row: ReminderRow) -> Reminder:
    reason = Reason(row.reason) if row.reason else None
    typed = {"state": State(row.state), "reason": reason, "instead_of": tuple(row.instead_of)}
    return Reminder(**{**row.model_dump(), **typed})


def _values(one: Reminder) -> dict[str, Any]:
    return asdict(one) | {"instead_of": list(one.instead_of)}
