"""Where wards, rooms and beds are kept, with the wish for a round; and the only SQL about them.

Invariant: a bed belongs to a stay exactly while it is occupied or reserved, and only an unoccupied bed is reserved.
Rows are locked bed by bed in order of bed id, always after the stay and the request they are changed for.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    DateTime,
    Identity,
    Index,
    String,
    UniqueConstraint,
    any_,
    bindparam,
    delete,
    func,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, col, select

from services.beds.inventory.model import Bed, Room, Ward, WardCount
from services.beds.scoring.model import AgeGroup, BedStatus, Isolation, SexPolicy
from services.beds.tables import Row
from shared.work import Missing, Stale, Work

CHANGEABLE = ("status", "reserved", "stay_id", "patient_id", "changed_at", "version")


class WardRow(Row, table=True):
    """A ward."""

    __tablename__ = "ward"

    ward_id: str = Field(primary_key=True)
    campus_id: str
    auto_accept: bool


class RoomRow(Row, table=True):
    """A room. Stays refer to number and sex policy together, so that the policy cannot change under them unseen."""

    __tablename__ = "room"
    __table_args__ = (
        CheckConstraint("sex_policy IN ('single', 'mixed')", name="room_sex_policy"),
        CheckConstraint("age_group IN ('adult', 'paediatric', 'any')", name="room_age_group"),
        CheckConstraint("isolation IN ('none', 'contact', 'droplet', 'airborne')", name="room_isolation"),
        UniqueConstraint("room_no", "sex_policy", name="room_no_and_sex_policy"),
    )

    room_id: str = Field(primary_key=True)
    room_no: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), unique=True))
    ward_id: str = Field(foreign_key="ward.ward_id")
    sex_policy: str
    age_group: str
    isolation: str
    attributes: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))


class BedRow(Row, table=True):
    """A bed in its latest version. `bed_no` stands for it where a constraint needs a number."""

    __tablename__ = "bed"
    __table_args__ = (
        CheckConstraint("status IN ('C', 'H', 'O', 'U', 'K', 'I')", name="bed_status"),
        CheckConstraint("(status = 'O' OR reserved) = (stay_id IS NOT NULL)", name="bed_of_a_stay"),
        CheckConstraint("(stay_id IS NULL) = (patient_id IS NULL)", name="bed_of_a_patient"),
        CheckConstraint("status = 'U' OR NOT reserved", name="bed_reserved_while_unoccupied"),
        CheckConstraint("0 <= stay_from_days AND stay_from_days <= stay_to_days", name="bed_stay_band"),
        CheckConstraint("(stay_from_days IS NULL) = (stay_to_days IS NULL)", name="bed_stay_band_whole"),
        Index("ix_bed_room_id", "room_id"),
        Index("one_stay_a_bed_now", "stay_id", unique=True),
    )

    bed_id: str = Field(primary_key=True)
    bed_no: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), unique=True))
    room_id: str = Field(foreign_key="room.room_id")
    specialty: str
    overflow: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    stay_from_days: int | None
    stay_to_days: int | None
    status: str
    reserved: bool
    stay_id: UUID | None
    patient_id: UUID | None
    changed_at: datetime = Field(sa_type=DateTime(timezone=True))
    version: int


class RoundWantedRow(Row, table=True):
    """A reason to look at the whole pool again. Rows are only added and taken away, so nobody waits for anybody."""

    __tablename__ = "round_wanted"

    wanted_id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    wanted_at: datetime = Field(sa_type=DateTime(timezone=True))


BEDS = (
    select(BedRow, RoomRow, WardRow)
    .join(RoomRow, col(RoomRow.room_id) == col(BedRow.room_id))
    .join(WardRow, col(WardRow.ward_id) == col(RoomRow.ward_id))
    .order_by(col(BedRow.bed_id))
)


async def bed(work: Work, bed_id: str) -> Bed:
    """The bed, or `Missing`."""
    return (await beds_by_id(work, [bed_id]))[0]


async def beds_by_id(work: Work, bed_ids: Collection[str], *, lock: bool = False) -> list[Bed]:
    """These beds in order of id, locked if wished; `Missing` when there is no such one."""
    wanted = sorted(set(bed_ids))
    query = BEDS.where(_among(BedRow.bed_id, wanted))
    if lock:
        query = query.with_for_update(of=BedRow).execution_options(populate_existing=True)
    found = [_bed(*row) for row in await work.session.exec(query)]
    if len(found) < len(wanted):
        raise Missing("bed", sorted(set(wanted) - {bed.bed_id for bed in found}))
    return found


async def beds(work: Work, ward_id: str | None, status: BedStatus | None) -> list[Bed]:
    """All beds, or those of a ward or status, in order of id."""
    query = BEDS
    if ward_id is not None:
        query = query.where(col(RoomRow.ward_id) == ward_id)
    if status is not None:
        code = BedStatus.UNOCCUPIED if status is BedStatus.RESERVED else status
        reserved = status is BedStatus.RESERVED
        query = query.where(col(BedRow.status) == code, col(BedRow.reserved) == reserved)
    return [_bed(*row) for row in await work.session.exec(query)]


async def beds_of_rooms(work: Work, room_ids: Collection[str]) -> list[Bed]:
    """The beds of these rooms, locked in order of id."""
    query = BEDS.where(_among(BedRow.room_id, room_ids)).with_for_update(of=BedRow)
    return [_bed(*row) for row in await work.session.exec(query.execution_options(populate_existing=True))]


async def free_among(work: Work, bed_ids: Collection[str]) -> dict[str, Bed]:
    """Those of the beds that are free, and stay so until this work is done."""
    free = (col(BedRow.status) == BedStatus.UNOCCUPIED) & ~col(BedRow.reserved)
    query = BEDS.where(_among(BedRow.bed_id, bed_ids), free).with_for_update(read=True, of=BedRow)
    found = [_bed(*row) for row in await work.session.exec(query.execution_options(populate_existing=True))]
    return {bed.bed_id: bed for bed in found}


async def count_beds(work: Work) -> int:
    """All beds, whatever their status."""
    return (await work.session.exec(select(func.count()).select_from(BedRow))).one()


async def save(work: Work, changed: Bed) -> None:
    """Write the next version. Raises `Stale` when somebody else wrote it first."""
    previous = (col(BedRow.bed_id) == changed.bed_id) & (col(BedRow.version) == changed.version - 1)
    values = {name: getattr(changed, name) for name in CHANGEABLE}
    result = await work.session.exec(update(BedRow).where(previous).values(**values))
    if result.rowcount != 1:
        raise Stale("bed", changed.bed_id)


async def ward(work: Work, ward_id: str) -> Ward:
    """The ward, or `Missing`."""
    row = await work.session.get(WardRow, ward_id)
    if row is None:
        raise Missing("ward", ward_id)
    return Ward(**row.model_dump())


async def automatic_wards(work: Work) -> frozenset[str]:
    """The wards in automatic mode."""
    return frozenset(await work.session.exec(select(WardRow.ward_id).where(col(WardRow.auto_accept))))


async def save_ward(work: Work, changed: Ward) -> None:
    """Write a ward as it is now."""
    same = col(WardRow.ward_id) == changed.ward_id
    await work.session.exec(update(WardRow).where(same).values(**asdict(changed)))


async def ward_counts(work: Work) -> list[WardCount]:
    """Every ward with its beds by status, in order of id."""
    counted = (
        select(RoomRow.ward_id, BedRow.status, BedRow.reserved, func.count())
        .join(RoomRow, col(RoomRow.room_id) == col(BedRow.room_id))
        .group_by(col(RoomRow.ward_id), col(BedRow.status), col(BedRow.reserved))
    )
    beds_by: dict[str, dict[str, int]] = {}
    for ward_id, status, reserved, number in await work.session.exec(counted):
        beds_by.setdefault(ward_id, {})[BedStatus.RESERVED if reserved else status] = number
    wards = await work.session.exec(select(WardRow).order_by(col(WardRow.ward_id)))
    return [_ward_count(row, beds_by.get(row.ward_id, {})) for row in wards]


async def want_round(work: Work) -> None:
    """Note that the pool should be looked at again."""
    work.session.add(RoundWantedRow(wanted_at=work.now))


async def wanted_rounds(work: Work) -> list[int]:
    """What a round that starts now answers."""
    return [number for number in await work.session.exec(select(RoundWantedRow.wanted_id)) if number is not None]


async def round_wanted_at(work: Work) -> datetime | None:
    """Since when a round is wanted; None when nothing has happened since the last."""
    return (await work.session.exec(select(func.min(RoundWantedRow.wanted_at)))).one()


async def forget_wanted(work: Work, answered: Sequence[int]) -> int:
    """Take away what a round has answered; how much of it was still there."""
    gone = await work.session.exec(delete(RoundWantedRow).where(col(RoundWantedRow.wanted_id).in_(answered)))
    return int(gone.rowcount)


def _among(column: str, values: Collection[str]) -> ColumnElement[bool]:
    """The column is one of the values, however many: one array instead of a parameter each."""
    return col(column) == any_(bindparam(None, list(values), ARRAY(String)))


def _bed(row: BedRow, room: RoomRow, ward: WardRow) -> Bed:
    traits: dict[str, Any] = row.model_dump(exclude={"room_id", "stay_from_days", "stay_to_days"})
    band = None if row.stay_from_days is None or row.stay_to_days is None else (row.stay_from_days, row.stay_to_days)
    own = {"overflow": tuple(row.overflow), "status": BedStatus(row.status), "stay_band": band}
    return Bed(**(traits | own), room=_room(room), room_no=room.room_no or 0, campus_id=ward.campus_id)


def _room(row: RoomRow) -> Room:
    return Room(
        room_id=row.room_id,
        ward_id=row.ward_id,
        sex_policy=SexPolicy(row.sex_policy),
        age_group=AgeGroup(row.age_group),
        isolation=Isolation(row.isolation),
        attributes=frozenset(row.attributes),
    )


def _ward_count(row: WardRow, by_status: Mapping[str, int]) -> WardCount:
    return WardCount(**row.model_dump(), beds=sum(by_status.values()), by_status=dict(by_status))
