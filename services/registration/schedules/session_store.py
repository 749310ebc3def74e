"""Where sessions are kept, and who and what sits in them; and the only SQL about them.

Sessions are written by set, with their slots and engagements, so that a year of a hospital is a matter of seconds. What
a sitting takes up is written once for all of its pools; the exclusion constraints of `engagement` refuse the second.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.registration.schedules.model import (
    Access,
    Kind,
    MdtForm,
    Reason,
    ReleaseSessions,
    Session,
    Setting,
    SubstituteClinician,
)
from shared.work import Missing, Stale, Work

BUSY = {
    "clinician_in_one_sitting": Reason.CLINICIAN_BUSY,
    "room_in_one_sitting": Reason.ROOM_BUSY,
    "vehicle_in_one_sitting": Reason.VEHICLE_BUSY,
}

WRITE_SESSIONS = """
INSERT INTO session
    (session_id, sitting_id, clinic_id, campus_id, session_on, starts_at, ends_at, slot_minutes, places, access,
     kind, service_code, mdt_form, stop, released_at, version)
SELECT *, 1 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::date[], $6::timestamptz[],
    $7::timestamptz[], $8::integer[], $9::integer[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
    $15::timestamptz[])
ON CONFLICT DO NOTHING RETURNING session_id
"""
WRITE_SLOTS = """
INSERT INTO slot (session_id, starts_at, ends_at, clinic_id, capacity, booked, last_ordinal)
SELECT session_id, starts_at + number * step, starts_at + (number + 1) * step, clinic_id, places / slots, 0, 0
FROM session,
    LATERAL (SELECT slot_minutes * interval '1 minute' AS step,
        (extract(epoch FROM ends_at - starts_at) / 60 / slot_minutes)::integer AS slots) AS cut,
    generate_series(0, slots - 1) AS number
WHERE session_id = ANY($1)
"""
ENGAGE = """
INSERT INTO engagement (sitting_id, resource, resource_id, starts_at, ends_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[])
ON CONFLICT (sitting_id, resource, resource_id) DO NOTHING
"""
READ = """
SELECT session.*, engaged.* FROM session, LATERAL (
    SELECT coalesce(array_agg(resource_id ORDER BY resource_id) FILTER (WHERE resource = 'clinician'), '{}')
            AS clinicians,
        max(resource_id) FILTER (WHERE resource = 'room') AS room,
        max(resource_id) FILTER (WHERE resource = 'vehicle') AS vehicle
    FROM engagement WHERE engagement.sitting_id = session.sitting_id
) AS engaged
"""
ONE = f"{READ} WHERE session_id = $1"
OF_DAYS = f"""{READ}
WHERE clinic_id = $1 AND session_on BETWEEN $2 AND $3 AND session_id <> ALL($4) ORDER BY starts_at, session_id
"""
OF_SITTING = f"{READ} WHERE session.sitting_id = $1 ORDER BY session_id"
UNKNOWN = "SELECT id FROM unnest($1::uuid[]) AS id WHERE NOT EXISTS (SELECT FROM session WHERE session_id = id)"
KEPT = f"""
SELECT session.*, (
    SELECT coalesce(sum(capacity - booked), 0) FROM slot WHERE slot.session_id = session.session_id AND ends_at > $1
) AS free
FROM ({READ}) AS session
WHERE access <> 'public' AND ends_at > $1 AND closed_at IS NULL
    AND ($2::uuid[] IS NULL OR session_id = ANY($2))
    AND ($3::text IS NULL OR access = $3)
    AND ($4::timestamptz IS NULL OR starts_at < $4)
ORDER BY session_id
"""  # noqa: S608 - put together from this module's own words
DUE = """
SELECT session_id FROM session
WHERE access <> 'public' AND closed_at IS NULL AND released_at <= $1 AND ends_at > $1 LIMIT $2
"""
NEXT_DUE = """
SELECT min(released_at) FROM session WHERE access <> 'public' AND closed_at IS NULL AND ends_at > $1
"""
UNUSED = """
SELECT session_id, starts_at FROM session
WHERE access = $2 AND closed_at IS NULL AND ends_at > $1 AND ($3::timestamptz IS NULL OR starts_at < $3) AND EXISTS (
    SELECT FROM slot WHERE slot.session_id = session.session_id AND booked < capacity AND slot.ends_at > $1
) ORDER BY starts_at LIMIT $4
"""
CHANGE = """
UPDATE session SET places = $3, access = $4, closed_at = $5, version = $2
WHERE session_id = $1 AND version = $2 - 1
"""
SUBSTITUTE = """
UPDATE engagement SET resource_id = $3 WHERE sitting_id = $1 AND resource = 'clinician' AND resource_id = $2
"""
DISENGAGE = """
DELETE FROM engagement WHERE sitting_id = $1
    AND NOT EXISTS (SELECT FROM session WHERE session.sitting_id = $1 AND closed_at IS NULL)
