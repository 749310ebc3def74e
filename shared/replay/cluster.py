"""A cluster as recording and playing see it: who it is, which topics it has, whether it was marked as production.

The mark is a topic, `carejourney-production`: it lies on the cluster itself, so that no client can forget it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType

from shared.broker import PRODUCTION_MARK
from shared.replay.recording import RecordingFailed

SECONDS = 10.0
TIME_AHEAD = "message.timestamp.after.max.ms"


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a broker said of its cluster. `partitions` is by topic."""

    id: str
    partitions: dict[str, int]

    @property
    def is_production(self) -> bool:
        """Whether somebody has marked it."""
        return PRODUCTION_MARK in self.partitions


def look(bootstrap: str) -> Cluster:
    """Ask a broker. Raises `RecordingFailed` when none answers."""
    try:
        said = _admin(bootstrap).list_topics(timeout=SECONDS)
    except KafkaException:
        raise RecordingFailed(f"no broker answers at {bootstrap}: see `journey status`, or give --kafka") from None
    return Cluster(str(said.cluster_id), {name: len(topic.partitions) for name, topic in said.topics.items()})


def times_ahead_ms(bootstrap: str, topics: Iterable[str]) -> dict[str, int]:
    """How far in the future a record's time may lie, by topic."""
    wanted = [ConfigResource(ResourceType.TOPIC, name) for name in topics]
    admin = _admin(bootstrap)  # it has to live until its answers are there
    answers = admin.describe_configs(wanted, request_timeout=SECONDS) if wanted else {}
    return {resource.name: int(answer.result()[TIME_AHEAD].value) for resource, answer in answers.items()}


def _admin(bootstrap: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, "socket.timeout.ms": int(SECONDS * 1000)})
