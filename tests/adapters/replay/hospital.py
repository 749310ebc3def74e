"""Records to be recorded: everything that Kafka can hold, and plain events."""

import asyncio
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from shared.broker import Topic, producer
from shared.envelope import Origin, caused_by, seal
from shared.ids import new_id
from shared.lanes import Lane
from shared.messages import Event
from shared.messages.registration.patients import PatientDeceased, PatientRegistered
from shared.provisioning import create_topics
from shared.replay.plan import Wishes
from shared.replay.recorder import record
from shared.replay.recording import Entry

BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)
ODD = (
    (b"key", b'{"plain":1}', (("a", b"1"), ("a", b"2"), ("b", None), ("a", b"1"), ("", b""))),
    (b"", b"", ()),
    (None, b"no key", ()),
    (b"gone", None, (("ce_type", b"tombstone"),)),
    (None, None, ()),
    (bytes(range(256)), bytes(range(255, -1, -1)), (("bytes", bytes(range(256))), ("text", "床位".encode()))),
    ("键".encode(), b'{ "spaces" : 1.0 , "a":1, "a":2 }', ()),
    (b"{}", b'{"n":123456789012345678901234567890,"f":1e400,"s":"\\u00e9\xc3\xa9"}', ()),
    (b"null", b"null", (("json", b"{"),)),
    (b"[1]", b"[" * 400 + b"]" * 400, ()),
    (b"large", os.urandom(900_000), (("large", b"x" * 1000),)),
    (b"large text", ("字" * 300_000).encode(), ()),
)
"""Key, value and headers of records that a careless recorder would spoil."""


async def put(bootstrap: str, topic: str, records: Iterable[tuple], partition: int | None = None) -> None:
    """Send key, value, headers and, where there is a fourth, the time in milliseconds."""
    kafka: AIOKafkaProducer = producer(bootstrap, "hospital")
    await kafka.start()
    try:
        for key, value, headers, *time in records:
            batch = kafka.create_batch()
            batch.append(key=key, value=value, headers=list(headers), timestamp=time[0] if time else None)
            batch.close()
            places = await kafka.partitions_for(topic)
            place = partition if partition is not None else hash(key) % len(places)
            await (await kafka.send_batch(batch, topic, partition=place))
    finally:
        await kafka.stop()


async def kept(bootstrap: str, topic: str) -> dict[int, list[tuple]]:
    """Partition → what it holds, in order: time and its type, key, value, headers."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        places = consumer.assignment()
        ends = await consumer.end_offsets(places)
        found: dict[int, list[tuple]] = {place.partition: [] for place in places}
        while sum(map(len, found.values())) < sum(ends.values()):
            for place, records in (await consumer.getmany(timeout_ms=200)).items():
                found[place.partition] += [
                    (one.timestamp, one.timestamp_type, one.key, one.value, tuple(one.headers)) for one in records
                ]
        return found
    finally:
        await consumer.stop()


def event_record(event: Event, at: datetime, cause: Origin | None = None) -> tuple:
    """An event as `put` takes it, sent at the moment that it happened."""
    if cause is None:
        sealed = seal(event, at)
    else:
        with caused_by(cause):
            sealed = seal(event, at)
    return sealed.key.encode(), sealed.value, tuple(sealed.headers), round(at.timestamp() * 1000)


def registered(patient_id, version: int = 1, at: datetime = BEGAN) -> PatientRegistered:
    """A patient becomes known."""
    return PatientRegistered(
        patient_id=patient_id,
        sex="F",
        birth_month=date(1970, 5, 1),
        insutype="310",
        retired=False,
        low_income=False,
        registered_at=at,
        aggregate_version=version,
    )


def deceased(patient_id, version: int = 2) -> PatientDeceased:
    """A patient has died."""
    return PatientDeceased(patient_id=patient_id, deceased_on=date(2026, 3, 2), aggregate_version=version)


def patients(number: int, seconds: float = 1.0) -> list[tuple]:
    """Registrations of that many new patients, so many seconds apart."""
    instants = [BEGAN + timedelta(seconds=each * seconds) for each in range(number)]
    return [event_record(registered(new_id(), at=at), at) for at in instants]


@dataclass
class Hospital:
    """A topic of events on a broker, and a folder for recordings."""

    bootstrap: str
    folder: Path
    topic: str
    partitions: int

    async def put(self, records: Iterable[tuple], partition: int | None = None) -> None:
        """Send these to the topic."""
        await put(self.bootstrap, self.topic, records, partition)

    async def put_fast(self, records: list[tuple]) -> None:
        """Send very many, spread over the partitions."""
        kafka = producer(self.bootstrap, "hospital")
        await kafka.start()
        try:
            for start in range(0, len(records), 1_000):
                some = records[start : start + 1_000]
                sent = [
                    await kafka.send(self.topic, value, key=key, headers=list(headers), timestamp_ms=time)
                    for key, value, headers, time in some
                ]
                await asyncio.gather(*sent)
        finally:
            await kafka.stop()

    async def count(self, lane: str | None = None) -> int:
        """How many records the topic of a lane holds by its ends; 0 where there is no such topic."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap)
        await consumer.start()
        try:
            topic = Lane(lane).topic(self.topic)
            if topic not in await consumer.topics():
                return 0
            places = [TopicPartition(topic, each) for each in range(self.partitions)]
            return sum((await consumer.end_offsets(places)).values())
        finally:
            await consumer.stop()

    async def recorded(self, name: str = "day") -> Path:
        """The topic's records in a file."""
        path = self.folder / name
        await record(self.bootstrap, [self.topic], Lane(), path, silently)
        return path

    def wishes(self, path: Path, lane: str | None, **more) -> Wishes:
        """To play a recording into a lane."""
        run = more.pop("run", None) or f"r{new_id().hex[-8:]}"
        return Wishes(path=path, bootstrap=self.bootstrap, run=run, runs=self.folder / "runs", lane=Lane(lane), **more)

    async def kept(self, lane: str | None = None) -> dict[int, list[tuple]]:
        """What the topic of a lane holds."""
        return await kept(self.bootstrap, Lane(lane).topic(self.topic))


async def new_hospital(bootstrap: str, folder: Path, partitions: int = 3) -> Hospital:
    """A hospital with a fresh topic."""
    topic = Topic(f"ward-{new_id().hex[-10:]}-events", partitions=partitions)
    await asyncio.to_thread(create_topics, bootstrap, [topic])
    return Hospital(bootstrap, folder, topic.name, partitions)


def lane() -> str:
    """A lane's name that nothing else has."""
    return f"l{new_id().hex[-10:]}"


def places_of(entries: Iterable[Entry]) -> list[tuple[int, int]]:
    """Partition and offset of each."""
    return [(entry.partition, entry.offset) for entry in entries]


def silently(_done: int, _total: int) -> None:
    """Nobody watches."""
