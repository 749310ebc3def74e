"""A service that hears a lane: its consumer runs until it has taken everything, and nothing else of it runs.

No timer fires and nothing is relayed, and business time stands still: what the database then holds is what the events
alone have made of it, and what the service would have said waits in its outbox.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import monotonic

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.consuming import Consumer
from shared.hosting import Host
from shared.lanes import Lane
from shared.replay.recording import RecordingFailed

POLL_SECONDS = 0.02
PATIENCE_SECONDS = 120.0


async def hear(host: Host, bootstrap: str, lane: Lane) -> None:
    """Let a running host take everything that its lane holds now. Raises `RecordingFailed` when it does not."""
    async with hearing(host, bootstrap, lane) as consumer:
        await _caught_up(consumer, bootstrap, [lane.topic(topic) for topic in host.service.reactions.topics])


@asynccontextmanager
async def hearing(host: Host, bootstrap: str, lane: Lane) -> AsyncIterator[Consumer]:
    """The host's consumer, running in a lane."""
    consumer = Consumer(
        service=host.service.name,
        instance="replay",
        bootstrap=bootstrap,
        topics=host.service.reactions.topics,
        effects=host.effects,
        rest_seconds=0.0,
        telemetry=host.telemetry,
        lane=lane,
    )
    running = asyncio.create_task(consumer.run())
    try:
        yield consumer
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def _caught_up(consumer: Consumer, bootstrap: str, topics: list[str]) -> None:
    """Wait until the consumer stands at the present end of every partition."""
    ends = await _ends(bootstrap, topics)
    deadline = monotonic() + PATIENCE_SECONDS
    while True:
        taken = await consumer.taken()
        behind = [name for name, end in ends.items() if taken.get(name, -1) < end]
        if not behind:
            return
        if monotonic() > deadline:
            raise RecordingFailed(f"{behind[0]} was not taken to its end: see the log")
        await asyncio.sleep(POLL_SECONDS)


async def _ends(bootstrap: str, topics: list[str]) -> dict[str, int]:
    """`topic:partition` → its present end."""
    client = AIOKafkaConsumer(*topics, bootstrap_servers=bootstrap, client_id="journey-replay")
    await client.start()
    try:
        ends: dict[TopicPartition, int] = await client.end_offsets(client.assignment())
        return {f"{place.topic}:{place.partition}": end for place, end in ends.items()}
    finally:
        await client.stop()
