"""Recordings as test material: a recording, or a part of one, is played into a service under test.

Invariant: each replay has a lane of its own and comes back when the service has taken all of it; nothing else of the
service runs, so that what its database holds then is what the events have made of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.broker import TOPICS, Topic, producer
from shared.ids import new_id
from shared.inbox import Record
from shared.lanes import Lane
from shared.provisioning import create_topics
from shared.replay.hearing import hear
from shared.replay.pace import Pace
from shared.replay.plan import Wishes, plan
from shared.replay.player import play
from shared.replay.recorder import record
from tests.support.kafka import TestBroker
from tests.support.service import ServiceUnderTest

JOURNEYS = Path(__file__).resolve().parents[2] / "docs" / "journeys"
EVENT_TOPICS = tuple(topic for topic in TOPICS if not topic.name.endswith("-dead-letters"))


@dataclass
class Replaying:
    """Plays and records on the tests' broker."""

    bootstrap: str
    folder: Path

    async def into(self, service: ServiceUnderTest, recording: Path, **wishes: Any) -> Lane:
        """Play a recording into a fresh lane and let the service take it; extra arguments are as in `Wishes`."""
        lane = new_lane()
        run = new_id().hex
        wanted = Wishes(path=recording, bootstrap=self.bootstrap, run=run, runs=self.folder, lane=lane, **wishes)
        await play(plan(wanted), Pace(None), silently)
        await hear(service.host, self.bootstrap, lane)
        return lane

    async def lane_with(self, records: Sequence[Record], partitions: int = 3) -> Lane:
        """A fresh lane of the suite's topics that holds these records."""
        lane = new_lane()
        create_topics(self.bootstrap, [Topic(lane.topic(topic.name), partitions=partitions) for topic in EVENT_TOPICS])
        await self.say(lane, records)
        return lane

    async def say(self, lane: Lane, records: Sequence[Record]) -> None:
        """Put records on a lane's topics."""
        kafka = producer(self.bootstrap, "replaying")
        await kafka.start()
        try:
            for one in records:
                await kafka.send(lane.topic(one.topic), one.value, key=one.key, headers=list(one.headers))
            await kafka.flush()
        finally:
            await kafka.stop()

    async def recorded(self, lane: Lane, name: str = "day") -> Path:
        """A recording of a lane."""
        path = self.folder / name
        await record(self.bootstrap, [topic.name for topic in EVENT_TOPICS], lane, path, silently)
        return path


@pytest.fixture
def replaying(apache_kafka: TestBroker, tmp_path: Path) -> Replaying:
    """Recordings played into services under test."""
    return Replaying(apache_kafka.bootstrap, tmp_path)


def new_lane() -> Lane:
    """A lane that nothing else has."""
    return Lane(f"t{new_id().hex[-12:]}")


def silently(_done: int, _total: int) -> None:
    """Nobody watches."""
