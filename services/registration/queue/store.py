"""Where tickets are kept, and the only SQL about them.

Invariant: a sitting gives each number once, and each call to one patient; a desk has one patient at a time. Whoever
calls, skips or takes somebody back has the sitting's row first, so that two desks never choose from the same queue.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, text, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, col, select

from services.registration.queue.model import Reason, Status, Ticket
from services.registration.schedules.model import Session
from services.registration.tables import Row, words
from shared.work import Missing, Stale, Work, constraint_name

CONFLICTS: Final = {"one_patient_a_desk": Reason.DESK_BUSY}
DRAW: Final = """
INSERT INTO session_queue (session_id, numbers, calls) VALUES ($1, 1, 0)
ON CONFLICT (session_id) DO UPDATE SET numbers = session_queue.numbers + 1 RETURNING numbers
"""
COUNT_CALL: Final = "UPDATE session_queue SET calls = calls + 1 WHERE session_id = $1"
KEEP: Final = "SELECT calls FROM session_queue WHERE session_id = $1 FOR NO KEY UPDATE"
CALLS: Final = "SELECT calls FROM session_queue WHERE session_id = $1"
COUNT: Final = """
SELECT count(*) AS checked_in, count(first_called_at) AS called,
    avg(first_called_at - arrived_at) AS mean_wait,
    count(*) FILTER (WHERE first_called_at - arrived_at <= $1) AS within_target
FROM queue_ticket
"""


class SessionQueueRow(Row, table=True):
    """How many numbers a sitting has given out, and how many calls it has made. Its id is its public pool's."""

    __tablename__ = "session_queue"
    __table_args__ = (CheckConstraint("numbers > 0 AND calls >= 0", name="session_queue_counts"),)

    session_id: UUID = Field(primary_key=True)
    numbers: int
    calls: int


class QueueTicketRow(Row, table=True):
    """A ticket in its latest version."""

    __tablename__ = "queue_ticket"
    __table_args__ = (
        CheckConstraint(f"status IN ({words(Status)})", name="queue_ticket_status"),
        CheckConstraint("status <> 'called' OR desk IS NOT NULL", name="queue_ticket_called_where"),
        CheckConstraint("(calls > 0) = (called_at IS NOT NULL)", name="queue_ticket_called_when"),
        CheckConstraint("(called_at IS NULL) = (first_called_at IS NULL)", name="queue_ticket_first_call"),
        CheckConstraint("(status = 'seen') = (seen_at IS NOT NULL)", name="queue_ticket_seen"),
        CheckConstraint("status = 'waiting' OR after_call IS NULL", name="queue_ticket_deferred"),
        Index("one_number_a_session", "session_id", "number", unique=True),
        Index("one_patient_a_desk", "session_id", "desk", unique=True, postgresql_where=text("status = 'called'")),
    )

    appointment_id: UUID = Field(primary_key=True, foreign_key="appointment.appointment_id")
    patient_id: UUID
    session_id: UUID
    number: int
    ordinal: int
    arrived_at: datetime = Field(sa_type=DateTime(timezone=True))
    turn_at: datetime = Field(sa_type=DateTime(timezone=True))
    late: bool
    returning: bool
    after_call: int | None
    status: str
    desk: str | None
    calls: int
    first_called_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    called_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    seen_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    told: int
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Over all sessions. `mean_wait_minutes` from check-in to the first call; None before any call."""

    checked_in: int
    called: int
    mean_wait_minutes: float | None
    within_target: int


async def draw_number(work: Work, sitting: UUID) -> int:
    """The sitting's next number."""
    number: int = await (await work.sql()).fetchval(DRAW, sitting)
    return number


async def keep(work: Work, sitting: UUID) -> int:
    """Keep the sitting's queue from others until this work is done. Returns how many calls it has made."""
    return await (await work.sql()).fetchval(KEEP, sitting) or 0


async def count_call(work: Work, sitting: UUID) -> None:
    """One more call."""
    await (await work.sql()).execute(COUNT_CALL, sitting)


async def calls(work: Work, sitting: UUID) -> int:
    """How many calls the sitting has made."""
    return await (await work.sql()).fetchval(CALLS, sitting) or 0


async def ticket(work: Work, appointment_id: UUID) -> Ticket:
    """The ticket, or `Missing`."""
    if found := await find(work, appointment_id):
        return found
    raise Missing("ticket", appointment_id)


async def find(work: Work, appointment_id: UUID) -> Ticket | None:
    """The ticket, or None."""
    query = select(QueueTicketRow).where(col(QueueTicketRow.appointment_id) == appointment_id)
    row = (await work.session.exec(query.execution_options(populate_existing=True))).one_or_none()
    return _ticket(row) if row else None


async def tickets(work: Work, pools: Sequence[Session]) -> list[Ticket]:
    """Everybody who has checked in for a sitting with these pools, by number."""
    query = select(QueueTicketRow).where(col(QueueTicketRow.session_id).in_([one.session_id for one in pools]))
    fresh = query.order_by(col(QueueTicketRow.number)).execution_options(populate_existing=True)
    return [_ticket(row) for row in await work.session.exec(fresh)]


async def waiting(work: Work, pools: Sequence[Session]) -> list[Ticket]:
    """Those of them who wait."""
    return [one for one in await tickets(work, pools) if one.status is Status.WAITING]


async def add(work: Work, new: Ticket) -> None:
    """Write a new ticket."""
    work.session.add(QueueTicketRow(**asdict(new)))


async def save(work: Work, changed: Ticket) -> Reason | None:
    """Write the next version. Returns why it cannot be, or None; `Stale` when somebody else wrote it first."""
    mine = col(QueueTicketRow.appointment_id) == changed.appointment_id
    previous = mine & (col(QueueTicketRow.version) == changed.version - 1)
    try:
        async with work.session.begin_nested():
            result = await work.session.exec(update(QueueTicketRow).where(previous).values(**asdict(changed)))
    except IntegrityError as refusal:
        return CONFLICTS[constraint_name(refusal)]
    if result.rowcount != 1:
        raise Stale("ticket", changed.appointment_id)
    return None


async def counts(work: Work, target: timedelta) -> Counts:
    """What has come of all check-ins; `target` is the wait that is aimed at."""
    row = await (await work.sql()).fetchrow(COUNT, target)
    mean = row["mean_wait"]
    return Counts(
        checked_in=row["checked_in"],
        called=row["called"],
        mean_wait_minutes=None if mean is None else mean.total_seconds() / 60,
        within_target=row["within_target"],
    )


def _ticket(row: QueueTicketRow) -> Ticket:
    return Ticket(**{**row.model_dump(), "status": Status(row.status)})
