"""Topics made on a broker, as `shared.broker` says they are to be. For operators' commands; services never create any.

librdkafka's administrator is used because it waits for a controller that is not there yet, as after a broker's start.
"""

from collections.abc import Iterable

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
    if not wanted:
        return
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    made = admin.create_topics(wanted, operation_timeout=SECONDS, request_timeout=SECONDS)
    for name, outcome in made.items():
        try:
            outcome.result()
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            if error.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise TopicsFailed(f"topic {name} cannot be created: {error.str()}") from None
