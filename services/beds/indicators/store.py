"""How each bed stood and until when, and what was counted of each day; with the SQL that reads it.

Invariant: `bed_period` holds every period of a bed that has ended, written by a trigger in the transaction of the
change, whoever makes it; the one that lasts is the bed's own row. So each bed is in one state at every instant from its
import on. A day that is closed is counted for good.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, BigInteger, CheckConstraint, Column, DateTime, Index, Integer, event
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.beds.indicators import counting
from services.beds.indicators.model import Asked, By, Diseases, Each, Sums, WardNow
from services.beds.tables import Row
from shared.work import Work

REMEMBER = """
CREATE FUNCTION bed_period_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bed_period (bed_no, version, status, stay_id, began_at, ended_at, followed_by)
    VALUES (OLD.bed_no, OLD.version, CASE WHEN OLD.reserved THEN 'R' ELSE OLD.status END, OLD.stay_id,
        OLD.changed_at, NEW.changed_at, CASE WHEN NEW.reserved THEN 'R' ELSE NEW.status END);
    RETURN NULL;
END $$
"""
TRIGGER = """
CREATE TRIGGER bed_period_ended AFTER UPDATE ON bed
FOR EACH ROW WHEN (OLD.version <> NEW.version) EXECUTE FUNCTION bed_period_ended()
"""
for statement in (REMEMBER, TRIGGER):
    event.listen(Row.metadata, "after_create", DDL(statement))  # type: ignore[no-untyped-call]


class BedPeriodRow(Row, table=True):
    """A bed in one state, from one instant to another. `status` as HL7 table 0116, and R for reserved."""

    __tablename__ = "bed_period"
    __table_args__ = (
        CheckConstraint("began_at <= ended_at", name="bed_period_in_order"),
        Index("ix_bed_period_ended_at", "ended_at"),
    )

    bed_no: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    version: int = Field(primary_key=True)
    status: str
    stay_id: UUID | None
    began_at: datetime = Field(sa_type=DateTime(timezone=True))
    ended_at: datetime = Field(sa_type=DateTime(timezone=True))
    followed_by: str


class IndicatorDayRow(Row, table=True):
    """What was counted of a ward on a closed day. Times are microseconds."""

    __tablename__ = "indicator_day"
    __table_args__ = (
        CheckConstraint("occupied BETWEEN 0 AND open", name="indicator_occupied_within_open"),
        CheckConstraint("cross_ward <= admissions AND cross_campus <= admissions", name="indicator_cross_within"),
        CheckConstraint("rw_above_2 <= rw_known AND rw_known <= admissions", name="indicator_rw_within"),
    )

    on_day: date = Field(primary_key=True)
    ward_id: str = Field(primary_key=True)
    campus_id: str
    admissions: int
    cross_ward: int
    cross_campus: int
    rw_known: int
    rw_above_2: int
    occupied: int = Field(sa_type=BigInteger)
    open: int = Field(sa_type=BigInteger)
    midnight_census: int
    open_at_midnight: int


class IndicatorTimesRow(Row, table=True):
    """Every single time of a kind in a ward on a closed day, in seconds: medians cannot be made of medians.

    `kind` is an urgency (request to arrival in the bed), boarding (the same of all emergencies) or cleaning (from when
    the bed was left until it was clean).
    """

    __tablename__ = "indicator_times"

    on_day: date = Field(primary_key=True)
    ward_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    campus_id: str
    seconds: list[int] = Field(sa_column=Column(ARRAY(Integer), nullable=False))


class DiseaseDayRow(Row, table=True):
    """How many requests with a disease were written on a closed day for a campus, and how many had a bed that day."""

    __tablename__ = "disease_day"
    __table_args__ = (CheckConstraint("placed BETWEEN 0 AND requests", name="disease_placed_within_requests"),)

    on_day: date = Field(primary_key=True)
    campus_id: str = Field(primary_key=True)
    disease: str = Field(primary_key=True)
    requests: int
    placed: int


class IndicatorClosedRow(Row, table=True):
    """A day that is counted for good."""

    __tablename__ = "indicator_closed"

    on_day: date = Field(primary_key=True)
    closed_at: datetime = Field(sa_type=DateTime(timezone=True))


async def close(work: Work, on: date, begin: datetime, end: datetime) -> bool:
    """Count a day for good. False when somebody else has done it."""
    connection = await work.sql()
    if await connection.fetchval(counting.CLOSE, on, work.now) is None:
        return False
    for statement in (counting.CLOSE_WARDS, counting.CLOSE_TIMES, counting.CLOSE_DISEASES):
        await connection.execute(statement, begin, end, on)
    return True


async def closed_through(work: Work) -> date | None:
    """The last day that is closed."""
    last: date | None = await (await work.sql()).fetchval("SELECT max(on_day) FROM indicator_closed")
    return last


async def first_change_after(work: Work, at: datetime | None) -> datetime | None:
    """The first change of any bed at or after an instant, or of all. A new bed is none."""
    first: datetime | None = await (await work.sql()).fetchval(counting.FIRST_CHANGE, at)
    return first


async def occupied_at(work: Work, at: datetime) -> dict[str, int]:
    """Ward → beds occupied at an instant."""
    return {row["ward_id"]: row["beds"] for row in await (await work.sql()).fetch(counting.OCCUPIED_AT, at)}


async def sums(work: Work, asked: Asked, live: tuple[datetime, datetime, date] | None) -> dict[tuple[Any, ...], Sums]:
    """(group, day) → what was counted; with the running day, if it is among those asked for."""
    rows = await _read(work, counting.READ_WARDS, asked, live)
    return {
        (row["group_id"], row["day"]): Sums(**{name: int(row[name]) for name in Sums.__dataclass_fields__})
        for row in rows
    }


async def times(
    work: Work, asked: Asked, live: tuple[datetime, datetime, date] | None
) -> dict[tuple[Any, ...], dict[str, tuple[float, ...]]]:
    """(group, day) → kind → count, median, 90th percentile and maximum, in seconds."""
    found: dict[tuple[Any, ...], dict[str, tuple[float, ...]]] = {}
    for row in await _read(work, counting.READ_TIMES, asked, live):
        of_kind = (float(row["count"]), *(float(row[name]) for name in ("median", "p90", "most")))
        found.setdefault((row["group_id"], row["day"]), {})[row["kind"]] = of_kind
    return found


async def diseases(
    work: Work, asked: Asked, live: tuple[datetime, datetime, date] | None
) -> dict[tuple[Any, ...], Diseases]:
    """(group, day) → same-day-cleared diseases; nothing for wards."""
    if asked.by is By.WARD:
        return {}
    rows = await _read(work, counting.READ_DISEASES, asked, live)
    return {
        (row["group_id"], row["day"]): Diseases(disease_days=row["disease_days"], cleared=row["cleared"])
        for row in rows
    }


async def still_waiting(work: Work) -> dict[str, tuple[float, ...]]:
    """Urgency → count, median, 90th percentile and maximum of the seconds that those who wait have waited."""
    rows = await (await work.sql()).fetch(counting.STILL_WAITING, work.now)
    return {
        row["kind"]: (float(row["count"]), float(row["median"]), float(row["p90"]), float(row["most"])) for row in rows
    }


async def wards_now(work: Work) -> list[WardNow]:
    """The wards with their open beds and what these take."""
    return [_ward(row) for row in await (await work.sql()).fetch(counting.WARDS_NOW)]


async def _read(work: Work, query: str, asked: Asked, live: tuple[datetime, datetime, date] | None) -> Any:  # noqa: ANN401
    begin, until, on = live or (None, None, None)
    arguments = (begin, until, on, asked.from_on, asked.to_on, asked.by, asked.each is Each.DAY)
    return await (await work.sql()).fetch(query, *arguments)


def _ward(row: Mapping[str, Any]) -> WardNow:
    return WardNow(
        ward_id=row["ward_id"],
        campus_id=row["campus_id"],
        open_beds=row["open_beds"],
        homes=frozenset(row["homes"]),
        accepted=frozenset(row["accepted"]),
        sharing_homes=frozenset(row["sharing_homes"] or ()),
    )
