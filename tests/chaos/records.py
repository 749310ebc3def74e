"""Kafka as the tests see it: reading topics, saying all of it again, saying what nobody can take, joining a group.

Invariant: nothing here moves a service's committed offsets.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from uuid import UUID

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata

from shared.broker import TOPICS
from shared.codec import Undecodable, decode
from shared.envelope import Headless, unseal
from shared.ids import new_id
from shared.messages import EVENTS
from tests.support.topics import records_of

EVENT_TOPICS = tuple(topic.name for topic in TOPICS if not topic.name.endswith("-dead-letters"))
DEAD_LETTERS = tuple(topic.name for topic in TOPICS if topic.name.endswith("-dead-letters"))
TOPIC, TYPE = "registration-events", "registration.patient-deceased.v1"
NOT_THERE_YET = "registration.patient-deceased.v99"
SUBSCRIBED = ("registration", "beds", "discharge", "followup", "console")
HEARD_BY = ("registration", "beds", "followup", "console")
LARGE_BYTES = 10_000_000
MOST_BYTES = 1_048_576
TRIES = 60
PAUSE_SECONDS = 0.25
T = TypeVar("T")
STRANGER = "chaos"
"""The cause that our own bad records name; they belong to nobody's aggregate and are never said again."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A record that cannot be taken. `parked_by` are the services that have to park it; nobody else may."""

    kind: str
    topic: str
    partition: int
    offset: int
    parked_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """An event as it stands on a topic. `cause` is what it names as its cause."""

    topic: str
    partition: int
    offset: int
    event_id: UUID
    type: str
    aggregate: str
    version: int
    cause: str


async def everything_said(bootstrap: str) -> list[Said]:
    """Every event of the event topics in the order of each partition; what cannot be read is left out."""
    found = (_said(record) for record in await records_of(bootstrap, list(EVENT_TOPICS)))
    return sorted((one for one in found if one), key=lambda one: (one.topic, one.partition, one.offset))


async def dead_letters(bootstrap: str) -> list[tuple[str, str, int, int]]:
    """Service, and topic, partition and offset of the record that it could not take, once for each letter."""
    letters = []
    for record in await records_of(bootstrap, list(DEAD_LETTERS)):
        headers = {name: (value or b"").decode("latin-1") for name, value in record.headers}
        service = record.topic.removesuffix("-dead-letters")
        letters.append((service, headers["dead-topic"], int(headers["dead-partition"]), int(headers["dead-offset"])))
    return letters


async def persevere(act: Callable[[], Awaitable[T]]) -> T:
    """Do it until Kafka lets us: other faults are under way. What was half said is said again, which is no fault."""
    for _ in range(TRIES):
        try:
            return await act()
        except (KafkaError, OSError):
            await asyncio.sleep(PAUSE_SECONDS)
    return await act()


async def say_again(bootstrap: str) -> int:
    """Put every event on its topic once more, each once, in order; how many."""
    first: dict[tuple[str, UUID], ConsumerRecord] = {}
    for record in sorted(await records_of(bootstrap, list(EVENT_TOPICS)), key=lambda one: (one.partition, one.offset)):
        said = _said(record)
        if said:
            first.setdefault((said.topic, said.event_id), record)
    await _produce(bootstrap, first.values())
    return len(first)


async def say_badly(bootstrap: str, kind: str, rng: random.Random) -> list[Bad]:
    """Say what cannot be taken, or what nobody knows yet; where it stands and who has to park it."""
    patient = str(UUID(int=rng.getrandbits(128)))
    nobody = {"patient_id": patient, "deceased_on": "2026-01-01", "aggregate_version": 1}
    whole = json.dumps(nobody).encode()
    said = {
        "poison-event": [
            (TYPE, b"\xff\xfe no json", HEARD_BY),
            (TYPE, whole, ("registration",)),
            (None, whole, SUBSCRIBED),
        ],
        "unknown-version": [(NOT_THERE_YET, whole, ())],
        "missing-field": [(TYPE, json.dumps({"patient_id": patient}).encode(), HEARD_BY)],
        "large": [(TYPE, b'{"patient_id": "' + b"0" * LARGE_BYTES + b'"}', HEARD_BY)],
    }[kind]
    bad = []
    for number, (event_type, value, parked_by) in enumerate(said):
        subject = patient if number == 0 else str(new_id())
        value = value.replace(patient.encode(), subject.encode())  # noqa: PLW2901 - an aggregate of its own each
        headers = _headers(event_type, subject) if event_type else []
        key = subject.encode() if event_type else b"\0\1 no text"
        sent = await persevere(partial(_send, bootstrap, value, key, headers))
        bad.append(Bad(kind, TOPIC, sent.partition, sent.offset, parked_by))
    return bad


async def join_for(bootstrap: str, service: str, seconds: float) -> None:
    """Be one more member of a service's group for so long, take what one is given, and do nothing with it."""
    stranger = AIOKafkaConsumer(
        *EVENT_TOPICS,
        bootstrap_servers=bootstrap,
        group_id=service,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        await stranger.start()
        await asyncio.sleep(seconds)
    except KafkaError:
        return
    finally:
        await stranger.stop()


def _headers(event_type: str, patient: str) -> list[tuple[str, bytes]]:
    texts = {
        "ce_specversion": "1.0",
        "ce_id": str(new_id()),
        "ce_source": "/carejourney/registration",
        "ce_type": event_type,
        "ce_time": "2026-03-02T06:00:00+00:00",
        "ce_subject": f"patient/{patient}",
        "causationid": STRANGER,
    }
    return [(name, text.encode()) for name, text in texts.items()]


def _producing(bootstrap: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        compression_type="zstd",
        max_request_size=LARGE_BYTES * 2,
        max_batch_size=LARGE_BYTES * 2,
    )


async def _send(bootstrap: str, value: bytes, key: bytes, headers: list[tuple[str, bytes]]) -> RecordMetadata:
    async with _producing(bootstrap) as kafka:
        return await kafka.send_and_wait(TOPIC, value, key=key, headers=headers)


async def _produce(bootstrap: str, records: Iterable[ConsumerRecord]) -> None:
    async with _producing(bootstrap) as kafka:
        sending = [
            await kafka.send(
                record.topic, record.value, key=record.key, partition=record.partition, headers=list(record.headers)
            )
            for record in records
            if record.value is None or len(record.value) < MOST_BYTES
        ]
        await asyncio.gather(*sending)


def _said(record: ConsumerRecord) -> Said | None:
    try:
        envelope = unseal(record.headers)
        version = decode(envelope.type, record.value or b"").aggregate_version if envelope.type in EVENTS else None
    except (Headless, Undecodable):
        return None
    if version is None:
        return None
    cause = (dict(record.headers).get("causationid") or b"").decode()
    if cause == STRANGER:
        return None
    return Said(
        record.topic,
        record.partition,
        record.offset,
        envelope.event_id,
        envelope.type,
        envelope.aggregate,
        version,
        cause,
    )
