"""Topics made on a broker, as `shared.broker` says they are to be. For operators' commands; services never create any.

`python -m shared.provisioning --kafka HOST:PORT [--replication 3]` is the one-shot job that an image runs.

librdkafka's administrator is used because it waits for a controller that is not there yet, as after a broker's start.
"""

import argparse
import sys
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


def main(arguments: list[str]) -> int:
    """Create what is missing; 0 when all topics are there, else 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m shared.provisioning", description="Create the suite's topics.")
    parser.add_argument("--kafka", required=True, metavar="HOST:PORT", help="the broker's address")
    parser.add_argument("--replication", type=int, default=1, help="copies of each partition: 3 in production")
    told = parser.parse_args(arguments)
    try:
        create_topics(told.kafka, TOPICS, told.replication)
    except TopicsFailed as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
