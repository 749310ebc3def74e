"""Topics made on a broker, as `shared.broker` says they are to be, and taken away.

For operators' commands; services never create any.

librdkafka's administrator is used because it waits for a controller that is not there yet, as after a broker's start.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from shared.broker import TOPICS, Topic

SECONDS = 10.0


class TopicsFailed(RuntimeError):
    """A topic cannot be made. The message names it, with Kafka's own reason."""


def create_topics(bootstrap: str, topics: Iterable[Topic] = TOPICS, replication: int = 1) -> None:
    """Create the topics that are not there; those that are stay as they are. Raises `TopicsFailed`."""
    wanted = [NewTopic(topic.name, topic.partitions, replication, config=topic.settings) for topic in topics]
    if wanted:
        admin = _admin(bootstrap)
        made = admin.create_topics(wanted, operation_timeout=SECONDS, request_timeout=SECONDS)
        _check(made, "created", unless=KafkaError.TOPIC_ALREADY_EXISTS)


def delete_topics(bootstrap: str, names: Sequence[str]) -> None:
    """Take topics away with all they hold; those that are not there are passed over. Raises `TopicsFailed`."""
    if names:
        admin = _admin(bootstrap)
        gone = admin.delete_topics(list(names), operation_timeout=SECONDS, request_timeout=SECONDS)
        _check(gone, "deleted", unless=KafkaError.UNKNOWN_TOPIC_OR_PART)


def _admin(bootstrap: str) -> AdminClient:
    """It has to live until its answers are there."""
    return AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})


def _check(outcomes: Mapping[str, Future[None]], what: str, *, unless: int) -> None:
    for name, outcome in outcomes.items():
        try:
            outcome.result()
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            if error.code() != unless:
                raise TopicsFailed(f"topic {name} cannot be {what}: {error.str()}") from None
