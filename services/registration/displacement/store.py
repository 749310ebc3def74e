"""The worklist of those to be rebooked, and the only SQL about it.

Invariant: an entry is done only when its appointment has a place again or is cancelled.
"""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, text, update
from sqlmodel import Field, col, select

from services.registration.displacement.model import Rebooking, State
from services.registration.schedules.model import CutReason
from services.registration.tables import Row, words
from shared.work import Work


class RebookingRow(Row, table=True):
    """Somebody who has lost the place, and what came of it."""

    __tablename__ = "rebooking"
    __table_args__ = (
        CheckConstraint(f"state IN ({words(State)})", name="rebooking_state"),
        CheckConstraint(f"reason IN ({words(CutReason)})", name="rebooking_reason"),
        CheckConstraint(
            "(offered_session_id IS NULL) = (offered_slot_starts_at IS NULL)", name="rebooking_offer_whole"
        ),
        Index("ix_rebooking_open", "clinic_id", postgresql_where=text("state <> 'done'")),
    )

    appointment_id: UUID = Field(primary_key=True)
    patient_id: UUID
    clinic_id: str
    session_id: UUID
    slot_starts_at: datetime = Field(sa_type=DateTime(timezone=True))
    reason: str
    state: str
    offered_session_id: UUID | None
    offered_slot_starts_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    displaced_at: datetime = Field(sa_type=DateTime(timezone=True))


async def put(work: Work, entry: Rebooking) -> None:
    """Write an entry; an appointment that is displaced again has its latest."""
    await work.session.merge(RebookingRow(**asdict(entry)))


async def settle(work: Work, appointment_id: UUID) -> None:
    """The appointment has a place again, or is cancelled; nothing for one that was never displaced."""
    mine = col(RebookingRow.appointment_id) == appointment_id
    await work.session.exec(update(RebookingRow).where(mine).values(state=State.DONE))


async def rebookings(work: Work, clinic_id: str | None, state: State | None, limit: int) -> list[Rebooking]:
    """The worklist, whoever was displaced first first; without a state what is not done."""
    query = select(RebookingRow).order_by(col(RebookingRow.displaced_at), col(RebookingRow.appointment_id)).limit(limit)
    status = col(RebookingRow.state)
    query = query.where(status != State.DONE if state is None else status == state)
    if clinic_id is not None:
        query = query.where(col(RebookingRow.clinic_id) == clinic_id)
    return [_rebooking(row) for row in await work.session.exec(query)]


def _rebooking(row: RebookingRow) -> Rebooking:
    return Rebooking(**{**row.model_dump(), "reason": CutReason(row.reason), "state": State(row.state)})
