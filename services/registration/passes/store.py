"""Where parking places and passes are kept, and the only SQL about them.

Invariant: a campus never has more places reserved on a day than it has; a pass holds one of them until it is released,
and a car at most one a day. A place is taken or given back by one statement, together with the pass.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

import asyncpg
from sqlalchemy import CheckConstraint, DateTime, Index, text, update
from sqlmodel import Field, col, select

from services.registration.passes.model import (
    HOLDS_A_PLACE,
    PLACES_A_DAY,
    ArrivalPass,
    Lot,
    Place,
    ReleaseReason,
    State,
    Wanted,
)
from services.registration.tables import Row, words
from shared.work import Missing, Work

NEVER_OVERBOOKED = "parking_never_overbooked"
RESERVE = f"""
WITH taken AS (
    INSERT INTO parking_day (campus_id, day, capacity, reserved) VALUES ($3, $4, {PLACES_A_DAY}, 1)
    ON CONFLICT (campus_id, day) DO UPDATE SET reserved = parking_day.reserved + 1
        WHERE parking_day.reserved < parking_day.capacity
    RETURNING campus_id, day
)
INSERT INTO arrival_pass
    (appointment_id, patient_id, campus_id, day, opens_at, closes_at, plate, state, reserved_at)
SELECT $1, $2, campus_id, day, $5, $6, $7, 'reserved', $8 FROM taken
ON CONFLICT (appointment_id) DO UPDATE SET campus_id = excluded.campus_id, day = excluded.day,
    opens_at = excluded.opens_at, closes_at = excluded.closes_at, plate = excluded.plate, state = 'reserved',
    release_reason = NULL, reserved_at = excluded.reserved_at
    WHERE arrival_pass.state = 'released'
RETURNING appointment_id
"""  # noqa: S608 - a number of ours
RELEASE = """
WITH released AS (
    UPDATE arrival_pass SET state = 'released', release_reason = $2, plate = NULL
    WHERE appointment_id = $1 AND state = 'reserved' RETURNING campus_id, day
)
UPDATE parking_day SET reserved = reserved - 1 FROM released
WHERE parking_day.campus_id = released.campus_id AND parking_day.day = released.day
"""
LOCK_DAYS = """
SELECT FROM parking_day WHERE (campus_id, day) IN (SELECT * FROM unnest($1::text[], $2::date[]))
ORDER BY campus_id, day FOR NO KEY UPDATE
"""
SET_CAPACITY = """
INSERT INTO parking_day (campus_id, day, capacity, reserved) VALUES ($1, $2, $3, 0)
ON CONFLICT (campus_id, day) DO UPDATE SET capacity = excluded.capacity
    WHERE parking_day.reserved <= excluded.capacity
RETURNING campus_id, day, capacity, reserved
"""
ENTER = """
UPDATE arrival_pass SET state = 'used', used_at = coalesce(used_at, $3)
WHERE campus_id = $1 AND plate = $2 AND state IN ('reserved', 'used') AND opens_at <= $3 AND closes_at > $3
RETURNING appointment_id
"""


class ParkingDayRow(Row, table=True):
    """A campus's parking places on a day; there is a row from the first reservation on."""

    __tablename__ = "parking_day"
    __table_args__ = (CheckConstraint("reserved BETWEEN 0 AND capacity", name=NEVER_OVERBOOKED),)

    campus_id: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    capacity: int
    reserved: int


class ArrivalPassRow(Row, table=True):
    """A pass and what became of it."""

    __tablename__ = "arrival_pass"
    __table_args__ = (
        CheckConstraint(f"state IN ({words(State)})", name="arrival_pass_state"),
        CheckConstraint(f"release_reason IN ({words(ReleaseReason)})", name="arrival_pass_release_reason"),
        CheckConstraint("(state = 'released') = (release_reason IS NOT NULL)", name="arrival_pass_released_why"),
        CheckConstraint("(state = 'released') = (plate IS NULL)", name="arrival_pass_forgets_the_plate"),
        CheckConstraint("state <> 'used' OR used_at IS NOT NULL", name="arrival_pass_used_when"),
        Index(
            "one_pass_a_plate",
            "campus_id",
            "day",
            "plate",
            unique=True,
            postgresql_where=text(f"state IN ({words(HOLDS_A_PLACE)})"),
        ),
    )

    appointment_id: UUID = Field(primary_key=True, foreign_key="appointment.appointment_id")
    patient_id: UUID
    campus_id: str
    day: date
    opens_at: datetime = Field(sa_type=DateTime(timezone=True))
    closes_at: datetime = Field(sa_type=DateTime(timezone=True))
    plate: str | None
    state: str
    release_reason: str | None
    reserved_at: datetime = Field(sa_type=DateTime(timezone=True))
    used_at: datetime | None = Field(sa_type=DateTime(timezone=True))


