"""Counting what was said: every event on the topics, by type, each id once; and the dead letters."""

from collections import Counter
from uuid import UUID

from aiokafka import AIOKafkaConsumer

from shared.broker import LISTENERS, TOPICS, dead_letters_of
from shared.envelope import Headless, unseal

WAIT_MS = 1_000
FETCH_RECORDS = 5_000


async def count_events(bootstrap: str) -> tuple[dict[str, int], int]:
    """Events by type, sorted, and the number of dead letters, from the beginning of every topic to its present end."""
    letters = {dead_letters_of(service) for service in LISTENERS}
    names = [topic.name for topic in TOPICS]
    consumer = AIOKafkaConsumer(*names, bootstrap_servers=bootstrap, client_id="report", auto_offset_reset="earliest")
    await consumer.start()
    try:
        ends = {place: end for place, end in (await consumer.end_offsets(consumer.assignment())).items() if end}
        types: Counter[str] = Counter()
        seen: set[UUID] = set()
        dead = 0
        while ends:
            for place, records in (await consumer.getmany(timeout_ms=WAIT_MS, max_records=FETCH_RECORDS)).items():
                for record in records:
                    if place.topic in letters:
                        dead += 1
                        continue
                    _count(record.headers, types, seen)
                if records[-1].offset + 1 >= ends.get(place, 0):
                    ends.pop(place, None)
        return dict(sorted(types.items())), dead
    finally:
        await consumer.stop()


def _count(headers: list[tuple[str, bytes]], types: Counter[str], seen: set[UUID]) -> None:
    try:
        envelope = unseal(headers)
    except Headless:
        return
    if envelope.event_id not in seen:
        seen.add(envelope.event_id)
        types[envelope.type] += 1
