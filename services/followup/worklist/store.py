"""Where attempts are kept, and the only SQL about them.

Invariant: what was tried stays as it was; the same attempt is kept once.
"""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, Index, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.followup.tables import Row
from services.followup.worklist.model import Attempt, ContactKind, Outcome
from shared.work import Work

OUTCOMES = ", ".join(f"'{outcome}'" for outcome in Outcome)
CONTACT_KINDS = ", ".join(f"'{kind}'" for kind in ContactKind)


class AttemptRow(Row, table=True):
    """An attempt to reach a patient."""

    __tablename__ = "attempt"
    __table_args__ = (
        CheckConstraint(f"outcome IN ({OUTCOMES})", name="attempt_outcome"),
        CheckConstraint(f"contact_kind IN ({CONTACT_KINDS})", name="attempt_contact_kind"),
        CheckConstraint("note_code ~ '^[a-z0-9-]{1,40}$'", name="attempt_note_is_a_code"),
        Index("ix_attempt_task_id", "task_id", "attempted_at"),
    )

    attempt_id: UUID = Field(primary_key=True)
    task_id: UUID = Field(foreign_key="task.task_id")
    outcome: str
    contact_kind: str
    note_code: str | None
    answers: dict[str, int] = Field(sa_column=Column(JSONB, nullable=False))
    attempted_at: datetime = Field(sa_type=DateTime(timezone=True))
    attempted_by: str


async def add(work: Work, new: Attempt) -> None:
    """Write an attempt; its id is new."""
    work.session.add(AttemptRow(**asdict(new)))
    await work.session.flush()


async def of_task(work: Work, task_id: UUID) -> list[Attempt]:
    """A task's attempts, oldest first."""
    order = col(AttemptRow.attempted_at), col(AttemptRow.attempt_id)
    query = select(AttemptRow).where(col(AttemptRow.task_id) == task_id).order_by(*order)
    return [to_model(row) for row in await work.session.exec(query)]


async def counts(work: Work) -> dict[Outcome, int]:
    """How many attempts there have been by outcome."""
    query = select(AttemptRow.outcome, func.count()).group_by(AttemptRow.outcome)
    return {Outcome(outcome): count for outcome, count in await work.session.exec(query)}


def to_model(row: AttemptRow) -> Attempt:
    """A row as the rules see it."""
    codes = {"outcome": Outcome(row.outcome), "contact_kind": ContactKind(row.contact_kind)}
    return Attempt(**{**row.model_dump(), **codes})
