"""Where forecasts are kept until they are scored, and what forecasts and what-ifs are made from; the only SQL of both.

Invariant: a line is scored once, when its hour has come, against the beds that were occupied at that instant.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic_core import to_json
from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, Identity, Index, text
from sqlmodel import Field

from services.beds.forecast import reading
from services.beds.forecast.model import (
    ARRIVAL_WEEKS,
    HISTORY,
    HOURS_A_WEEK,
    KEPT,
    Calibration,
    Forecast,
    ForecastLine,
    Lying,
    Past,
    Scope,
    WardBeds,
)
from services.beds.forecast.scenario import Arrival, Occupant
from services.beds.scoring.model import HOSPITAL_ZONE, AdmissionClass, Isolation, Sex, Waiting
from services.beds.tables import Row
from shared.work import Work

ZONE = HOSPITAL_ZONE.key
SCOPES = ", ".join(f"'{scope}'" for scope in Scope)


class ForecastRow(Row, table=True):
    """A forecast: when it was made."""

    __tablename__ = "forecast"

    forecast_id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    made_at: datetime = Field(sa_type=DateTime(timezone=True), index=True)


class ForecastLineRow(Row, table=True):
    """What a forecast says of a ward, a campus or the hospital at one instant; and, later, how many it were."""

    __tablename__ = "forecast_line"
    __table_args__ = (
        CheckConstraint(f"scope IN ({SCOPES})", name="forecast_scope"),
        CheckConstraint("occupied_low <= occupied_high AND leavers_low <= leavers_high", name="forecast_interval"),
        Index("ix_forecast_line_to_score", "target_at", postgresql_where=text("occupied_then IS NULL")),
    )

    forecast_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("forecast.forecast_id", ondelete="CASCADE"), primary_key=True)
    )
    scope: str = Field(primary_key=True)
    group_id: str = Field(primary_key=True)
    hours_ahead: int = Field(primary_key=True)
    target_at: datetime = Field(sa_type=DateTime(timezone=True))
    open_beds: int
    occupied_mean: float
    occupied_low: int
    occupied_high: int
    leavers_mean: float
    leavers_low: int
    leavers_high: int
    occupied_then: int | None


async def one_read_only_snapshot(work: Work) -> None:
    """Let everything that this work reads be of one instant, and let it change nothing. Call it first."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    await work.session.connection(execution_options=options)


async def wards(work: Work) -> tuple[WardBeds, ...]:
    """Every ward with the beds that are not closed."""
    return tuple(WardBeds(**dict(row)) for row in await (await work.sql()).fetch(reading.WARDS))


async def lying(work: Work) -> tuple[Lying, ...]:
    """Everybody who lies in a bed."""
    return tuple(Lying(**dict(row)) for row in await (await work.sql()).fetch(reading.LYING, work.now, ZONE))


async def past(work: Work) -> Past:
    """What is learnt from: ended stays of a year, arrivals of eight weeks or as long as there have been any."""
    connection = await work.sql()
    ended = await connection.fetch(reading.ENDED, work.now - HISTORY, ZONE)
    came = await connection.fetch(reading.CAME, work.now, ARRIVAL_WEEKS, ZONE)
    first: datetime | None = await connection.fetchval(reading.FIRST_CAME, work.now, ARRIVAL_WEEKS)
    lengths: dict[str, dict[str, Counter[int]]] = {
        name: defaultdict(Counter) for name in ("drg", "specialty", "ward_id")
    }
    leave_hours = Counter[int]()
    for row in ended:
        for name, groups in lengths.items():
            if row[name] is not None:
                groups[row[name]][row["nights"]] += row["stays"]
        leave_hours[row["hour"]] += row["stays"]
    hours, arrivals, daily = Counter[int](), Counter[str](), Counter[int]()
    for row in came:
        hours[row["hour_of_week"]] += row["patients"]
        arrivals[row["ward_id"]] += row["patients"]
        daily[row["days_ago"]] += row["patients"]
    whole_days = range(1, max(daily, default=0))
    return Past(
        by_drg=lengths["drg"],
        by_specialty=lengths["specialty"],
        by_ward=lengths["ward_id"],
        leave_hours=[leave_hours[hour] for hour in range(24)],
        arrival_hours=[hours[hour] for hour in range(HOURS_A_WEEK)],
        arrivals=arrivals,
        daily=[daily[day] for day in whole_days],
        weeks=(work.now - first).total_seconds() / 604_800 if first else 0.0,
    )


