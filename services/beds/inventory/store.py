"""Where wards, rooms and beds are kept; and the only SQL about them.

Invariant: a bed belongs to a stay exactly while it is occupied or reserved, and only an unoccupied bed is reserved.
Rows are locked bed by bed in order of bed id, always after the stay and the request they are changed for.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    String,
    UniqueConstraint,
    false,
    func,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, col, select

from services.beds.inventory.model import Bed, Room, Ward, WardCount
from services.beds.scoring.model import AgeGroup, BedStatus, Isolation, SexPolicy
from services.beds.tables import Row
from shared.ids import new_id
from shared.work import Missing, Stale, Work

CHANGEABLE = ("status", "reserved", "stay_id", "patient_id", "changed_at", "version")


class WardRow(Row, table=True):
    """A ward."""

    __tablename__ = "ward"

    ward_id: str = Field(primary_key=True)
    campus_id: str
    building: str | None
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
    for_resuscitation: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


BEDS = """
SELECT bed_id, bed_no, room_no, campus_id, building, room_id, ward_id, sex_policy, age_group, isolation, attributes,
    specialty, overflow, stay_from_days, stay_to_days, status, reserved, stay_id, patient_id, changed_at, version,
    for_resuscitation
FROM bed JOIN room USING (room_id) JOIN ward USING (ward_id)
"""
IN_ORDER = " ORDER BY bed_id"
WITH_THESE_IDS = BEDS + "WHERE bed_id = ANY($1::text[])" + IN_ORDER
TO_CHANGE = WITH_THESE_IDS + " FOR UPDATE OF bed"
TO_CHANGE_IN_ROOMS = BEDS + "WHERE room_id = ANY($1::text[])" + IN_ORDER + " FOR UPDATE OF bed"
TO_CHANGE_IN_PLACE = BEDS + "WHERE $1 IN (ward_id, room_id, bed_id)" + IN_ORDER + " FOR UPDATE OF bed"
STAY_OF_BED = "UPDATE bed SET stay_id = $2 WHERE bed_id = $1"
FREE_AMONG = BEDS + "WHERE bed_id = ANY($1::text[]) AND status = 'U' AND NOT reserved" + IN_ORDER + " FOR SHARE OF bed"
SELECTED = (
    BEDS + "WHERE ($1::text IS NULL OR ward_id = $1) AND ($2::text IS NULL OR status = $2 AND reserved = $3)" + IN_ORDER
)


async def bed(work: Work, bed_id: str) -> Bed:
    """The bed, or `Missing`."""
    return (await beds_by_id(work, [bed_id]))[0]


async def beds_by_id(work: Work, bed_ids: Collection[str], *, lock: bool = False) -> list[Bed]:
    """These beds in order of id, locked if wished; `Missing` when there is no such one."""
    wanted = set(bed_ids)
    found = await _fetch(work, TO_CHANGE if lock else WITH_THESE_IDS, list(wanted))
    if len(found) < len(wanted):
        raise Missing("bed", sorted(wanted - {bed.bed_id for bed in found}))
    return found


async def beds(work: Work, ward_id: str | None, status: BedStatus | None) -> list[Bed]:
    """All beds, or those of a ward or status, in order of id."""
    reserved = status is BedStatus.RESERVED
    code = BedStatus.UNOCCUPIED if reserved else status
    return await _fetch(work, SELECTED, ward_id, code, reserved)


async def held_beds(work: Work) -> list[Bed]:
    """The beds that are held for resuscitation."""
    return await _fetch(work, BEDS + "WHERE for_resuscitation" + IN_ORDER)


async def campuses(work: Work) -> list[str]:
    """Every campus that has a ward, in order."""
    return sorted(await work.session.exec(select(WardRow.campus_id).distinct()))


async def hold(work: Work, bed_id: str, *, held: bool) -> None:
    """Hold a bed, whose row is locked, for resuscitation, or for everybody again."""
    await work.session.exec(update(BedRow).where(col(BedRow.bed_id) == bed_id).values(for_resuscitation=held))


async def beds_of_rooms(work: Work, room_ids: Collection[str]) -> list[Bed]:
    """The beds of these rooms, locked in order of id."""
    return await _fetch(work, TO_CHANGE_IN_ROOMS, list(room_ids))


async def beds_of_place(work: Work, place_id: str) -> list[Bed]:
    """The beds of a ward or a room, or the one bed of that id; locked in order of id."""
    return await _fetch(work, TO_CHANGE_IN_PLACE, place_id)


async def bed_names(work: Work, bed_nos: Collection[int]) -> dict[int, str]:
    """The ids of beds by their numbers."""
    rows = await work.session.exec(select(BedRow.bed_no, BedRow.bed_id).where(col(BedRow.bed_no).in_(list(bed_nos))))
    return {number: bed_id for number, bed_id in rows if number is not None}


async def free_among(work: Work, bed_ids: Collection[str]) -> dict[str, Bed]:
    """Those of the beds that are free, and stay so until this work is done."""
    return {bed.bed_id: bed for bed in await _fetch(work, FREE_AMONG, list(bed_ids))}


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


async def save_exchanged(work: Work, one: Bed, other: Bed) -> None:
    """Write the next version of two beds that change patients.

    A bed's stay is unique row by row, so the first bed has a stay that is nobody's for a moment that nobody sees. It
    is occupied throughout: how beds stood is written down with each version.
    """
    await save(work, replace(one, stay_id=new_id()))
    await save(work, other)
    await (await work.sql()).execute(STAY_OF_BED, one.bed_id, one.stay_id)


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


async def _fetch(work: Work, query: str, *arguments: Any) -> list[Bed]:  # noqa: ANN401 - what the query takes
    """Beds, each with its room. Through the driver: a round reads thousands."""
    rooms: dict[str, Room] = {}
    found: list[Bed] = []
    for row in await (await work.sql()).fetch(query, *arguments):
        room = rooms.get(row["room_id"]) or rooms.setdefault(row["room_id"], _room(row))
        found.append(_bed(row, room))
    return found


def _bed(row: Mapping[str, Any], room: Room) -> Bed:
    band = (row["stay_from_days"], row["stay_to_days"])
    return Bed(
        bed_id=row["bed_id"],
        bed_no=row["bed_no"],
        room_no=row["room_no"],
        campus_id=row["campus_id"],
        building=row["building"],
        room=room,
        specialty=row["specialty"],
        overflow=tuple(row["overflow"]),
        stay_band=None if None in band else band,
        status=BedStatus(row["status"]),
        reserved=row["reserved"],
        stay_id=row["stay_id"],
        patient_id=row["patient_id"],
        changed_at=row["changed_at"],
        version=row["version"],
        for_resuscitation=row["for_resuscitation"],
    )


def _room(row: Mapping[str, Any]) -> Room:
    return Room(
        room_id=row["room_id"],
        ward_id=row["ward_id"],
        sex_policy=SexPolicy(row["sex_policy"]),
        age_group=AgeGroup(row["age_group"]),
        isolation=Isolation(row["isolation"]),
        attributes=frozenset(row["attributes"]),
    )


def _ward_count(row: WardRow, by_status: Mapping[str, int]) -> WardCount:
    return WardCount(**row.model_dump(), beds=sum(by_status.values()), by_status=dict(by_status))
