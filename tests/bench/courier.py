"""One end of a stream of events, in a process of its own: `python -m tests.bench.courier ROLE`, its order on stdin.

Ours are the product's own relay and consumer on a real database; `plain-…` are bare aiokafka with the same settings,
records and batch sizes. A process says `ready` once it is connected, begins on the next line it reads and prints what
it saw.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from time import perf_counter, process_time
from typing import Any
from uuid import UUID

import psutil
import uvloop
from aiokafka import AIOKafkaConsumer
from sqlalchemy import Column, Integer, MetaData, Table, Uuid

from shared import broker, collecting
from shared import relay as relaying
from shared.clock import SystemClock
from shared.consuming import Consumer
from shared.database import Database, engine_for
from shared.effects import Effects
from shared.envelope import seal
from shared.inbox import Received, Record
from shared.messages.registration.patients import PatientDeceased
from shared.outbox import write
from shared.reactions import Reactions
from shared.relay import Relay
from shared.tables import machinery
from shared.telemetry import Telemetry
from shared.work import Work

METADATA = MetaData()
machinery(METADATA)
Table("heard", METADATA, Column("patient_id", Uuid, primary_key=True), Column("version", Integer, nullable=False))
NOTE = """
INSERT INTO heard (patient_id, version) SELECT * FROM unnest($1::uuid[], $2::int[])
ON CONFLICT (patient_id) DO UPDATE SET version = excluded.version
"""
PATIENTS = 5_000
SEED_BATCH = 5_000
POLL_SECONDS = 0.002
MEBIBYTE = 1024 * 1024

Order = dict[str, Any]


def event(number: int) -> PatientDeceased:
    """The n-th event of a stream: patients take turns, each one's versions rise."""
    patient, version = number % PATIENTS, number // PATIENTS + 1
    return PatientDeceased(patient_id=UUID(int=patient + 1), deceased_on=date(2026, 1, 1), aggregate_version=version)


async def seed(url: str, topic: str, events: int) -> None:
    """Fill a speaker's outbox, as commits would have; all for a topic of this measurement's own."""
    database = Database(engine_for(url, 2), SystemClock())
    for start in range(0, events, SEED_BATCH):
        async with database.work() as work:
            numbers = range(start, min(events, start + SEED_BATCH))
            said = [replace(seal(event(number), work.now), topic=topic) for number in numbers]
            await write(await work.sql(), said)
    await database.close()


async def project(received: Sequence[Received], work: Work) -> None:
    """A set-based projection: the last version of each patient, in one statement."""
    last = {one.event.patient_id: one.event.aggregate_version for one in received}
    if last:
        await (await work.sql()).execute(NOTE, list(last), list(last.values()))


class Timed(Effects):
    """Effects that know when each batch had committed; `alone` takes every record in a transaction of its own."""

    alone = False

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.taken: list[tuple[str, float]] = []

    async def take(self, records: Sequence[Record]) -> None:
        """Take a batch as the product does, or one by one."""
        for batch in [[one] for one in records] if self.alone else [records]:
            await super().take(batch)
            at = perf_counter()
            self.taken += [(dict(one.headers)["ce_id"].decode(), at) for one in batch]


async def relay(order: Order) -> Order:
    """Send a full outbox until it is empty."""
    database = Database(engine_for(order["url"], 2), SystemClock())
    if order["alone"]:
        relaying.BATCH_ROWS = 1
    telemetry = Telemetry("bench")
    await _begin()
    began = perf_counter()
    await _while_running(Relay(database, order["kafka"], "bench-relay", telemetry).run(), lambda: _is_empty(database))
    await database.close()
    return {"first": began}


async def consume(order: Order) -> Order:
    """Take events until so many have had their effect."""
    effects, database, consumer = _listener(order, Reactions({}, projection=project, projected=(PatientDeceased,)))
    effects.alone = order["alone"]
    await _while_running(consumer.run(), _all_taken(effects, order["events"]), ready=lambda: _joined(consumer))
    await database.close()
    return {"last": effects.taken[-1][1]}


