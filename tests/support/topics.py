"""Reading topics as they are, for tests that assert what was said; and saying all of it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aiokafka import AIOKafkaConsumer, ConsumerRecord

from cli.contracts.asyncapi import EXAMPLES
from shared.broker import TOPICS, producer
from shared.codec import decode
from shared.envelope import Envelope, unseal
from shared.ids import new_id
from shared.inbox import Record
from shared.messages import Event
from tests.support.service import NOON, record_of


@dataclass(frozen=True)
class Said:
    """An event as it stands on a topic."""

    topic: str
    envelope: Envelope
    event: Event
    causation: str
    record: ConsumerRecord

    @property
    def at(self) -> datetime:
        """Business time."""
        return self.envelope.time


async def everything_said(bootstrap: str) -> list[Said]:
    """Every event on the services' topics, in order of their ids' wall time; dead letters are left out."""
    topics = [topic.name for topic in TOPICS if not topic.name.endswith("-dead-letters")]
    records = await records_of(bootstrap, topics)
    said = [_said(record) for record in records]
    return sorted(said, key=lambda one: one.envelope.event_id)


async def records_of(bootstrap: str, topics: list[str]) -> list[ConsumerRecord]:
    """Every record from the beginning to the present end."""
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    try:
        await consumer.start()
        ends = {place: end for place, end in (await consumer.end_offsets(consumer.assignment())).items() if end}
        found: list[ConsumerRecord] = []
        while ends:
            for place, records in (await consumer.getmany(timeout_ms=200)).items():
                found += records
                if records[-1].offset + 1 >= ends.get(place, 0):
                    ends.pop(place, None)
        return found
    finally:
        await consumer.stop()


async def say_again(bootstrap: str, said: list[Said]) -> None:
    """Put every record on its topic once more, the same in everything but its offset."""
    await produce(bootstrap, [one.record for one in said])


async def produce(bootstrap: str, records: Sequence[ConsumerRecord | Record]) -> None:
    """Send records as they are, in order."""
    kafka = producer(bootstrap, f"sender-{new_id()}")
    await kafka.start()
    try:
        for record in records:
            await kafka.send(record.topic, record.value, key=record.key, headers=list(record.headers))
        await kafka.flush()
    finally:
        await kafka.stop()


def example_record(event_type: str) -> Record:
    """The stored example of a type as Kafka would give it."""
    return record_of(decode(event_type, (EXAMPLES / event_type / "1.json").read_bytes()), NOON)


def _said(record: ConsumerRecord) -> Said:
    envelope = unseal(record.headers)
    causation = dict(record.headers)["causationid"].decode()
    return Said(record.topic, envelope, decode(envelope.type, record.value), causation, record)
