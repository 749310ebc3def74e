"""After a restore: the service's consumer goes back to before the backup and takes again what came since.

Invariant: a group only ever goes back. What the restored database has taken already, its inbox and its aggregate
versions know, so going back further than needed costs time and changes nothing.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from importlib import import_module
from time import monotonic
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CoordinatorNotAvailableError, KafkaError

from deploy.backup.faults import BackupFailed
from shared.broker import PARTITIONS
from shared.hosting import Service

EMPTY_SECONDS: Final = 30.0
LOADED_SECONDS: Final = 30.0
AGAIN_SECONDS: Final = 0.5
MARGIN: Final = timedelta(hours=1)
"""How far before the backup: clocks differ, and what was being taken at that moment may not have been committed."""


async def rewind(bootstrap: str, service: str, taken_at: datetime) -> int:
    """Set the stopped service's group back; how many records it will read again."""
    application: Service = import_module(f"services.{service}.app").SERVICE
    places = [TopicPartition(topic, number) for topic in application.reactions.topics for number in range(PARTITIONS)]
    if not places:
        return 0
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=service, enable_auto_commit=False)
    try:
        await consumer.start()
        consumer.assign(places)
        stands = await _stands(bootstrap, service, places)
        return await _rewind(consumer, stands, int((taken_at - MARGIN).timestamp() * 1000))
    except (KafkaError, OSError) as failure:
        raise BackupFailed(
            f"the database of {service} is restored, but its consumer group cannot be set back "
            f"({type(failure).__name__}): stop every consumer of the group and restore again"
        ) from None
    finally:
        await consumer.stop()


async def _stands(bootstrap: str, group: str, places: list[TopicPartition]) -> dict[TopicPartition, int]:
    """Where the group has come to; -1 where it has not begun.

    While a broker that has just started still loads the group, it answers with no place at all, and aiokafka does not
    look at the error beside: a consumer's `committed` would call that a group that never began. A broker that no group
    has asked yet first makes the place where it keeps such.
    """
    deadline = monotonic() + LOADED_SECONDS
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        while len(told := await _told(admin, group, places)) < len(places):
            if monotonic() > deadline:
                raise CoordinatorNotAvailableError
            await asyncio.sleep(AGAIN_SECONDS)
    finally:
        await admin.close()
    return {place: at.offset for place, at in told.items()}


async def _told(admin: AIOKafkaAdminClient, group: str, places: list[TopicPartition]) -> Mapping[TopicPartition, Any]:
    """What the broker says of them; nothing while it has nobody to ask."""
    try:
        said: Mapping[TopicPartition, Any] = await admin.list_consumer_group_offsets(group, partitions=places)
    except CoordinatorNotAvailableError:
        return {}
    return said


async def _rewind(consumer: AIOKafkaConsumer, stands: dict[TopicPartition, int], to_ms: int) -> int:
    known = {place: offset for place, offset in stands.items() if offset > 0}
    found = await consumer.offsets_for_times(dict.fromkeys(known, to_ms)) if known else {}
    back = {place: at.offset for place, at in found.items() if at is not None and at.offset < known[place]}
    if back:
        await _set_back(consumer, back)
    return sum(known[place] - offset for place, offset in back.items())


async def _set_back(consumer: AIOKafkaConsumer, back: dict[TopicPartition, int]) -> None:
    """Kafka refuses while the group has members, and a fixed member counts until its session has run out."""
    deadline = monotonic() + EMPTY_SECONDS
    while True:
        try:
            await consumer.commit(back)
        except KafkaError:
            if monotonic() > deadline:
                raise
            await asyncio.sleep(AGAIN_SECONDS)
        else:
            return
