"""What a stay has been through, kept for ever: what somebody took back or changed and why, and the beds it had.

Invariant: one note a version of a stay, never changed. Reasons and names stay in this database.
"""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime
from sqlmodel import Field, col, select

from services.beds.stays.changes import Change
from services.beds.stays.store import BedUseRow
from services.beds.tables import Row
from shared.work import Work


class StayChangeRow(Row, table=True):
    """Something that was taken back or changed."""

    __tablename__ = "stay_change"

    stay_id: UUID = Field(primary_key=True, foreign_key="stay.stay_id")
    version: int = Field(primary_key=True)
    change: str
    reason: str | None
    changed_by: str
    changed_at: datetime = Field(sa_type=DateTime(timezone=True))


async def note_change(work: Work, new: Change) -> None:
    """Write down what was taken back or changed, by whom and why."""
    work.session.add(StayChangeRow(**asdict(new)))


async def changes_of(work: Work, stay_id: UUID) -> list[Change]:
    """What was taken back or changed in a stay, in order."""
    query = select(StayChangeRow).where(col(StayChangeRow.stay_id) == stay_id)
    rows = await work.session.exec(query.order_by(col(StayChangeRow.version)))
    return [Change(**row.model_dump()) for row in rows]


async def uses_of(work: Work, stay_id: UUID) -> list[tuple[int, datetime, datetime | None]]:
    """Bed number, from and until of every use that lasted, in order."""
    query = select(BedUseRow).where(col(BedUseRow.stay_id) == stay_id).order_by(col(BedUseRow.use_id))
    rows = (await work.session.exec(query, execution_options={"populate_existing": True})).all()
    return [(row.bed_no, row.during.lower, row.during.upper) for row in rows if row.during.lower is not None]
