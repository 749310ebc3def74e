"""After a restore: the service's consumer goes back to before the backup and takes again what came since.

Invariant: a group only ever goes back. What the restored database has taken already, its inbox and its aggregate
versions know, so going back further than needed costs time and changes nothing.
"""

import time
from datetime import datetime, timedelta
from importlib import import_module
from typing import Final

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from deploy.backup.faults import BackupFailed
from shared.broker import PARTITIONS
from shared.hosting import Service

SECONDS: Final = 20.0
EMPTY_SECONDS: Final = 30.0
AGAIN_SECONDS: Final = 0.5
MARGIN: Final = timedelta(hours=1)
"""How far before the backup: clocks differ, and what was being taken at that moment may not have been committed."""


def rewind(bootstrap: str, service: str, taken_at: datetime) -> int:
    """Set the stopped service's group back; how many records it will read again."""
    application: Service = import_module(f"services.{service}.app").SERVICE
    places = [TopicPartition(topic, number) for topic in application.reactions.topics for number in range(PARTITIONS)]
    if not places:
        return 0
    try:
        return _rewind(
            AdminClient({"bootstrap.servers": bootstrap, "log_level": 0}), service, places, taken_at - MARGIN
        )
    except KafkaException as failure:
        raise BackupFailed(
            f"the database of {service} is restored, but its consumer group cannot be set back "
            f"({failure.args[0].str()}): stop every consumer of the group and restore again"
        ) from None


def _rewind(admin: AdminClient, group: str, places: list[TopicPartition], to: datetime) -> int:
    wanted = ConsumerGroupTopicPartitions(group, places)
    stands = admin.list_consumer_group_offsets([wanted], request_timeout=SECONDS)[group].result(SECONDS)
    known = {(place.topic, place.partition): place.offset for place in stands.topic_partitions if place.offset > 0}
    spec = OffsetSpec.for_timestamp(int(to.timestamp() * 1000))
    asked = {TopicPartition(topic, number): spec for topic, number in known}
    found = admin.list_offsets(asked, request_timeout=SECONDS) if asked else {}
    back = []
    for place, answer in found.items():
        offset = answer.result(SECONDS).offset
        if 0 <= offset < known[place.topic, place.partition]:
            back.append(TopicPartition(place.topic, place.partition, offset))
    if back:
        _set_back(admin, ConsumerGroupTopicPartitions(group, back))
    return sum(known[place.topic, place.partition] - place.offset for place in back)


def _set_back(admin: AdminClient, wanted: ConsumerGroupTopicPartitions) -> None:
    """Kafka refuses while the group has members, and a fixed member counts until its session has run out."""
    deadline = time.monotonic() + EMPTY_SECONDS
    while True:
        outcome = admin.alter_consumer_group_offsets([wanted], request_timeout=SECONDS)[wanted.group_id].result(SECONDS)
        refusals = [place.error for place in outcome.topic_partitions if place.error is not None]
        if not refusals:
            return
        if time.monotonic() > deadline:
            raise KafkaException(refusals[0])
        time.sleep(AGAIN_SECONDS)
