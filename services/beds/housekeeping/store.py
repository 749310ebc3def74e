"""Where cleaning tasks are kept, and the only SQL about them.

Invariant: a bed has one open task at most. Whoever changes a task holds its bed.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, and_, text, update
from sqlmodel import Field, col, select

from services.beds.housekeeping.model import CleaningTask, Kind, View
from services.beds.tables import Row
from shared.work import Work

KINDS = ", ".join(f"'{kind}'" for kind in Kind)
OPEN = text("done_at IS NULL AND cancelled_at IS NULL")


class CleaningTaskRow(Row, table=True):
    """The cleaning of a bed; kept for ever."""

    __tablename__ = "cleaning_task"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", name="cleaning_kind"),
        CheckConstraint("(started_at IS NULL) = (started_by IS NULL)", name="cleaning_started_by"),
        CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name="cleaning_done_by"),
        CheckConstraint("done_at IS NULL OR cancelled_at IS NULL", name="cleaning_ended_once"),
        CheckConstraint("requested_at <= coalesce(started_at, done_at)", name="cleaning_started_after_request"),
        CheckConstraint("coalesce(started_at, requested_at) <= done_at", name="cleaning_done_after_start"),
        Index("one_open_cleaning_a_bed", "bed_id", unique=True, postgresql_where=OPEN),
        Index("ix_cleaning_task_due_at", "due_at", postgresql_where=OPEN),
        Index("ix_cleaning_task_stay_id", "stay_id"),
        Index("ix_cleaning_task_done_at", "done_at"),
    )

    task_id: UUID = Field(primary_key=True)
    bed_id: str = Field(foreign_key="bed.bed_id")
    ward_id: str
    stay_id: UUID | None
    kind: str
    requested_at: datetime = Field(sa_type=DateTime(timezone=True))
    due_at: datetime = Field(sa_type=DateTime(timezone=True))
    started_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    started_by: str | None
    done_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    done_by: str | None
    cancelled_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    version: int


async def open_task(work: Work, bed_id: str) -> CleaningTask | None:
    """What is still to be done for a bed."""
    query = select(CleaningTaskRow).where(col(CleaningTaskRow.bed_id) == bed_id, OPEN)
    row = (await work.session.exec(query, execution_options={"populate_existing": True})).one_or_none()
    return None if row is None else _task(row)


async def add(work: Work, new: CleaningTask) -> None:
    """Write a new task; its bed is locked, and has no open one."""
    work.session.add(CleaningTaskRow(**asdict(new)))
    await work.session.flush()


async def save(work: Work, changed: CleaningTask) -> None:
    """Write a task; its bed is locked."""
    same = col(CleaningTaskRow.task_id) == changed.task_id
    await work.session.exec(update(CleaningTaskRow).where(same).values(**asdict(changed)))


async def tasks(work: Work, view: View, ward_id: str | None, limit: int) -> list[CleaningTask]:
    """Open tasks, or those that should have been done by now, the most urgent first; or done ones, the last first."""
    still_open = and_(col(CleaningTaskRow.done_at).is_(None), col(CleaningTaskRow.cancelled_at).is_(None))
    wanted = {
        View.OPEN: still_open,
        View.OVERDUE: and_(still_open, col(CleaningTaskRow.due_at) < work.now),
        View.DONE: col(CleaningTaskRow.done_at).is_not(None),
    }[view]
    place = col(CleaningTaskRow.done_at).desc() if view is View.DONE else col(CleaningTaskRow.due_at)
    query = select(CleaningTaskRow).where(wanted).order_by(place, col(CleaningTaskRow.task_id)).limit(limit)
    if ward_id is not None:
        query = query.where(col(CleaningTaskRow.ward_id) == ward_id)
    return [_task(row) for row in await work.session.exec(query)]


async def of_stay(work: Work, stay_id: UUID) -> Sequence[CleaningTask]:
    """The tasks that a stay has asked for, earliest first."""
    query = select(CleaningTaskRow).where(col(CleaningTaskRow.stay_id) == stay_id)
    return [_task(row) for row in await work.session.exec(query.order_by(col(CleaningTaskRow.requested_at)))]


def _task(row: CleaningTaskRow) -> CleaningTask:
    return CleaningTask(**{**row.model_dump(), "kind": Kind(row.kind)})