class PlateHasPass(Exception):
    """The car has a pass for that day."""


async def reserve(work: Work, appointment_id: UUID, patient_id: UUID, place: Place, plate: str) -> bool:
    """Reserve a place. False when the day is full. Raises `PlateHasPass`; then nothing is written.

    The caller has seen that the appointment has no pass, and keeps it from others.
    """
    connection = await work.sql()
    times = place.opens_at, place.closes_at
    try:
        async with connection.transaction():
            taken = await connection.fetchval(
                RESERVE, appointment_id, patient_id, place.campus_id, place.day, *times, plate, work.now
            )
    except asyncpg.UniqueViolationError:
        raise PlateHasPass from None
    return taken is not None


async def release(work: Work, appointment_id: UUID, reason: ReleaseReason) -> None:
    """Give a reserved place back, and forget the plate."""
    await (await work.sql()).execute(RELEASE, appointment_id, reason)


async def lock_days(work: Work, days: Sequence[tuple[str, date]]) -> None:
    """Make others wait who want a place on these days, in the order that keeps two from waiting for each other."""
    await (await work.sql()).execute(LOCK_DAYS, [campus_id for campus_id, _ in days], [day for _, day in days])


async def set_times(work: Work, appointment_id: UUID, place: Place) -> None:
    """The same day at another hour."""
    mine = col(ArrivalPassRow.appointment_id) == appointment_id
    times = {"opens_at": place.opens_at, "closes_at": place.closes_at}
    await work.session.exec(update(ArrivalPassRow).where(mine).values(**times))


async def set_capacity(work: Work, campus_id: str, day: date, capacity: int) -> Lot | None:
    """Say how many places there are on a day. None when more are reserved."""
    row = await (await work.sql()).fetchrow(SET_CAPACITY, campus_id, day, capacity)
    return None if row is None else Lot(**row)


async def lot(work: Work, campus_id: str, day: date) -> Lot:
    """A campus's places on a day."""
    row = await work.session.get(ParkingDayRow, (campus_id, day))
    if row is None:
        return Lot(campus_id=campus_id, day=day, capacity=PLACES_A_DAY, reserved=0)
    return Lot(**row.model_dump())


async def enter(work: Work, campus_id: str, plate: str) -> ArrivalPass | None:
    """Let a car in whose pass is good now, as often as it comes. None when it has none."""
    appointment_id = await (await work.sql()).fetchval(ENTER, campus_id, plate, work.now)
    return None if appointment_id is None else await pass_of(work, appointment_id)


async def find(work: Work, appointment_id: UUID) -> ArrivalPass | None:
    """An appointment's pass for a change; None when it never had one."""
    query = select(ArrivalPassRow).where(col(ArrivalPassRow.appointment_id) == appointment_id).with_for_update()
    row = (await work.session.exec(query.execution_options(populate_existing=True))).one_or_none()
    return None if row is None else _pass(row)


async def pass_of(work: Work, appointment_id: UUID) -> ArrivalPass:
    """An appointment's pass, or `Missing`."""
    found = await find(work, appointment_id)
    if found is None:
        raise Missing("pass", appointment_id)
    return found


async def passes(work: Work, wanted: Wanted) -> list[ArrivalPass]:
    """A page of passes by appointment."""
    query = select(ArrivalPassRow).order_by(col(ArrivalPassRow.appointment_id)).limit(wanted.limit)
    for column, value in asdict(wanted).items():
        if column in {"campus_id", "day", "state"} and value is not None:
            query = query.where(getattr(ArrivalPassRow, column) == value)
    if wanted.after is not None:
        query = query.where(col(ArrivalPassRow.appointment_id) > wanted.after)
    return [_pass(row) for row in await work.session.exec(query)]


def _pass(row: ArrivalPassRow) -> ArrivalPass:
    reason = ReleaseReason(row.release_reason) if row.release_reason else None
    return ArrivalPass(**{**row.model_dump(), "state": State(row.state), "release_reason": reason})
