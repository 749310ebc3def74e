"""Slots and their places: found, taken, given back, more and fewer; and the only SQL about them but for the lane's.

Slots are locked in the order of their keys, always after the appointments they are changed for. A number given out in a
slot is never given out again.
"""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlmodel import col

from services.registration.schedules.model import Access, FindSlots, Resource, Slot, SlotKey
from services.registration.schedules.store import ClinicRow, EngagementRow, SessionRow, SlotRow
from shared.work import Missing, Work

TAKE_PLACE = """
UPDATE slot SET booked = booked + 1, last_ordinal = last_ordinal + 1
FROM session
WHERE slot.session_id = $1 AND slot.starts_at = $2 AND booked < capacity
    AND session.session_id = slot.session_id AND access = $3
RETURNING last_ordinal
"""
LOCK_SLOTS = """
SELECT FROM slot
WHERE (session_id, starts_at) IN (SELECT * FROM unnest($1::uuid[], $2::timestamptz[]))
ORDER BY session_id, starts_at FOR NO KEY UPDATE
"""
OF_SESSION = """
SELECT session_id, starts_at, ends_at, clinic_id, capacity, booked, last_ordinal FROM slot
WHERE session_id = $1 ORDER BY starts_at
"""
RELEASE_PLACES = """
UPDATE slot SET booked = booked - freed.places
FROM (SELECT session_id, starts_at, count(*) AS places
      FROM unnest($1::uuid[], $2::timestamptz[]) AS place (session_id, starts_at) GROUP BY 1, 2) AS freed
WHERE slot.session_id = freed.session_id AND slot.starts_at = freed.starts_at
"""
LOCK_SESSIONS = """
SELECT FROM slot WHERE session_id = ANY ($1) ORDER BY session_id, starts_at FOR NO KEY UPDATE
"""
RESIZE = """
UPDATE slot SET capacity = resized.capacity
FROM unnest($2::timestamptz[], $3::integer[]) AS resized (starts_at, capacity)
WHERE slot.session_id = $1 AND slot.starts_at = resized.starts_at
"""

COLUMNS = tuple(getattr(SlotRow, one.name) for one in fields(Slot))


async def slot(work: Work, key: SlotKey) -> Slot:
    """The slot, or `Missing`."""
    row = await work.session.get(SlotRow, (key.session_id, key.starts_at))
    if row is None:
        raise Missing("slot", key.session_id)
    return Slot(**row.model_dump())


async def free_slots(work: Work, find: FindSlots) -> list[Slot]:
    """Slots with a free place, earliest first."""
    query = select(*COLUMNS).join(SessionRow).join(ClinicRow, col(ClinicRow.clinic_id) == col(SlotRow.clinic_id))
    query = query.where(*_wanted(find, work.now), col(SlotRow.booked) < col(SlotRow.capacity))
    query = query.order_by(col(SlotRow.starts_at), col(SlotRow.session_id)).limit(find.limit)
    found = await (await work.session.connection()).execute(query)
    return [Slot(**dict(row)) for row in found.mappings()]


async def slots_in_share(work: Work, find: FindSlots) -> list[Slot]:
    """Every slot that is meant, full or not, whatever `find.limit` says, in the order in which slots are locked."""
    query = select(*COLUMNS).join(SessionRow).join(ClinicRow, col(ClinicRow.clinic_id) == col(SlotRow.clinic_id))
    query = query.where(*_wanted(find, work.now)).order_by(col(SlotRow.session_id), col(SlotRow.starts_at))
    found = await (await work.session.connection()).execute(query.with_for_update(read=True, of=SlotRow))
    return [Slot(**dict(row)) for row in found.mappings()]


async def lock_slots(work: Work, keys: Sequence[SlotKey]) -> None:
    """Make others wait who want a place in these slots or give one back."""
    await (await work.sql()).execute(LOCK_SLOTS, *_keys(keys))


async def lock_sessions(work: Work, session_ids: Sequence[UUID]) -> None:
    """The same for every slot of these sessions."""
    await (await work.sql()).execute(LOCK_SESSIONS, session_ids)


async def slots_of(work: Work, session_id: UUID) -> list[Slot]:
    """The slots of a session, in order."""
    return [Slot(**row) for row in await (await work.sql()).fetch(OF_SESSION, session_id)]


async def take_place(work: Work, key: SlotKey, access: Access) -> int | None:
    """Take one place. Returns its ordinal, or None when the slot is full, of another access, or does not exist."""
    ordinal: int | None = await (await work.sql()).fetchval(TAKE_PLACE, key.session_id, key.starts_at, access)
    return ordinal


async def release_places(work: Work, keys: Sequence[SlotKey]) -> None:
    """Give places back, one for each time a key is named. Lock the slots first."""
    await (await work.sql()).execute(RELEASE_PLACES, *_keys(keys))


async def resize(work: Work, session_id: UUID, capacities: dict[datetime, int]) -> None:
    """Give slots of a session that many places each. Lock them first."""
    await (await work.sql()).execute(RESIZE, session_id, list(capacities), list(capacities.values()))


def _wanted(find: FindSlots, now: datetime) -> list[ColumnElement[bool]]:
    """What is asked for, as conditions."""
    conditions: list[ColumnElement[bool]] = [
        col(SessionRow.access) == find.access,
        col(SessionRow.closed_at).is_(None),
        col(SlotRow.ends_at) > (find.from_at or now),
    ]
    equal = {
        col(SlotRow.clinic_id): find.clinic_id,
        col(SlotRow.session_id): find.session_id,
        col(ClinicRow.campus_id): find.campus_id,
        col(ClinicRow.specialty): find.specialty,
        col(SessionRow.kind): find.kind,
        col(SessionRow.service_code): find.service_code,
        col(SessionRow.mdt_form): find.mdt_form,
        col(SessionRow.stop): find.stop,
        col(SessionRow.session_on): find.on,
    }
    conditions += [column == wanted for column, wanted in equal.items() if wanted is not None]
    if find.clinician_id is not None:
        conditions.append(_sits(find.clinician_id))
    if find.to_at is not None:
        conditions.append(col(SlotRow.starts_at) < find.to_at)
    if find.public_at is not None:
        released = col(SessionRow.released_at)
        conditions.append(or_(released.is_(None), released <= find.public_at))
    clock = func.timezone(col(ClinicRow.zone), col(SlotRow.starts_at))
    minute = func.extract("hour", clock) * 60 + func.extract("minute", clock)
    if find.from_minute is not None:
        conditions.append(minute >= find.from_minute)
    if find.to_minute is not None:
        conditions.append(minute < find.to_minute)
    return conditions


def _sits(clinician_id: str) -> ColumnElement[bool]:
    """Whether that clinician is in the session's sitting."""
    return exists().where(
        col(EngagementRow.sitting_id) == col(SessionRow.sitting_id),
        col(EngagementRow.resource) == Resource.CLINICIAN,
        col(EngagementRow.resource_id) == clinician_id,
    )


def _keys(keys: Sequence[SlotKey]) -> tuple[list[UUID], list[datetime]]:
    return [key.session_id for key in keys], [key.starts_at for key in keys]
