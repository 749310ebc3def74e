"""The consumer: from Kafka to `Effects`, as a fixed member of the service's group.

Invariant: a record is acknowledged to Kafka only after its effect, or its parking, has been committed. It is
acknowledged a few times a second, not by the batch: what is read again after a crash, the inbox knows.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from shared import broker
from shared.effects import Effects, Outage
from shared.inbox import Record
from shared.lanes import NO_LANE, Lane
from shared.log import logger
from shared.telemetry import Telemetry

OUTAGE_PAUSE_SECONDS = 0.25
RETRY_SECONDS = 0.5
ACKNOWLEDGE_SECONDS = 0.25
PATIENCE_SECONDS = 2.0
"""How long Kafka is waited for where something else has to go on: the measuring, the end of the process."""

log = logger(__name__)


class Consumer:
    """One service's member of its consumer group.

    After a batch it rests for `rest_seconds`, so that the next one is larger: for projections, which cost by the batch.
    """

    def __init__(
        self,
        *,
        service: str,
        instance: str,
        bootstrap: str,
        topics: tuple[str, ...],
        effects: Effects,
        rest_seconds: float,
        telemetry: Telemetry,
        lane: Lane = NO_LANE,
    ) -> None:
        self._service = service
        self._instance = instance
        self._bootstrap = bootstrap
        self._topics = tuple(map(lane.topic, topics))
        self._lane = lane
        self._effects = effects
        self._rest_seconds = rest_seconds
        self._telemetry = telemetry
        self._in_hand: tuple[ConsumerRecord[Any, Any], ...] = ()
        self._client: Any = None
        self._acknowledged_at = 0.0

    async def run(self) -> None:
        """Consume until cancelled; waits for Kafka when it is not there."""
        while True:
            kafka, subscriber = self._subscribe()
            try:
                await kafka.start()
                self._client = subscriber.consumer
                await asyncio.Event().wait()
            except (KafkaError, OSError) as fault:
                log.warning("kafka-unreachable", error=type(fault).__name__)
                await asyncio.sleep(RETRY_SECONDS)
            finally:
                await self._acknowledge_soon()
                self._client = None
                await kafka.stop()

    async def taken(self) -> dict[str, int]:
        """`topic:partition` → offset of the next record to take. Empty while there is no connection."""
        if self._client is None:
            return {}
        offsets = {place: await self._client.position(place) for place in self._client.assignment()}
        for record in reversed(self._in_hand):
            offsets[TopicPartition(record.topic, record.partition)] = record.offset
        return {f"{place.topic}:{place.partition}": offset for place, offset in offsets.items()}

    async def measure(self) -> None:
        """Set the lag by topic from what the last fetches said, and acknowledge what is still open.

        A consumer that is cut off keeps its last lag and has no partitions.
        """
        if not self._in_hand:
            await self._acknowledge_soon()
        taken = await self.taken()
        partitions = Counter(name.rpartition(":")[0] for name in taken)
        for topic in self._topics:
            self._telemetry.consumer_partitions.labels(topic=topic).set(partitions[topic])
        if not taken:
            return
        lag = dict.fromkeys(self._topics, 0)
        for name, offset in taken.items():
            topic, _, partition = name.rpartition(":")
            end = self._client.highwater(TopicPartition(topic, int(partition))) or offset
            lag[topic] += max(0, end - offset)
        for topic, records in lag.items():
            self._telemetry.consumer_lag.labels(topic=topic).set(records)

    def _subscribe(self) -> tuple[KafkaBroker, Any]:
        kafka = broker.consuming_broker(self._bootstrap, f"{self._service}-{self._instance}")
        subscriber = kafka.subscriber(
            *self._topics,
            **broker.subscription(self._lane.group(self._service), self._instance),
            ack_policy=AckPolicy.MANUAL,
            parser=self._parse,
            decoder=_as_it_came,
        )
        subscriber(self._take)
        return kafka, subscriber

    async def _parse(self, records: Any, original: Any) -> Any:  # noqa: ANN401 - FastStream's own types
        """Keep FastStream away from headers and values: one byte that it cannot decode would spin for ever."""
        self._in_hand = records
        message = await original((_bare(records[0]),))
        message.raw_message = records
        return message

    async def _take(self, records: Any) -> None:  # noqa: ANN401
        """Take a batch, waiting for the database where it is away."""
        batch = [to_record(record, self._lane) for record in records]
        taken = False
        try:
            while not await self._taken_once(batch):  # noqa: ASYNC110 - no signal says that a server is back
                await asyncio.sleep(OUTAGE_PAUSE_SECONDS)
            taken = True
        finally:
            self._in_hand = ()
            if not taken and self._client is not None:
                for record in reversed(records):
                    self._client.seek(TopicPartition(record.topic, record.partition), record.offset)
        if monotonic() > self._acknowledged_at + ACKNOWLEDGE_SECONDS:
            await self._acknowledge()
        await asyncio.sleep(self._rest_seconds)

    async def _acknowledge(self) -> None:
        """Commit the positions; everything before them has been taken."""
        if self._client is not None:
            self._acknowledged_at = monotonic()
            await self._client.commit()

    async def _acknowledge_soon(self) -> None:
        """The same, or not where Kafka is away: what is not acknowledged comes again and is passed over."""
        with suppress(KafkaError, OSError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._acknowledge()

    async def _taken_once(self, batch: list[Record]) -> bool:
        try:
            await self._effects.take(batch)
        except Outage:
            log.warning("database-unreachable")
            return False
        return True


async def _as_it_came(message: Any) -> Any:  # noqa: ANN401
    return message.raw_message


def to_record(record: ConsumerRecord[Any, Any], lane: Lane) -> Record:
    """Aiokafka's record as ours, its topic as it is called without a lane."""
    return Record(
        topic=lane.short(record.topic),
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=tuple(record.headers),
        written_at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
    )


def _bare(record: ConsumerRecord[Any, Any]) -> ConsumerRecord[Any, Any]:
    """The record without what a parser could choke on."""
    return ConsumerRecord(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp=record.timestamp,
        timestamp_type=record.timestamp_type,
        key=None,
        value=b"",
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=(),
    )
