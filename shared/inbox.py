"""The inbox: which events this service has taken, so that each takes effect once, in order, however often it comes.

Invariant: the row that remembers an event is written in the transaction of its effect. Of one aggregate a version that
is not above the last one taken is ignored; a gap is no reason to stop. Events of an aggregate whose earlier event is
parked queue behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.envelope import Envelope
from shared.messages import Event
from shared.outbox import pack_headers

TAKE = "INSERT INTO inbox (event_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING RETURNING event_id"
VERSIONS = "SELECT aggregate, version FROM aggregate_version WHERE aggregate = ANY($1::text[])"
REMEMBER_VERSIONS = """
INSERT INTO aggregate_version (aggregate, version) SELECT * FROM unnest($1::text[], $2::bigint[])
ON CONFLICT (aggregate) DO UPDATE SET version = greatest(aggregate_version.version, excluded.version)
"""
PARKED_AGGREGATES = "SELECT DISTINCT aggregate FROM parked WHERE aggregate = ANY($1::text[])"
PARK = """
INSERT INTO parked (topic, partition, "offset", aggregate, type, key, headers, value, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (topic, partition, "offset") DO NOTHING RETURNING id
"""
BEHIND = "behind-a-parked-event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A Kafka record as it came, bytes untouched."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    written_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An event that this service reacts to, with where it came from. `aggregate` is as `Envelope.aggregate`."""

    record: Record
    envelope: Envelope
    event: Event
    aggregate: str


async def take(connection: Any, received: Sequence[Received]) -> list[Received]:  # noqa: ANN401 - asyncpg has no types
    """Remember these events as taken. Returns those whose effect is still to come, in order."""
    free = await _without_parked(connection, received)
    taken = {row["event_id"] for row in await connection.fetch(TAKE, [one.envelope.event_id for one in free])}
    aggregates = list({one.aggregate for one in free})
    last = {row["aggregate"]: row["version"] for row in await connection.fetch(VERSIONS, aggregates)}
    fresh = []
    seen: set[UUID] = set()
    for one in free:
        event_id, version = one.envelope.event_id, one.event.aggregate_version
        if event_id not in taken or event_id in seen or version <= last.get(one.aggregate, 0):
            continue
        seen.add(event_id)
        last[one.aggregate] = version
        fresh.append(one)
    if fresh:
        changed = {one.aggregate for one in fresh}
        await connection.execute(REMEMBER_VERSIONS, list(changed), [last[aggregate] for aggregate in changed])
    return fresh


async def _without_parked(connection: Any, received: Sequence[Received]) -> list[Received]:  # noqa: ANN401
    """Queue behind their parked predecessor what belongs there; the rest goes on."""
    aggregates = list({one.aggregate for one in received})
    parked = {row["aggregate"] for row in await connection.fetch(PARKED_AGGREGATES, aggregates)}
    for one in received:
        if one.aggregate in parked:
            await park(connection, one.record, aggregate=one.aggregate, event_type=one.envelope.type, reason=BEHIND)
    return [one for one in received if one.aggregate not in parked]


async def park(
    connection: Any,  # noqa: ANN401
    record: Record,
    *,
    aggregate: str | None,
    event_type: str | None,
    reason: str,
) -> bool:
    """Put a record aside as it came. `reason` is a code or an error's type, never a value. False if it lies there."""
    row = await connection.fetchrow(
        PARK,
        record.topic,
        record.partition,
        record.offset,
        aggregate,
        event_type,
        record.key,
        pack_headers(record.headers),
        record.value,
        reason,
    )
    return row is not None