"""


async def open_sessions(work: Work, planned: Sequence[Session]) -> set[UUID] | Reason:
    """Write those sessions that are not there yet, with their slots and engagements.

    Returns the ids of the new, or why none was written: somebody or something is in another sitting at the time.
    """
    connection = await work.sql()
    rows = await connection.fetch(WRITE_SESSIONS, *_columns([_written(one) for one in planned], 15))
    new = {row["session_id"] for row in rows}
    await connection.execute(WRITE_SLOTS, list(new))
    taken = [
        (one.sitting_id, resource, resource_id, one.starts_at, one.ends_at)
        for one in {one.sitting_id: one for one in planned if one.session_id in new}.values()
        for resource, resource_id in one.setting.resources
    ]
    if not taken:
        return new
    return await _engaging(work, ENGAGE, *_columns(taken, 5)) or new


async def session(work: Work, session_id: UUID) -> Session:
    """The session, or `Missing`."""
    row = await (await work.sql()).fetchrow(ONE, session_id)
    if row is None:
        raise Missing("session", session_id)
    return _session(row)


async def unknown(work: Work, session_ids: Collection[UUID]) -> list[UUID]:
    """Which of the ids belong to no session."""
    return [row["id"] for row in await (await work.sql()).fetch(UNKNOWN, list(session_ids))]


async def sessions(
    work: Work, clinic_id: str, from_on: date, to_on: date, *, but: Collection[UUID] = ()
) -> list[Session]:
    """A clinic's sessions of those days, both included, in order; without those that are known already."""
    rows = await (await work.sql()).fetch(OF_DAYS, clinic_id, from_on, to_on, list(but))
    return [_session(row) for row in rows]


async def pools(work: Work, session: Session) -> list[Session]:
    """All sessions of its sitting."""
    return [_session(row) for row in await (await work.sql()).fetch(OF_SITTING, session.sitting_id)]


async def kept(work: Work, command: ReleaseSessions) -> list[tuple[Session, int]]:
    """The sessions asked for that are not public, and how many places are free in each."""
    ids = None if command.session_ids is None else list(command.session_ids)
    rows = await (await work.sql()).fetch(KEPT, work.now, ids, command.access, command.before)
    return [(_session(row), row["free"]) for row in rows]


async def unused(work: Work, access: Access, before: datetime, limit: int) -> list[UUID]:
    """Sessions of that access with a free place that start before then and are not over, the earliest first."""
    return [row["session_id"] for row in await (await work.sql()).fetch(UNUSED, work.now, access, before, limit)]


async def first_unused_at(work: Work, access: Access) -> datetime | None:
    """When the earliest session of that access with a free place starts; None without one."""
    rows = await (await work.sql()).fetch(UNUSED, work.now, access, None, 1)
    return rows[0]["starts_at"] if rows else None


async def due(work: Work, limit: int) -> list[UUID]:
    """Sessions kept for others that the public may have by now, at most `limit`."""
    return [row["session_id"] for row in await (await work.sql()).fetch(DUE, work.now, limit)]


async def next_due_at(work: Work) -> datetime | None:
    """When the public may have the next of the sessions that are kept for others."""
    at: datetime | None = await (await work.sql()).fetchval(NEXT_DUE, work.now)
    return at


async def keep(work: Work, changed: Session) -> None:
    """Write the next version. Raises `Stale` when somebody else wrote it first."""
    values = changed.session_id, changed.version, changed.places, changed.access, changed.closed_at
    if await (await work.sql()).execute(CHANGE, *values) != "UPDATE 1":
        raise Stale("session", changed.session_id)


async def substitute(work: Work, session: Session, command: SubstituteClinician) -> Reason | None:
    """Let somebody else sit in the session and its pools. Returns why not: the other is in another sitting."""
    return await _engaging(work, SUBSTITUTE, session.sitting_id, command.clinician_id, command.substitute_id)


async def disengage(work: Work, sitting_id: UUID) -> None:
    """Nobody and nothing is taken up any more by a sitting whose pools are all closed."""
    await (await work.sql()).execute(DISENGAGE, sitting_id)


async def _engaging(work: Work, statement: str, *values: Any) -> Reason | None:  # noqa: ANN401 - asyncpg has no types
    try:
        async with work.session.begin_nested():
            await (await work.sql()).execute(statement, *values)
    except asyncpg.ExclusionViolationError as refusal:
        return BUSY[refusal.constraint_name]
    except asyncpg.UniqueViolationError:
        return Reason.CLINICIAN_BUSY
    return None


def _written(one: Session) -> tuple[Any, ...]:
    kind = one.setting
    return (
        one.session_id, one.sitting_id, one.clinic_id, one.campus_id, one.session_on, one.starts_at, one.ends_at,
        one.slot_minutes, one.places, one.access, kind.kind, kind.service_code, kind.mdt_form, kind.stop,
        one.released_at,
    )  # fmt: skip


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def _session(row: Mapping[str, Any]) -> Session:
    setting = Setting(
        kind=Kind(row["kind"]),
        service_code=row["service_code"],
        mdt_form=MdtForm(row["mdt_form"]) if row["mdt_form"] else None,
        clinicians=tuple(row["clinicians"]),
        room=row["room"],
        vehicle=row["vehicle"],
        stop=row["stop"],
    )
    return Session(
        session_id=row["session_id"],
        sitting_id=row["sitting_id"],
        clinic_id=row["clinic_id"],
        campus_id=row["campus_id"],
        session_on=row["session_on"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        slot_minutes=row["slot_minutes"],
        places=row["places"],
        access=Access(row["access"]),
        setting=setting,
        released_at=row["released_at"],
        closed_at=row["closed_at"],
        version=row["version"],
    )
