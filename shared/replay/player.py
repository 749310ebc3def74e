"""From a recording to topics: in order, each record once, at its pace; and where it stopped, on from there.

Invariant: the records of a partition are sent in their order, in whole batches that the broker takes or refuses, one at
a time; what the run's file says was sent has been acknowledged.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import islice
from time import monotonic
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from shared.broker import producer
from shared.provisioning import TopicsFailed, create_topics
from shared.replay.pace import Pace
from shared.replay.plan import Plan
from shared.replay.recording import Entry, RecordingFailed

ROUND_RECORDS = 4_000
ROUND_BYTES = 4_000_000
ROUNDS_UNDER_WAY = 2
REMEMBER_SECONDS = 0.5

Progress = Callable[[int, int], None]
_partitioner = DefaultPartitioner()


async def play(plan: Plan, pace: Pace, progress: Progress) -> int:
    """Send what is planned; how many records this time. Raises `RecordingFailed`; then it can be gone on with.

    `progress` is told how many records of how many have been acknowledged.
    """
    try:
        create_topics(plan.wishes.bootstrap, plan.new_topics)
    except TopicsFailed as failure:
        raise RecordingFailed(str(failure)) from None
    kafka = producer(plan.wishes.bootstrap, "journey-replay")
    begun_at = plan.run.sent
    plan.file.write(plan.run)
    try:
        await kafka.start()
        await _Sending(plan, kafka, progress).run(pace)
    except KafkaError as fault:
        raise RecordingFailed(
            f"the broker refused or went away ({type(fault).__name__}): go on with --run {plan.run.name}"
        ) from None
    finally:
        await kafka.stop()
    if plan.run.sent != plan.records:
        raise RecordingFailed(
            f"{plan.run.sent} records of {plan.records} were sent: the recording has changed meanwhile"
        )
    plan.file.forget()
    return plan.run.sent - begun_at


class _Sending:
    """Gathers records into a batch a partition, and sends all of these together: one round."""

    def __init__(self, plan: Plan, kafka: AIOKafkaProducer, progress: Progress) -> None:
        self._plan = plan
        self._kafka = kafka
        self._progress = progress
        self._batches: dict[tuple[str, int], Any] = {}
        self._records = 0
        self._bytes = 0
        self._read = plan.run.sent
        self._under_way: deque[tuple[int, list[asyncio.Future[Any]]]] = deque()
        self._futures: list[asyncio.Future[Any]] = []
        self._remembered_at = monotonic()

    async def run(self, pace: Pace) -> None:
        """Send everything that is left, and wait for the last acknowledgement."""
        for entry in islice(self._plan.entries(), self._read, None):
            if pace.next(entry.timestamp):
                await self._send_round()
                await pace.until_due()
            await self._add(self._plan.change(entry))
            if self._records >= ROUND_RECORDS or self._bytes >= ROUND_BYTES:
                await self._send_round()
        await self._send_round()
        while self._under_way:
            await self._acknowledged()
        self._remember()

    async def _add(self, entry: Entry) -> None:
        topic, partition = self._plan.wishes.lane.topic(entry.topic), self._partition(entry)
        while not self._fits(entry, topic, partition):
            if self._batches[topic, partition].record_count() == 0:
                raise RecordingFailed(f"{entry.place}: the record is larger than the topics take")
            await self._send(topic, partition)
        self._read += 1
        self._records += 1
        self._bytes += len(entry.value or b"")

    def _fits(self, entry: Entry, topic: str, partition: int) -> bool:
        batch = self._batches.get((topic, partition))
        if batch is None:
            batch = self._batches[topic, partition] = self._kafka.create_batch()
        added = batch.append(timestamp=entry.timestamp, key=entry.key, value=entry.value, headers=list(entry.headers))
        return added is not None

    def _partition(self, entry: Entry) -> int:
        """As recorded; a masked key goes where every client would look for it."""
        if not self._plan.wishes.mask or entry.key is None:
            return entry.partition
        places = list(range(self._plan.partitions[entry.topic]))
        partition: int = _partitioner(entry.key, places, places)
        return partition

    async def _send(self, topic: str, partition: int) -> None:
        batch = self._batches.pop((topic, partition))
        batch.close()
        self._futures.append(await self._kafka.send_batch(batch, topic, partition=partition))

    async def _send_round(self) -> None:
        """Send what was gathered; what was acknowledged meanwhile is remembered."""
        for topic, partition in list(self._batches):
            await self._send(topic, partition)
        if self._futures:
            self._under_way.append((self._read, self._futures))
        self._futures, self._records, self._bytes = [], 0, 0
        while self._under_way and (
            len(self._under_way) > ROUNDS_UNDER_WAY or all(future.done() for future in self._under_way[0][1])
        ):
            await self._acknowledged()

    async def _acknowledged(self) -> None:
        read, futures = self._under_way.popleft()
        await asyncio.gather(*futures)
        self._plan.run.sent = read
        if monotonic() > self._remembered_at + REMEMBER_SECONDS:
            self._remember()

    def _remember(self) -> None:
        self._plan.file.write(self._plan.run)
        self._progress(self._plan.run.sent, self._plan.records)
        self._remembered_at = monotonic()
