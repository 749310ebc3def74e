"""Where clinics, sessions and slots are kept, and the SQL about them.

Invariant: a slot never has more places taken than it has; a number given out in a slot is never given out again.
Slots are locked in the order of their keys, always after the appointments they are changed for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ColumnElement, DateTime, Index, func, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.registration.schedules.model import (
    Access,
    Clinic,
    FindSlots,
    Hours,
    ReleaseSessions,
    Session,
    Slot,
    SlotKey,
)
from services.registration.tables import Row, words
from shared.work import Missing, Stale, Work

WRITE_SESSIONS = """
INSERT INTO session
    (session_id, clinic_id, campus_id, session_on, starts_at, ends_at, slot_minutes, places, access, version)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::date[], $5::timestamptz[], $6::timestamptz[],
    $7::integer[], $8::integer[], $9::text[], $10::integer[])
ON CONFLICT DO NOTHING RETURNING session_id
"""
WRITE_SLOTS = """
INSERT INTO slot (session_id, starts_at, ends_at, clinic_id, capacity, booked, last_ordinal)
SELECT *, 0, 0 FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::text[], $5::integer[])
"""
TAKE_PLACE = """
UPDATE slot SET booked = booked + 1, last_ordinal = last_ordinal + 1
FROM session
WHERE slot.session_id = $1 AND slot.starts_at = $2 AND booked < capacity
    AND session.session_id = slot.session_id AND access = $3
RETURNING last_ordinal
"""
RELEASE_SESSIONS = """
WITH kept AS MATERIALIZED (
    SELECT session_id, access FROM session
    WHERE access <> 'public' AND ends_at > $1
        AND ($2::uuid[] IS NULL OR session_id = ANY($2))
        AND ($3::text IS NULL OR access = $3)
        AND ($4::timestamptz IS NULL OR starts_at < $4)
        AND EXISTS (SELECT FROM slot WHERE slot.session_id = session.session_id AND booked < capacity AND ends_at > $1)
    ORDER BY session_id FOR NO KEY UPDATE
)
UPDATE session SET access = 'public', version = version + 1
FROM kept WHERE session.session_id = kept.session_id
RETURNING session.*, kept.access AS kept_for, (
    SELECT sum(capacity - booked) FROM slot WHERE slot.session_id = session.session_id AND ends_at > $1
) AS free
"""
LOCK_SLOTS = """
SELECT FROM slot
WHERE (session_id, starts_at) IN (SELECT * FROM unnest($1::uuid[], $2::timestamptz[]))
ORDER BY session_id, starts_at FOR NO KEY UPDATE
"""
RELEASE_PLACES = """
UPDATE slot SET booked = booked - freed.places
FROM (SELECT session_id, starts_at, count(*) AS places
      FROM unnest($1::uuid[], $2::timestamptz[]) AS place (session_id, starts_at) GROUP BY 1, 2) AS freed
