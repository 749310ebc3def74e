"""Drawing a projection, or a service's copies of what others own, anew from the topics, while everything runs on.

It is one transaction. The inbox is locked first, so the service's consumer waits, and goes on afterwards with what the
rebuild has not seen; pages show the old rows until the commit. What is parked stays parked.

Invariant: all of it or nothing; what commands decided is never touched, because no topic could bring it back.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from sqlalchemy import MetaData
from sqlalchemy.exc import DBAPIError

from shared import inbox
from shared.consuming import to_record
from shared.database import Database
from shared.effects import Unreadable, read
from shared.hosting import Service
from shared.inbox import Received, Record
from shared.lanes import Lane
from shared.messages import topic_of
from shared.replay.player import Progress
from shared.replay.recording import RecordingFailed
from shared.replay.states import TableState, own_tables, state_of
from shared.work import Work

BATCH = 1_000
LOCK = "LOCK TABLE inbox IN EXCLUSIVE MODE"
FORGET = ("DELETE FROM inbox", "DELETE FROM aggregate_version")
LIFT = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What came of it. `unreadable` records have no effect; `before` and `after` are of the drawn tables only."""

    records: int
    unreadable: int
    before: dict[str, TableState]
    after: dict[str, TableState]


async def rebuild(
    service: Service, database: Database, bootstrap: str, lane: Lane, progress: Progress, *, keep: bool = True
) -> Rebuilt:
    """Draw the service's drawn tables anew; with `keep` false only say what would come of it.

    Raises `RecordingFailed` when the service has none, or the broker does not answer; then nothing has changed.
    """
    drawing = _Drawing(service)
    try:
        async with database.work() as work:
            rebuilt = await drawing.run(work, bootstrap, lane, progress)
            if not keep:
                await work.session.rollback()
    except KafkaError as fault:
        raise RecordingFailed(f"the broker does not answer ({type(fault).__name__}): nothing was changed") from None
    except (asyncpg.PostgresError, DBAPIError) as fault:
        raise RecordingFailed(f"the database refused ({type(fault).__name__}): nothing was changed") from None
    return rebuilt


class _Drawing:
    """Which tables are drawn, from which events, by whom."""

    def __init__(self, service: Service) -> None:
        reactions = service.reactions
        self._projection, self._drawn = reactions.projection, reactions.drawn
        if self._projection is not None:
            self._tables = [table.name for table in own_tables(service.metadata)]
            self._events = set(reactions.projected)
        else:
            self._tables, self._events = list(self._drawn.tables), set(self._drawn.handlers)
        if not self._tables:
            raise RecordingFailed(
                f"{service.name} has no table that only events write: what commands decided comes from its backups"
            )
        self._types = frozenset(str(event.type) for event in self._events)
        self._metadata = MetaData()
        for name in self._tables:
            service.metadata.tables[name].to_metadata(self._metadata)

    async def run(self, work: Work, bootstrap: str, lane: Lane, progress: Progress) -> Rebuilt:
        """Empty the tables and take every event again."""
        connection = await work.sql()
        await connection.execute(LIFT)
        await connection.execute(LOCK)
        before = await state_of(connection, self._metadata)
        emptied = [f'DELETE FROM "{table}"' for table in self._tables]  # noqa: S608 - the service's own tables
        for statement in (*emptied, *(FORGET if self._projection else ())):
            await connection.execute(statement)
        records = unreadable = 0
        topics = sorted({lane.topic(topic_of(event)) for event in self._events})
        async for batch, total in _everything(bootstrap, topics, lane):
            found = [read(record, self._types) for record in batch]
            await self._take([one for one in found if isinstance(one, Received)], work)
            records += len(batch)
            unreadable += sum(isinstance(one, Unreadable) for one in found)
            progress(records, total)
        after = await state_of(await work.sql(), self._metadata)
        return Rebuilt(records=records, unreadable=unreadable, before=before, after=after)

    async def _take(self, received: Sequence[Received], work: Work) -> None:
        if self._projection is not None:
            await self._projection(await inbox.take(await work.sql(), received), work)
            return
        for one in received:
            await self._drawn.handlers[type(one.event)](one.event, work)


async def _everything(bootstrap: str, topics: Sequence[str], lane: Lane) -> AsyncIterator[tuple[list[Record], int]]:
    """Every record up to the ends as they are now, in batches, with the number of all; in order in each partition."""
    consumer: Any = AIOKafkaConsumer(
        *topics, bootstrap_servers=bootstrap, client_id="journey-rebuild", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        places = consumer.assignment()
        begins, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        total = sum(ends[place] - begins[place] for place in places)
        left = {place for place in places if ends[place] > begins[place]}
        while left:
            found = await consumer.getmany(*left, timeout_ms=1_000, max_records=BATCH)
            records = [one for place, some in found.items() for one in some if one.offset < ends[place]]
            if records:
                yield [to_record(record, lane) for record in records], total
            left = {place for place in left if await consumer.position(place) < ends[place]}
    finally:
        await consumer.stop()
