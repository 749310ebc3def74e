"""Where tickets are kept, and the only SQL about them.

Invariant: a taken ticket names its owner, a completed one its outcome, a rejected one its reason, a closed one when.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, text, tuple_, update
from sqlmodel import Field, col, select

from services.registration.desk.model import UNFINISHED, Outcome, RejectReason, State, Ticket, Wanted
from services.registration.tables import Row, words
from shared.work import Missing, Work

COUNT = """
SELECT kind, role,
    count(*) AS opened,
    count(*) FILTER (WHERE state IN ('open', 'taken')) AS unfinished,
    count(*) FILTER (WHERE state IN ('open', 'taken') AND due_at <= $1) AS overdue,
    count(*) FILTER (WHERE state = 'completed') AS completed,
    count(*) FILTER (WHERE state = 'completed' AND closed_at <= due_at) AS in_time,
    count(*) FILTER (WHERE state = 'rejected') AS rejected
FROM ticket GROUP BY kind, role ORDER BY kind, role
"""


class TicketRow(Row, table=True):
    """A ticket and what became of it."""

    __tablename__ = "ticket"
    __table_args__ = (
        CheckConstraint(f"state IN ({words(State)})", name="ticket_state"),
        CheckConstraint(f"outcome IN ({words(Outcome)})", name="ticket_outcome"),
        CheckConstraint(f"reject_reason IN ({words(RejectReason)})", name="ticket_reject_reason"),
        CheckConstraint("state <> 'taken' OR owner IS NOT NULL", name="ticket_taken_by_somebody"),
        CheckConstraint("(state = 'completed') = (outcome IS NOT NULL)", name="ticket_completed_how"),
        CheckConstraint("(state = 'rejected') = (reject_reason IS NOT NULL)", name="ticket_rejected_why"),
        CheckConstraint("(state IN ('open', 'taken')) = (closed_at IS NULL)", name="ticket_closed_when"),
        CheckConstraint("due_at >= opened_at", name="ticket_due_after_opening"),
        Index("ix_ticket_unfinished", "due_at", "ticket_id", postgresql_where=text("state IN ('open', 'taken')")),
        Index("ix_ticket_patient_id", "patient_id"),
    )

    ticket_id: UUID = Field(primary_key=True)
    patient_id: UUID = Field(foreign_key="patient.patient_id")
    kind: str
    catalogue_version: str
    role: str
    state: str
    owner: str | None
    note: str | None
    answer: str | None
    outcome: str | None
    reject_reason: str | None
    opened_by: str
    opened_at: datetime = Field(sa_type=DateTime(timezone=True))
    due_at: datetime = Field(sa_type=DateTime(timezone=True))
    taken_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    closed_at: datetime | None = Field(sa_type=DateTime(timezone=True))


async def add(work: Work, new: Ticket) -> str | None:
    """Write a new ticket. Returns the name of the constraint that refused it, or None."""
    return await work.insert(TicketRow(**asdict(new)))


async def ticket(work: Work, ticket_id: UUID, *, for_change: bool = False) -> Ticket:
    """One ticket, or `Missing`. For a change the row is kept from others."""
    query = select(TicketRow).where(col(TicketRow.ticket_id) == ticket_id)
    if for_change:
        query = query.with_for_update()
    row = (await work.session.exec(query.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise Missing("ticket", ticket_id)
    return _ticket(row)


async def save(work: Work, changed: Ticket) -> None:
    """Write what became of a ticket that was read for a change."""
    mine = col(TicketRow.ticket_id) == changed.ticket_id
    await work.session.exec(update(TicketRow).where(mine).values(**asdict(changed)))


async def tickets(work: Work, wanted: Wanted) -> list[Ticket]:
    """A page of tickets, the earliest due first."""
    place = tuple_(col(TicketRow.due_at), col(TicketRow.ticket_id))
    query = select(TicketRow).order_by(col(TicketRow.due_at), col(TicketRow.ticket_id)).limit(wanted.limit)
    for column in ("state", "role", "kind", "owner", "patient_id"):
        if (value := getattr(wanted, column)) is not None:
            query = query.where(getattr(TicketRow, column) == value)
    if wanted.overdue:
        query = query.where(col(TicketRow.state).in_(UNFINISHED), col(TicketRow.due_at) <= work.now)
    if wanted.after is not None:
        last = select(TicketRow.due_at, TicketRow.ticket_id).where(col(TicketRow.ticket_id) == wanted.after)
        query = query.where(place > last.scalar_subquery())
    return [_ticket(row) for row in await work.session.exec(query)]


async def counts(work: Work) -> list[dict[str, Any]]:
    """How many tickets there are by kind, and how they fared."""
    return [dict(row) for row in await (await work.sql()).fetch(COUNT, work.now)]


def _ticket(row: TicketRow) -> Ticket:
    return Ticket(
        **{
            **row.model_dump(),
            "state": State(row.state),
            "outcome": Outcome(row.outcome) if row.outcome else None,
            "reject_reason": RejectReason(row.reject_reason) if row.reject_reason else None,
        }
    )