WHERE slot.session_id = freed.session_id AND slot.starts_at = freed.starts_at
"""


class ClinicRow(Row, table=True):
    """A clinic in the latest version, with its template."""

    __tablename__ = "clinic"

    clinic_id: str = Field(primary_key=True)
    campus_id: str
    specialty: str
    zone: str
    name_zh: str | None
    name_en: str | None
    template: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    version: int


class SessionRow(Row, table=True):
    """A session: one pool of places, for the public or for those that `access` says."""

    __tablename__ = "session"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="session_ends_after_start"),
        CheckConstraint("slot_minutes > 0 AND places > 0", name="session_has_places"),
        CheckConstraint(f"access IN ({words(Access)})", name="session_access"),
        Index("ix_session_clinic_id_starts_at", "clinic_id", "starts_at"),
        Index("ix_session_kept", "starts_at", postgresql_where=text("access <> 'public'")),
    )

    session_id: UUID = Field(primary_key=True)
    clinic_id: str = Field(foreign_key="clinic.clinic_id")
    campus_id: str
    session_on: date
    starts_at: datetime = Field(sa_type=DateTime(timezone=True))
    ends_at: datetime = Field(sa_type=DateTime(timezone=True))
    slot_minutes: int
    places: int
    access: str = Field(sa_column_kwargs={"server_default": Access.PUBLIC})
    version: int


class SlotRow(Row, table=True):
    """A slot and how many of its places are taken. Pages are left part empty, so that counting up stays in place."""

    __tablename__ = "slot"
    __table_args__ = (
        CheckConstraint("booked BETWEEN 0 AND capacity", name="slot_never_oversold"),
        CheckConstraint("last_ordinal >= booked", name="slot_ordinals_cover_bookings"),
        CheckConstraint("starts_at < ends_at", name="slot_ends_after_start"),
        Index("ix_slot_clinic_id_starts_at", "clinic_id", "starts_at"),
        {"postgresql_with": {"fillfactor": 70}},
    )

    session_id: UUID = Field(primary_key=True, foreign_key="session.session_id")
    starts_at: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    ends_at: datetime = Field(sa_type=DateTime(timezone=True))
    clinic_id: str
    capacity: int
    booked: int
    last_ordinal: int


async def clinic(work: Work, clinic_id: str) -> Clinic | None:
    """The clinic, or None."""
    row = await work.session.get(ClinicRow, clinic_id)
    return None if row is None else _clinic(row)


async def clinics(work: Work, campus_id: str | None) -> list[Clinic]:
    """All clinics, or those of a campus, by id."""
    query = select(ClinicRow).order_by(col(ClinicRow.clinic_id))
    if campus_id is not None:
        query = query.where(col(ClinicRow.campus_id) == campus_id)
    return [_clinic(row) for row in await work.session.exec(query)]


async def keep_clinic(work: Work, changed: Clinic) -> None:
    """Write a new clinic or the next version. Raises `Stale` when somebody else wrote it first."""
    if changed.version == 1:
        if await work.insert(ClinicRow(**asdict(changed))):
            raise Stale("clinic", changed.clinic_id)
        return
    previous = (col(ClinicRow.clinic_id) == changed.clinic_id) & (col(ClinicRow.version) == changed.version - 1)
    result = await work.session.exec(update(ClinicRow).where(previous).values(**asdict(changed)))
    if result.rowcount != 1:
        raise Stale("clinic", changed.clinic_id)


async def open_sessions(work: Work, planned: Sequence[tuple[Session, list[Slot]]]) -> set[UUID]:
    """Write those sessions that are not there yet, with their slots, in two statements. Returns the ids of the new."""
    connection = await work.sql()
    columns = _columns([session for session, _ in planned], SessionRow)
    new = {row["session_id"] for row in await connection.fetch(WRITE_SESSIONS, *columns)}
    slots = [slot for session, slots in planned if session.session_id in new for slot in slots]
    await connection.execute(WRITE_SLOTS, *_columns(slots, SlotRow)[:5])
    return new


async def release_sessions(work: Work, command: ReleaseSessions) -> list[tuple[Session, Access, int]]:
    """Make them public. Returns each as it is now, what its access was, and how many places are free."""
    ids = None if command.session_ids is None else list(command.session_ids)
    rows = await (await work.sql()).fetch(RELEASE_SESSIONS, work.now, ids, command.access, command.before)
    return [(_session(row), Access(row["kept_for"]), row["free"]) for row in rows]


async def kept(work: Work, access: Access, before: datetime, limit: int) -> list[UUID]:
    """Sessions of that access with a free place that start before then and are not over, the earliest first."""
    query = select(SessionRow.session_id).where(_unused(work, access), col(SessionRow.starts_at) < before)
    return list(await work.session.exec(query.order_by(col(SessionRow.starts_at)).limit(limit)))


async def first_kept_at(work: Work, access: Access) -> datetime | None:
    """When the earliest session of that access with a free place starts; None without one."""
    query = select(func.min(SessionRow.starts_at)).where(_unused(work, access))
    return (await work.session.exec(query)).one()


async def session(work: Work, session_id: UUID) -> Session:
    """The session, or `Missing`."""
    row = await work.session.get(SessionRow, session_id)
    if row is None:
        raise Missing("session", session_id)
    return _session(row.model_dump())


async def sessions(work: Work, clinic_id: str, from_on: date, to_on: date) -> list[Session]:
    """A clinic's sessions of those days, both included, in order."""
    days = col(SessionRow.session_on).between(from_on, to_on)
    query = select(SessionRow).where(col(SessionRow.clinic_id) == clinic_id, days).order_by(col(SessionRow.starts_at))
    return [_session(row.model_dump()) for row in await work.session.exec(query)]


