"""Kafka, with every setting that matters said aloud: what the topics are, and how clients speak to them.

Producers wait for all replicas and are idempotent; consumers start at the beginning and belong to a named group as a
fixed member. Topics are created by `shared.provisioning`, never by a client that happens to name one.
"""

from dataclasses import dataclass, replace
from typing import Any

from aiokafka import AIOKafkaProducer
from faststream.kafka import KafkaBroker

from shared.lanes import Lane

PARTITIONS = 12

PRODUCTION_MARK = "carejourney-production"
"""A topic that is there to say: real patients. `journey replay` asks twice before it writes to such a cluster."""

SPEAKERS = ("registration", "beds", "discharge", "followup")
LISTENERS = (*SPEAKERS, "console")


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it is to be. Without compaction it keeps everything; `any_time` takes records of the future too."""

    name: str
    compacted: bool = False
    partitions: int = PARTITIONS
    any_time: bool = False

    @property
    def settings(self) -> dict[str, str]:
        """Kafka's own names and values."""
        times = {"message.timestamp.after.max.ms": str(2**63 - 1)} if self.any_time else {}
        if self.compacted:
            return {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.1", **times}
        return {"cleanup.policy": "delete", "retention.ms": "-1", **times}

    def within(self, lane: Lane) -> "Topic":
        """The same topic in a lane, where time may have been shifted."""
        return replace(self, name=lane.topic(self.name), any_time=self.any_time or lane.name is not None)


TOPICS = (
    *(Topic(f"{service}-events") for service in SPEAKERS),
    Topic("bed-state", compacted=True),
    *(Topic(f"{service}-dead-letters") for service in LISTENERS),
)


def dead_letters_of(service: str) -> str:
    """Where a service says what it could not take."""
    return f"{service}-dead-letters"


def producer(bootstrap: str, client_id: str) -> AIOKafkaProducer:
    """A producer that neither loses nor doubles nor reorders; not started."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        compression_type="zstd",
        linger_ms=0,
        max_batch_size=1_000_000,
        max_request_size=1_048_576,
        request_timeout_ms=10_000,
        retry_backoff_ms=100,
    )


def consuming_broker(bootstrap: str, client_id: str) -> KafkaBroker:
    """FastStream's broker for subscribers only. It logs nothing itself: its lines would hold payloads."""
    return KafkaBroker(
        bootstrap,
        client_id=client_id,
        logger=None,
        allow_auto_create_topics=False,
        acks="all",
        enable_idempotence=True,
    )


def subscription(service: str, instance: str) -> dict[str, Any]:
    """How a service's consumer joins its group: a fixed member, from the beginning, in batches."""
    return {
        "group_id": service,
        "group_instance_id": f"{service}-{instance}",
        "auto_offset_reset": "earliest",
        "batch": True,
        "max_records": 500,
        "batch_timeout_ms": 100,
        "session_timeout_ms": 10_000,
        "heartbeat_interval_ms": 2_000,
        "max_poll_interval_ms": 300_000,
    }
