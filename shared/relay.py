"""The relay: from the outbox to Kafka, in order per key, and only then out of the outbox.

Invariant: a row is deleted only after the broker has acknowledged it, and a row of a shard is sent by one relay at a
time: the one that holds the shard's session advisory lock on the connection that reads and deletes. No transaction is
open while it sends, and there is no "last id": what is still in the table is what is still to be sent.

All rows of one partition go as one batch, which Kafka takes whole or not at all: a failure can therefore double what
was sent, which the inbox forgives, but never put a later event before an earlier one.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from shared import broker
from shared.bell import CHANNEL
from shared.database import DRIVER_FAULTS, Database
from shared.lanes import NO_LANE, Lane
from shared.log import logger
from shared.outbox import unpack_headers
from shared.tables import SHARDS
from shared.telemetry import Telemetry
from shared.tracing import NOT_RECORDED, Sending

LOCK_CLASS = 0x0B0C
BATCH_ROWS = 1_000
POLL_SECONDS = 0.5
RETRY_SECONDS = 0.5
DRAIN_SECONDS = 5.0

LOCK = "SELECT shard FROM unnest($1::int[]) AS shard WHERE pg_try_advisory_lock($2, shard)"
READ = "SELECT id, topic, key, headers, value FROM outbox WHERE shard = ANY($1::smallint[]) ORDER BY id LIMIT $2"
DELETE = "DELETE FROM outbox WHERE id = ANY($1::bigint[])"

log = logger(__name__)
_partitioner = DefaultPartitioner()
KNOWN_KEYS = 65_536


class Relay:
    """Sends a service's outbox until cancelled; outlives both the database's and Kafka's absence."""

    def __init__(
        self, database: Database, bootstrap: str, client_id: str, telemetry: Telemetry, lane: Lane = NO_LANE
    ) -> None:
        self._database = database
        self._lane = lane
        self._bootstrap = bootstrap
        self._client_id = client_id
        self._telemetry = telemetry
        self._woken = asyncio.Event()
        self._idle = asyncio.Event()
        self._shards: set[int] = set()

    def ring(self) -> None:
        """There is something in the outbox: look now. For those in this process; others are heard through the bell."""
        self._woken.set()

    async def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Before an end: send what is in the outbox by now. Returns at once where Kafka is away; the rows stay."""
        if self._shards:
            self._idle.clear()
            self._woken.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), seconds)

    async def run(self) -> None:
        """Connect, send, and start over whenever a connection is lost."""
        while True:
            try:
                await self._session()
            except (*DRIVER_FAULTS, KafkaError) as fault:
                log.warning("relay-interrupted", error=type(fault).__name__)
            await asyncio.sleep(RETRY_SECONDS)

    async def _session(self) -> None:
        """One life of both connections. The producer goes with the session: after a fault it starts afresh."""
        connection = await self._database.driver()
        try:
            producer = broker.producer(self._bootstrap, self._client_id)
            try:
                await producer.start()
                await connection.add_listener(CHANNEL, lambda *_: self._woken.set())
                await self._drain_for_ever(connection, producer)
            finally:
                with suppress(KafkaError, OSError):
                    await producer.stop()
        finally:
            self._shards.clear()
            connection.terminate()

    async def _drain_for_ever(self, connection: Any, producer: AIOKafkaProducer) -> None:  # noqa: ANN401
        while True:
            self._woken.clear()
            await self._take_shards(connection)
            while await self._send_some(connection, producer):
                pass
            if not self._woken.is_set():
                self._idle.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), POLL_SECONDS)

    async def _take_shards(self, connection: Any) -> None:  # noqa: ANN401
        """Try for every shard that nobody here holds; another relay's come free when its connection ends."""
        wanted = [shard for shard in range(SHARDS) if shard not in self._shards]
        if wanted:
            self._shards.update(row["shard"] for row in await connection.fetch(LOCK, wanted, LOCK_CLASS))

    async def _send_some(self, connection: Any, producer: AIOKafkaProducer) -> bool:  # noqa: ANN401
        """Send the oldest rows and delete what was acknowledged. False when nothing more waits."""
        rows = await connection.fetch(READ, sorted(self._shards), BATCH_ROWS)
        if not rows:
            return False
        groups = await _by_partition(producer, rows, self._lane)
        outcomes = await asyncio.gather(
            *(
                _send(producer, topic, partition, group, self._telemetry.tracing.sending(topic))
                for (topic, partition), group in groups.items()
            ),
            return_exceptions=True,
        )
        sent = [row_id for outcome in outcomes if not isinstance(outcome, BaseException) for row_id in outcome]
        if sent:
            await connection.execute(DELETE, sent)
            self._telemetry.relayed_total.inc(len(sent))
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return len(rows) == BATCH_ROWS or len(sent) < len(rows)


async def _by_partition(
    producer: AIOKafkaProducer, rows: Sequence[Any], lane: Lane
) -> dict[tuple[str, int], list[Any]]:
    """Rows by the partition that any Kafka client would choose for their key, in order."""
    partitions = {
        topic: tuple(sorted(await producer.partitions_for(topic)))
        for topic in {lane.topic(row["topic"]) for row in rows}
    }
    groups: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for row in rows:
        topic = lane.topic(row["topic"])
        groups[topic, _partition_of(row["key"], partitions[topic])].append(row)
    return groups


@lru_cache(maxsize=KNOWN_KEYS)
def _partition_of(key: str, partitions: tuple[int, ...]) -> int:
    """Kafka's own choice; its hash in Python costs more than all else about a row, and keys come again and again."""
    partition: int = _partitioner(key.encode(), partitions, partitions)
    return partition


async def _send(
    producer: AIOKafkaProducer, topic: str, partition: int, rows: Sequence[Any], sending: Sending = NOT_RECORDED
) -> list[int]:
    """Send as much of one partition as fits into a batch. Returns the ids that Kafka has acknowledged."""
    batch = producer.create_batch()
    taken: list[int] = []
    for row in rows:
        headers = sending.headers(unpack_headers(row["headers"]))
        if batch.append(key=row["key"].encode(), value=row["value"], timestamp=None, headers=headers) is None:
            break
        taken.append(row["id"])
    batch.close()
    await (await producer.send_batch(batch, topic, partition=partition))
    sending.sent(len(taken))
    return taken