async def slot(work: Work, key: SlotKey) -> Slot:
    """The slot, or `Missing`."""
    row = await work.session.get(SlotRow, (key.session_id, key.starts_at))
    if row is None:
        raise Missing("slot", key.session_id)
    return Slot(**row.model_dump())


async def free_slots(work: Work, find: FindSlots) -> list[Slot]:
    """Slots with a free place, earliest first."""
    free = col(SlotRow.booked) < col(SlotRow.capacity)
    query = select(SlotRow).join(SessionRow).where(col(SessionRow.access) == find.access)
    query = query.where(free, col(SlotRow.ends_at) > find.from_at, col(SlotRow.starts_at) < find.to_at)
    if find.clinic_id is not None:
        query = query.where(col(SlotRow.clinic_id) == find.clinic_id)
    if find.session_id is not None:
        query = query.where(col(SlotRow.session_id) == find.session_id)
    query = query.order_by(col(SlotRow.starts_at), col(SlotRow.session_id)).limit(find.limit)
    return [Slot(**row.model_dump()) for row in await work.session.exec(query)]


async def lock_slots(work: Work, keys: Sequence[SlotKey]) -> None:
    """Make others wait who want a place in these slots or give one back."""
    await (await work.sql()).execute(LOCK_SLOTS, *_keys(keys))


async def take_place(work: Work, key: SlotKey, access: Access) -> int | None:
    """Take one place. Returns its ordinal, or None when the slot is full, of another access, or does not exist."""
    ordinal: int | None = await (await work.sql()).fetchval(TAKE_PLACE, key.session_id, key.starts_at, access)
    return ordinal


async def release_places(work: Work, keys: Sequence[SlotKey]) -> None:
    """Give places back, one for each time a key is named. Lock the slots first."""
    await (await work.sql()).execute(RELEASE_PLACES, *_keys(keys))


def _unused(work: Work, access: Access) -> ColumnElement[bool]:
    free = (col(SlotRow.session_id) == col(SessionRow.session_id)) & (col(SlotRow.booked) < col(SlotRow.capacity))
    there = select(SlotRow.session_id).where(free, col(SlotRow.ends_at) > work.now).exists()
    return (col(SessionRow.access) == access) & (col(SessionRow.ends_at) > work.now) & there


def _keys(keys: Sequence[SlotKey]) -> tuple[list[UUID], list[datetime]]:
    return [key.session_id for key in keys], [key.starts_at for key in keys]


def _columns(rows: Sequence[Session] | Sequence[Slot], table: type[Row]) -> list[list[Any]]:
    """The rows as one list a column, in the table's order of columns."""
    return [[getattr(row, name) for row in rows] for name in table.model_fields]


def _session(row: Mapping[str, Any]) -> Session:
    return Session(**{**{name: row[name] for name in SessionRow.model_fields}, "access": Access(row["access"])})


def _clinic(row: ClinicRow) -> Clinic:
    template = tuple(Hours(**{**hours, "access": Access(hours.get("access", Access.PUBLIC))}) for hours in row.template)
    return Clinic(**{**row.model_dump(), "template": template})
