"""Two small services on a real broker: one that says things, one that notes what it hears. For tests of delivery.

The listener's effect is a row per event in the order taken; a second row for one event, or one out of order, shows.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from uuid import UUID

import pytest
from sqlalchemy import BigInteger, Column, Identity, Integer, MetaData, Table, Uuid

from shared.broker import TOPICS, Topic, dead_letters_of
from shared.clock import FixedClock
from shared.consuming import Consumer
from shared.database import Database, engine_for
from shared.effects import Effects
from shared.ids import new_id
from shared.messages.registration.patients import PatientDeceased
from shared.provisioning import create_topics
from shared.reactions import Reactions
from shared.relay import Relay
from shared.tables import machinery
from shared.telemetry import Telemetry
from shared.work import Work
from tests.support.kafka import TestBroker
from tests.support.postgres import Server
from tests.support.service import NOON
from tests.support.waiting import until

METADATA = MetaData()
machinery(METADATA)
Table(
    "heard",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("patient_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
)
TOPIC = "registration-events"
NAMES = count(1)


@dataclass
class Pair:
    """The speaker's and the listener's database, and the listener's moods."""

    speaker: Database
    listener: Database
    bootstrap: str
    name: str
    refuses: set[UUID] = field(default_factory=set)
    telemetry: Telemetry = field(default_factory=lambda: Telemetry("test"))

    async def say(self, patient_id: UUID, *versions: int) -> None:
        """Write events of one aggregate to the speaker's outbox, each in its own transaction."""
        for version in versions:
            async with self.speaker.work() as work:
                work.publish(death(patient_id, version))

    async def heard(self, patient_id: UUID) -> list[int]:
        """Versions that took effect, in the order they did."""
        async with self.listener.work() as work:
            query = "SELECT version FROM heard WHERE patient_id = $1 ORDER BY id"
            return [row["version"] for row in await (await work.sql()).fetch(query, patient_id)]

    async def outbox(self) -> int:
        """How many rows still wait."""
        async with self.speaker.work() as work:
            return await (await work.sql()).fetchval("SELECT count(*) FROM outbox")

    async def parked(self) -> list[str]:
        """Why each parked record is parked, in order."""
        async with self.listener.work() as work:
            return [row["reason"] for row in await (await work.sql()).fetch("SELECT reason FROM parked ORDER BY id")]

    async def parked_ids(self) -> list[int]:
        """The parked records, in order."""
        async with self.listener.work() as work:
            return [row["id"] for row in await (await work.sql()).fetch("SELECT id FROM parked ORDER BY id")]

    async def hears(self, patient_id: UUID, versions: list[int], seconds: float = 20.0) -> None:
        """Wait until exactly these have taken effect."""
        await until(lambda: self._equals(patient_id, versions), seconds=seconds)

    async def _equals(self, patient_id: UUID, versions: list[int]) -> bool:
        return await self.heard(patient_id) == versions

    def effects(self) -> Effects:
        """What the listener does with records."""

        async def note(event: PatientDeceased, work: Work) -> None:
            if event.patient_id in self.refuses:
                raise ValueError(event.patient_id)
            connection = await work.sql()
            await connection.execute(
                "INSERT INTO heard (patient_id, version) VALUES ($1, $2)", event.patient_id, event.aggregate_version
            )

        return Effects(self.name, self.listener, Reactions({PatientDeceased: note}), self.telemetry)

    def relaying(self) -> AbstractAsyncContextManager[None]:
        """The speaker's relay runs."""
        return running(Relay(self.speaker, self.bootstrap, f"{self.name}-relay", self.telemetry).run())

    def consuming(self) -> AbstractAsyncContextManager[None]:
        """The listener's consumer runs."""
        return running(self.consumer().run())

    def consumer(self) -> Consumer:
        """The listener's consumer."""
        return Consumer(
            service=self.name,
            instance="1",
            bootstrap=self.bootstrap,
            topics=(TOPIC,),
            effects=self.effects(),
            rest_seconds=0.0,
            telemetry=self.telemetry,
        )


def death(patient_id: UUID, version: int) -> PatientDeceased:
    """An event whose aggregate is the patient."""
    return PatientDeceased(patient_id=patient_id, deceased_on=date(2026, 1, 1), aggregate_version=version)


@asynccontextmanager
async def running(part) -> AsyncIterator[None]:
    """A part of a service, cancelled at the end."""
    task = asyncio.create_task(part)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def pair(postgres: Server, apache_kafka: TestBroker) -> AsyncIterator[Pair]:
    """A speaker and a listener on Apache Kafka, with empty tables and a consumer group of their own."""
    name = f"listener-{next(NAMES)}-{new_id().hex[-6:]}"
    await asyncio.to_thread(create_topics, apache_kafka.bootstrap, [*TOPICS, Topic(dead_letters_of(name))])
    with postgres.database() as speaker_url, postgres.database() as listener_url:
        engines = [engine_for(url, 5) for url in (speaker_url, listener_url)]
        for engine in engines:
            async with engine.begin() as connection:
                await connection.run_sync(METADATA.create_all)
        databases = [Database(engine, FixedClock(NOON)) for engine in engines]
        yield Pair(databases[0], databases[1], apache_kafka.bootstrap, name)
        for engine in engines:
            await engine.dispose()


@pytest.fixture
def patients() -> list[UUID]:
    """Twenty patients that no other test knows."""
    return [new_id() for _ in range(20)]
