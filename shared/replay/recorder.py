"""From topics to a file: every record that was there when it began, in the order of time across partitions.

Invariant: of every partition exactly the offsets from its beginning to the end read at the start are recorded. Memory
stays flat: at most a handful of records of each partition wait for their turn.
"""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from shared.clock import wall_now
from shared.codec import schema
from shared.lanes import Lane
from shared.messages import EVENTS
from shared.replay.cluster import look
from shared.replay.recording import Entry, Head, RecordedTopic, RecordingFailed, Trailer
from shared.replay.writing import Writing

AT_ONCE = 256
WAIT_MS = 1_000
PATIENCE_SECONDS = 60.0
TELL_RECORDS = 2_000

Progress = Callable[[int, int], None]


async def record(bootstrap: str, topics: Sequence[str], lane: Lane, path: Path, progress: Progress) -> Trailer:
    """Record these topics of a lane into `path`; goes on with `path.part` where there is one.

    `progress` is told how many records of how many are in the file. Raises `RecordingFailed`.
    """
    cluster = look(bootstrap)
    missing = [name for name in topics if lane.topic(name) not in cluster.partitions]
    if missing:
        raise RecordingFailed(f"no topic {', '.join(missing)} at {bootstrap}: see `journey topics ls`")
    places = [
        TopicPartition(lane.topic(name), partition)
        for name in topics
        for partition in range(cluster.partitions[lane.topic(name)])
    ]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        client_id="journey-replay",
        auto_offset_reset="none",
        enable_auto_commit=False,
        max_partition_fetch_bytes=256 * 1024,
        fetch_max_bytes=8 * 1024 * 1024,
    )
    try:
        await consumer.start()
        consumer.assign(places)
        head = await _head(consumer, places, topics, lane, cluster.id)
        with Writing(path, head) as writing:
            await _Merge(consumer, lane, writing, progress).run()
            return writing.finish()
    except KafkaError as fault:
        raise RecordingFailed(
            f"the broker refused or went away ({type(fault).__name__}): run the same command again to go on"
        ) from None
    finally:
        await consumer.stop()


async def _head(
    consumer: AIOKafkaConsumer, places: Sequence[TopicPartition], topics: Sequence[str], lane: Lane, cluster: str
) -> Head:
    begins, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)

    def bounds(name: str, offsets: dict[TopicPartition, int]) -> tuple[int, ...]:
        return tuple(offsets[place] for place in places if place.topic == lane.topic(name))

    return Head(
        tool=version("carejourney"),
        recorded_at=wall_now().isoformat(),
        cluster=cluster,
        lane=lane.name,
        topics=tuple(RecordedTopic(name=name, begins=bounds(name, begins), ends=bounds(name, ends)) for name in topics),
        schemas=schema_hashes(),
    )


def schema_hashes() -> dict[str, str]:
    """SHA-256 of the JSON Schema of every event type, as of this version."""
    return {
        name: hashlib.sha256(json.dumps(schema(message), sort_keys=True).encode()).hexdigest()
        for name, message in EVENTS.items()
    }


class _Merge:
    """Takes the earliest of all partitions' next records, again and again, until each partition is at its end."""

    def __init__(self, consumer: AIOKafkaConsumer, lane: Lane, writing: Writing, progress: Progress) -> None:
        self._consumer = consumer
        self._lane = lane
        self._writing = writing
        self._progress = progress
        self._ends: dict[TopicPartition, int] = {}
        self._waiting: dict[TopicPartition, deque[ConsumerRecord[Any, Any]]] = {}
        self._next: list[tuple[int, TopicPartition]] = []

    async def run(self) -> None:
        """Write everything. Raises `RecordingFailed` where records are gone or stay away."""
        starved = await self._open()
        while starved or self._next:
            starved = await self._fetch(starved) if starved else self._take()
            if self._writing.records % TELL_RECORDS == 0:
                self._progress(self._writing.records, self._writing.head.most)
        self._progress(self._writing.records, self._writing.head.most)

    async def _open(self) -> list[TopicPartition]:
        """Stand where each partition goes on; those that are at their end are left out."""
        begins = await self._consumer.beginning_offsets(self._consumer.assignment())
        for topic in self._writing.head.topics:
            for partition, end in enumerate(topic.ends):
                place = TopicPartition(self._lane.topic(topic.name), partition)
                position = self._writing.positions[topic.name, partition]
                self._consumer.seek(place, position)
                if position < min(begins[place], end):
                    raise RecordingFailed(f"{place.topic}, partition {partition}: records from {position} are deleted")
                if position < end:
                    self._ends[place], self._waiting[place] = end, deque()
        return list(self._ends)

    def _take(self) -> list[TopicPartition]:
        """Write the earliest record. The partition that has no next one now, if so."""
        _, place = heappop(self._next)
        waiting = self._waiting[place]
        self._writing.add(_entry(waiting.popleft(), self._lane))
        if not waiting:
            return [place]
        heappush(self._next, (waiting[0].timestamp, place))
        return []

    async def _fetch(self, starved: list[TopicPartition]) -> list[TopicPartition]:
        """Fetch for these. Those that are still without a record and not at their end."""
        open_ = [place for place in starved if await self._consumer.position(place) < self._ends[place]]
        if not open_:
            return []
        deadline = monotonic() + PATIENCE_SECONDS
        while not (found := await self._consumer.getmany(*open_, timeout_ms=WAIT_MS, max_records=AT_ONCE)):
            positions = [await self._consumer.position(place) for place in open_]
            if any(position >= self._ends[place] for position, place in zip(positions, open_, strict=True)):
                break
            if monotonic() > deadline:
                raise RecordingFailed(f"{open_[0].topic}: nothing comes any more; run the same command again to go on")
        for place, records in found.items():
            waiting = self._waiting[place]
            waiting.extend(record for record in records if record.offset < self._ends[place])
            if waiting:
                heappush(self._next, (waiting[0].timestamp, place))
        return [place for place in open_ if not self._waiting[place]]


def _entry(record: ConsumerRecord[Any, Any], lane: Lane) -> Entry:
    return Entry(
        lane.short(record.topic),
        record.partition,
        record.offset,
        record.timestamp,
        record.timestamp_type,
        record.key,
        record.value,
        tuple(record.headers),
    )
