"""Where day-surgery cases and theatre lists are kept, and the only SQL about them.

Invariant: a theatre list never overruns, a day bed is one case's at a time, and a case is confirmed only while all four
items stand. The database holds all three, whatever the callers do. Rows are locked in the order case, request, list.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, UniqueConstraint, func, text, update
from sqlalchemy.dialects.postgresql import ExcludeConstraint, insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, col, select

from services.beds.daysurgery.model import Case, Item, Phase, Status, TheatreList
from services.beds.scoring.model import HOSPITAL_ZONE
from services.beds.tables import Row
from shared.work import Missing, Stale, Work, constraint_name

ONE_CASE_A_DAY_BED = "one_case_a_day_bed"
ONE_LIST_A_START = "one_list_a_start"
PHASES = ", ".join(f"'{phase}'" for phase in Phase)
STATUSES = ", ".join(f"'{status}'" for status in Status)
RUNNING = text("phase IN ('open', 'confirmed')")
ITEMS = " AND ".join(f"{item} <> 'pending'" for item in Item)
BED_NO = "SELECT bed_no FROM bed WHERE bed_id = $1"
TAKE = "UPDATE theatre_list SET taken = taken + $2 WHERE list_id = $1 AND taken + $2 <= minutes RETURNING list_id"
LOCK_LISTS = "SELECT FROM theatre_list WHERE list_id = ANY($1::text[]) ORDER BY list_id FOR NO KEY UPDATE"
GIVE_BACK = "UPDATE theatre_list SET taken = taken - $2 WHERE list_id = $1"


class TheatreListRow(Row, table=True):
    """A theatre's session for day surgery, with the minutes that its cases have taken."""

    __tablename__ = "theatre_list"
    __table_args__ = (
        CheckConstraint("taken BETWEEN 0 AND minutes", name="theatre_list_never_overrun"),
        CheckConstraint("minutes > 0", name="theatre_list_has_time"),
        UniqueConstraint("theatre_id", "starts_at", name=ONE_LIST_A_START),
        Index("ix_theatre_list_starts_at", "starts_at"),
    )

    list_id: str = Field(primary_key=True)
    theatre_id: str
    campus_id: str
    starts_at: datetime = Field(sa_type=DateTime(timezone=True))
    minutes: int
    taken: int


class DayCaseRow(Row, table=True):
    """A day-surgery case in its latest version; one that has ended is kept, with what it had."""

    __tablename__ = "day_surgery_case"
    __table_args__ = (
        *(CheckConstraint(f"{item} IN ({STATUSES})", name=f"day_surgery_{item}") for item in Item),
        CheckConstraint(f"phase IN ({PHASES})", name="day_surgery_phase"),
        CheckConstraint(f"phase <> 'confirmed' OR ({ITEMS})", name="day_surgery_confirmed_whole"),
        CheckConstraint("(theatre = 'pending') = (list_id IS NULL)", name="day_surgery_theatre_of_a_list"),
        CheckConstraint("(bed = 'pending') = (bed_id IS NULL)", name="day_surgery_bed_of_the_ward"),
        CheckConstraint("(bed_id IS NULL) = (bed_no IS NULL)", name="day_surgery_bed_known"),
        CheckConstraint(
            f"bed_from_at < bed_until_at AND (bed_from_at AT TIME ZONE '{HOSPITAL_ZONE.key}')::date"
            f" = (bed_until_at AT TIME ZONE '{HOSPITAL_ZONE.key}')::date",
            name="day_surgery_same_day",
        ),
        CheckConstraint("minutes > 0", name="day_surgery_takes_time"),
        ExcludeConstraint(
            (text("int8range(bed_no, bed_no, '[]')"), "&&"),
            (text("tstzrange(bed_from_at, bed_until_at)"), "&&"),
            where=text("phase IN ('open', 'confirmed') AND bed_no IS NOT NULL"),
            name=ONE_CASE_A_DAY_BED,
        ),
        Index("ix_day_surgery_case_patient_id", "patient_id", postgresql_where=RUNNING),
        Index("ix_day_surgery_case_from", "bed_from_at", postgresql_where=text("phase = 'confirmed'")),
    )

    case_id: UUID = Field(primary_key=True, foreign_key="admission_request.request_id")
    patient_id: UUID
    minutes: int
    phase: str
    exams: str
    anaesthesia: str
    theatre: str
    bed: str
    list_id: str | None = Field(foreign_key="theatre_list.list_id")
    bed_id: str | None = Field(foreign_key="bed.bed_id")
    bed_no: int | None = Field(sa_type=BigInteger)
    bed_from_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    bed_until_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    reason: str | None
    version: int


async def add_list(work: Work, new: TheatreList) -> bool:
    """Write a new list. False when its id, or its theatre at that time, is taken."""
    written = await work.session.exec(insert(TheatreListRow).values(**asdict(new)).on_conflict_do_nothing())
    return written.rowcount == 1