async def occupants(work: Work) -> tuple[Occupant, ...]:
    """Everybody who has a bed or a reservation."""
    rows = await (await work.sql()).fetch(reading.OCCUPANTS, work.now, ZONE)
    return tuple(
        Occupant(patient=_waiting(row, work.now), bed_id=row["bed_id"], nights=row["nights"], drg=row["drg"])
        for row in rows
    )


async def waiting(work: Work) -> tuple[Arrival, ...]:
    """Everybody who waits and has no bed."""
    rows = await (await work.sql()).fetch(reading.WAITING)
    return tuple(Arrival(patient=_waiting(row, work.now), drg=row["drg"]) for row in rows)


async def recent_arrivals(work: Work, limit: int) -> tuple[Arrival, ...]:
    """Those who asked for a bed lately."""
    rows = await (await work.sql()).fetch(reading.RECENT, work.now, ARRIVAL_WEEKS, limit)
    return tuple(Arrival(patient=_waiting(row, work.now), drg=row["drg"]) for row in rows)


async def latest(work: Work, scope: Scope | None, group_id: str | None) -> Forecast | None:
    """The last forecast, or the part of it that is of a scope or a group."""
    connection = await work.sql()
    made = await connection.fetchrow("SELECT forecast_id, made_at FROM forecast ORDER BY forecast_id DESC LIMIT 1")
    if made is None:
        return None
    rows = await connection.fetch(reading.LINES, made["forecast_id"], scope, group_id)
    return Forecast(
        made_at=made["made_at"],
        lines=tuple(ForecastLine(**{**dict(row), "scope": Scope(row["scope"])}) for row in rows),
    )


async def last_made_at(work: Work) -> datetime | None:
    """When the last forecast was made."""
    made_at: datetime | None = await (await work.sql()).fetchval("SELECT max(made_at) FROM forecast")
    return made_at


async def keep(work: Work, made_at: datetime, lines: Sequence[ForecastLine]) -> None:
    """Write a forecast; those that are too old to tell anything go."""
    connection = await work.sql()
    forecast_id = await connection.fetchval(reading.KEEP, made_at)
    columns = [{name: getattr(line, name) for name in ForecastLine.__dataclass_fields__} for line in lines]
    await connection.execute(reading.KEEP_LINES, forecast_id, made_at, to_json(columns).decode())
    await connection.execute("DELETE FROM forecast WHERE made_at < $1", work.now - KEPT)


async def first_unscored_at(work: Work) -> datetime | None:
    """The earliest instant that a forecast has not been held against yet."""
    first: datetime | None = await (await work.sql()).fetchval(reading.FIRST_UNSCORED)
    return first


async def score(work: Work, target_at: datetime, occupied: Mapping[str, int]) -> int:
    """Hold all forecasts of an instant against the beds that were occupied then, by ward. Returns how many lines."""
    scored: int = await (await work.sql()).fetchval(reading.SCORE, target_at, list(occupied), list(occupied.values()))
    return scored


async def calibration(work: Work) -> list[Calibration]:
    """How forecasts have turned out, by scope and horizon."""
    rows = await (await work.sql()).fetch(reading.CALIBRATION)
    return [Calibration(**{**dict(row), "scope": Scope(row["scope"])}) for row in rows]


def _waiting(row: Mapping[str, Any], now: datetime) -> Waiting:
    """A request as score and hard rules see it."""
    return Waiting(
        request_id=str(row["request_id"]),
        specialty=row["specialty"],
        campus=row["campus_id"],
        reachable=frozenset(row["reachable_campuses"]),
        sex=Sex(row["sex"]),
        age_years=row["age_years"],
        triage=row["triage"],
        admission_class=AdmissionClass(row["admission_class"]),
        waited_hours=max(0.0, (now - row["requested_at"]).total_seconds() / 3600),
        rw=row["rw"],
        level4=row["level4"],
        department_cmi=row["department_cmi"],
        social_points=row["social_points"],
        needs=frozenset(row["needs"]),
        isolation=Isolation(row["isolation"]),
        expected_days=row["expected_days"],
        immediate=row["immediate"],
    )