async def say(order: Order) -> Order:
    """Commit an event now and then, as a service with its own relay does; tells when each commit was done."""
    database = Database(engine_for(order["url"], 4), SystemClock())
    part = Relay(database, order["kafka"], "bench-relay", Telemetry("bench"))
    database.on_commit = part.ring
    committed: list[tuple[str, float]] = []

    async def speak() -> None:
        began = perf_counter()
        for number in range(order["events"]):
            await asyncio.sleep(max(0.0, began + number / order["per_second"] - perf_counter()))
            async with database.work() as work:
                work.publish(event(number))
                work.said = [replace(one, topic=order["topic"]) for one in work.said]
                event_id = dict(work.said[0].headers)["ce_id"]
            committed.append((str((event_id or b"").decode()), perf_counter()))

    async def spoken() -> bool:
        return len(committed) == order["events"] and await _is_empty(database)

    await _begin()
    async with asyncio.TaskGroup() as group:
        group.create_task(speak())
        await _while_running(part.run(), spoken)
    await database.close()
    return {"committed": committed}


async def hear(order: Order) -> Order:
    """Take each event by its own handler; tells when each effect was committed."""

    async def note(said: PatientDeceased, work: Work) -> None:
        await (await work.sql()).execute(NOTE, [said.patient_id], [said.aggregate_version])

    effects, database, consumer = _listener(order, Reactions({PatientDeceased: note}))
    await _while_running(consumer.run(), _all_taken(effects, order["events"]), ready=lambda: _joined(consumer))
    await database.close()
    return {"taken": effects.taken}


async def plain_produce(order: Order) -> Order:
    """Bare aiokafka: the same records from memory, in batches as large as the relay's."""
    producer = broker.producer(order["kafka"], "bench-plain")
    await producer.start()
    sealed = [seal(event(number), SystemClock().now()) for number in range(order["events"])]
    await _begin()
    began = perf_counter()
    for start in range(0, len(sealed), relaying.BATCH_ROWS):
        batch = sealed[start : start + relaying.BATCH_ROWS]
        sent = [await producer.send(order["topic"], o.value, key=o.key.encode(), headers=o.headers) for o in batch]
        await asyncio.gather(*sent)
    await producer.stop()
    return {"first": began}


async def plain_consume(order: Order) -> Order:
    """Bare aiokafka: read them all."""
    consumer = AIOKafkaConsumer(
        order["topic"], bootstrap_servers=order["kafka"], group_id=order["group"], auto_offset_reset="earliest"
    )
    await consumer.start()
    await _begin()
    left = order["events"]
    while left > 0:
        left -= sum(len(records) for records in (await consumer.getmany(timeout_ms=200, max_records=500)).values())
    last = perf_counter()
    await consumer.stop()
    return {"last": last}


ROLES: dict[str, Callable[[Order], Awaitable[Order]]] = {
    "relay": relay,
    "consume": consume,
    "say": say,
    "hear": hear,
    "plain-produce": plain_produce,
    "plain-consume": plain_consume,
}


def _listener(order: Order, reactions: Reactions) -> tuple[Timed, Database, Consumer]:
    database = Database(engine_for(order["url"], 4), SystemClock())
    telemetry = Telemetry("bench")
    effects = Timed(order["group"], database, reactions, telemetry)
    consumer = Consumer(
        service=order["group"], instance="1", bootstrap=order["kafka"], topics=(order["topic"],), effects=effects,
        rest_seconds=0.0, telemetry=telemetry,
    )  # fmt: skip
    return effects, database, consumer


async def _begin() -> None:
    """Say that this end is ready, and wait for the word."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    global began_cpu  # noqa: PLW0603 - one measurement a process
    began_cpu = process_time()


began_cpu = 0.0


async def _while_running(part: Any, done: Callable[[], Awaitable[bool]], ready: Any = None) -> None:
    """Run a part of a service until it has done its work."""
    task = asyncio.create_task(part)
    if ready is not None:
        await _until(ready)
        await _begin()
    await _until(done)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    while not await condition():  # noqa: ASYNC110 - seen from outside, as an operator would
        await asyncio.sleep(POLL_SECONDS)


async def _is_empty(database: Database) -> bool:
    await asyncio.sleep(0.05)
    async with database.work() as work:
        return not await (await work.sql()).fetchval("SELECT EXISTS (SELECT FROM outbox)")


async def _joined(consumer: Consumer) -> bool:
    return bool(await consumer.taken())


def _all_taken(effects: Timed, events: int) -> Callable[[], Awaitable[bool]]:
    async def done() -> bool:
        return len(effects.taken) >= events

    return done


async def main() -> Order:
    """Play the role."""
    collecting.settle()  # as services do
    seen = await ROLES[sys.argv[1]](json.loads(sys.stdin.readline()))
    memory = psutil.Process().memory_info().rss / MEBIBYTE
    return {**seen, "cpu_seconds": process_time() - began_cpu, "memory_mib": memory}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(uvloop.run(main())))