async def theatre_list(work: Work, list_id: str) -> TheatreList:
    """The list, or `Missing`."""
    row = await work.session.get(TheatreListRow, list_id, populate_existing=True)
    if row is None:
        raise Missing("theatre-list", list_id)
    return TheatreList(**row.model_dump())


async def theatre_lists(work: Work, on_day: date) -> list[TheatreList]:
    """The lists of a day by the hospital's clock, by time and theatre."""
    local = func.date(func.timezone(HOSPITAL_ZONE.key, TheatreListRow.starts_at))
    query = select(TheatreListRow).where(local == on_day)
    ordered = query.order_by(col(TheatreListRow.starts_at), col(TheatreListRow.theatre_id))
    return [TheatreList(**row.model_dump()) for row in await work.session.exec(ordered)]


async def lock_lists(work: Work, list_ids: Sequence[str]) -> None:
    """Let nobody else change these lists; always in order of id, so that two who swap do not wait for each other."""
    await (await work.sql()).execute(LOCK_LISTS, list_ids)


async def take_minutes(work: Work, list_id: str, minutes: int) -> bool:
    """Take theatre time. False when the list has not so much left."""
    return await (await work.sql()).fetchval(TAKE, list_id, minutes) is not None


async def give_back_minutes(work: Work, list_id: str, minutes: int) -> None:
    """Give theatre time back."""
    await (await work.sql()).execute(GIVE_BACK, list_id, minutes)


async def add_case(work: Work, new: Case) -> bool:
    """Write a new case. False when there is one."""
    values = asdict(new) | {"bed_no": None}
    return (await work.session.exec(insert(DayCaseRow).values(**values).on_conflict_do_nothing())).rowcount == 1


async def case(work: Work, case_id: UUID, *, lock: bool = False) -> Case:
    """The case, locked if wished, or `Missing`."""
    query = select(DayCaseRow).where(col(DayCaseRow.case_id) == case_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = (await work.session.exec(query)).one_or_none()
    if row is None:
        raise Missing("case", case_id)
    return _case(row)


async def cases(work: Work, phase: Phase | None, limit: int) -> list[Case]:
    """Cases, or those of a phase, the earliest bed first, then those without one."""
    query = select(DayCaseRow).order_by(col(DayCaseRow.bed_from_at).nulls_last(), col(DayCaseRow.case_id)).limit(limit)
    if phase is not None:
        query = query.where(col(DayCaseRow.phase) == phase)
    return [_case(row) for row in await work.session.exec(query)]


async def running_of_patient(work: Work, patient_id: UUID) -> list[UUID]:
    """The cases of a patient that have not ended."""
    running = col(DayCaseRow.phase).in_((Phase.OPEN, Phase.CONFIRMED))
    query = select(DayCaseRow.case_id).where(running, col(DayCaseRow.patient_id) == patient_id)
    return list(await work.session.exec(query.order_by(col(DayCaseRow.case_id))))


async def due(work: Work, limit: int) -> list[UUID]:
    """Confirmed cases whose bed is theirs from now on, and who have not got it yet."""
    return [row["case_id"] for row in await (await work.sql()).fetch(DUE, work.now, limit)]


async def next_due_at(work: Work) -> datetime | None:
    """When the next confirmed case is to have its bed."""
    first: datetime | None = await (await work.sql()).fetchval(NEXT_DUE)
    return first


async def save(work: Work, changed: Case) -> str | None:
    """Write the next version. Returns the constraint that refused it; raises `Stale` when somebody was first."""
    previous = (col(DayCaseRow.case_id) == changed.case_id) & (col(DayCaseRow.version) == changed.version - 1)
    bed_no: Any = await (await work.sql()).fetchval(BED_NO, changed.bed_id) if changed.bed_id else None
    try:
        async with work.session.begin_nested():
            values = asdict(changed) | {"bed_no": bed_no}
            written = await work.session.exec(update(DayCaseRow).where(previous).values(**values))
    except IntegrityError as refusal:
        return constraint_name(refusal)
    if written.rowcount != 1:
        raise Stale("case", changed.case_id)
    return None


WAITING_FOR_BED = """
FROM day_surgery_case c JOIN admission_request r ON r.request_id = c.case_id
WHERE c.phase = 'confirmed' AND r.phase = 'scheduled'
"""
DUE = f"SELECT c.case_id {WAITING_FOR_BED} AND c.bed_from_at <= $1 ORDER BY c.bed_from_at, c.case_id LIMIT $2"
NEXT_DUE = f"SELECT min(c.bed_from_at) {WAITING_FOR_BED}"


def _case(row: DayCaseRow) -> Case:
    values = row.model_dump(exclude={"bed_no"})
    statuses = {str(item): Status(values[item]) for item in Item}
    return Case(**{**values, **statuses, "phase": Phase(row.phase)})
