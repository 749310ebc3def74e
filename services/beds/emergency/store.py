"""Where boarding patients and held beds are kept; the only SQL about them, and the statement that draws the board.

Invariant: a bed is held once at a time. The board reads requests, proposals and stays beside its own rows, and writes
none of them (decision 88).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, func, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col, select

from services.beds.emergency.model import Boarding, BoardLine, Hold, Room, Said
from services.beds.tables import Row
from shared.work import Missing, Work

INSTANT = DateTime(timezone=True)
FRESH = {"populate_existing": True}
ONE_HOLD_A_BED = "one_hold_a_bed"


def one_of(codes: type[Room | Said]) -> str:
    """The codes as an SQL list."""
    return ", ".join(f"'{code}'" for code in codes)


class BoardingRow(Row, table=True):
    """An emergency patient from the decision to admit on."""

    __tablename__ = "boarding"
    __table_args__ = (
        CheckConstraint(f"room IN ({one_of(Room)})", name="boarding_room"),
        CheckConstraint(f"said IN ({one_of(Said)})", name="boarding_said"),
        CheckConstraint("said <> 'passed' OR next_alarm_at IS NULL", name="boarding_says_passed_once"),
        CheckConstraint("arrived_at <= decided_at", name="boarding_arrived_before_the_decision"),
        CheckConstraint("transport_started_at <= transport_arrived_at", name="boarding_transport_in_order"),
        Index("ix_boarding_next_alarm_at", "next_alarm_at", postgresql_where=text("next_alarm_at IS NOT NULL")),
    )

    request_id: UUID = Field(primary_key=True, foreign_key="admission_request.request_id")
    patient_id: UUID
    campus_id: str
    triage: int | None
    room: str
    decided_at: datetime = Field(sa_type=INSTANT)
    arrived_at: datetime | None = Field(sa_type=INSTANT)
    room_since: datetime | None = Field(sa_type=INSTANT)
    transport_started_at: datetime | None = Field(sa_type=INSTANT)
    transport_arrived_at: datetime | None = Field(sa_type=INSTANT)
    said: str
    next_alarm_at: datetime | None = Field(sa_type=INSTANT)
    policy_version: str
    version: int


class BedHoldRow(Row, table=True):
    """A bed held for resuscitation: since when, by whom and why; and who lifted that."""

    __tablename__ = "bed_hold"
    __table_args__ = (
        CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name="bed_hold_lifted_by"),
        CheckConstraint("(lifted_at IS NULL) = (lift_reason IS NULL)", name="bed_hold_lift_reason"),
        Index(ONE_HOLD_A_BED, "bed_id", unique=True, postgresql_where=text("lifted_at IS NULL")),
    )

    hold_id: UUID = Field(primary_key=True)
    bed_id: str = Field(foreign_key="bed.bed_id")
    held_at: datetime = Field(sa_type=INSTANT)
    held_by: str
    reason: str
    lifted_at: datetime | None = Field(sa_type=INSTANT)
    lifted_by: str | None
    lift_reason: str | None


BOARD = """
SELECT boarding.*, request.specialty, proposal.bed_id AS proposed_bed_id, stay.bed_id AS reserved_bed_id
FROM boarding
JOIN admission_request AS request USING (request_id)
LEFT JOIN proposal USING (request_id)
LEFT JOIN stay ON stay.stay_id = request_id AND stay.phase = 'reserved'
WHERE request.phase IN ('waiting', 'reserved') AND ($1::text IS NULL OR boarding.campus_id = $1)
"""


async def add(work: Work, new: Boarding) -> None:
    """Write a new boarding; the same once more is nothing new."""
    await work.session.exec(insert(BoardingRow).values(**asdict(new)).on_conflict_do_nothing())


async def boarding(work: Work, request_id: UUID) -> Boarding:
    """The boarding of a request, nobody else's until this work is done; or `Missing`."""
    row = await work.session.get(BoardingRow, request_id, populate_existing=True, with_for_update=True)
    if row is None:
        raise Missing("boarding", request_id)
    return _boarding(row.model_dump())


async def save(work: Work, changed: Boarding) -> None:
    """Write a boarding; its row is locked."""
    same = col(BoardingRow.request_id) == changed.request_id
    await work.session.exec(update(BoardingRow).where(same).values(**asdict(changed)))


async def claim_due(work: Work, limit: int) -> list[Boarding]:
    """Boardings whose next alert has come up, earliest first; those another worker has in hand are left to it."""
    due = col(BoardingRow.next_alarm_at) <= work.now
    query = select(BoardingRow).where(due).order_by(col(BoardingRow.next_alarm_at)).limit(limit)
    claimed = await work.session.exec(query.with_for_update(skip_locked=True), execution_options=FRESH)
    return [_boarding(row.model_dump()) for row in claimed]


async def next_alarm_at(work: Work) -> datetime | None:
    """When the next alert comes up."""
    return (await work.session.exec(select(func.min(BoardingRow.next_alarm_at)))).one()


async def board(work: Work, campus_id: str | None) -> list[BoardLine]:
    """Everybody who boards, with the bed that is proposed or kept for them."""
    own = BoardingRow.model_fields
    return [
        BoardLine(
            boarding=_boarding({name: row[name] for name in own}),
            specialty=row["specialty"],
            proposed_bed_id=row["proposed_bed_id"],
            reserved_bed_id=row["reserved_bed_id"],
        )
        for row in await (await work.sql()).fetch(BOARD, campus_id)
    ]


async def add_hold(work: Work, new: Hold) -> str | None:
    """Write a hold. Returns the name of the constraint that refused it, or None."""
    return await work.insert(BedHoldRow(**asdict(new)))


async def open_hold(work: Work, bed_id: str) -> Hold | None:
    """The hold of a bed that has not been lifted."""
    query = select(BedHoldRow).where(col(BedHoldRow.bed_id) == bed_id, col(BedHoldRow.lifted_at).is_(None))
    row = (await work.session.exec(query, execution_options=FRESH)).one_or_none()
    return None if row is None else Hold(**row.model_dump())


async def save_hold(work: Work, changed: Hold) -> None:
    """Write a hold that was lifted."""
    same = col(BedHoldRow.hold_id) == changed.hold_id
    await work.session.exec(update(BedHoldRow).where(same).values(**asdict(changed)))


async def holds(work: Work, bed_id: str | None, limit: int) -> Sequence[Hold]:
    """Holds, or those of a bed, the latest first."""
    query = select(BedHoldRow).order_by(col(BedHoldRow.held_at).desc(), col(BedHoldRow.hold_id)).limit(limit)
    if bed_id is not None:
        query = query.where(col(BedHoldRow.bed_id) == bed_id)
    return [Hold(**row.model_dump()) for row in await work.session.exec(query)]


def _boarding(row: Mapping[str, Any]) -> Boarding:
    return Boarding(**{**row, "room": Room(row["room"]), "said": Said(row["said"])})
