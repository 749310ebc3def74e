"""P4 and P5: events from one service's outbox to another's tables over Apache Kafka, many and few."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import Any

from shared.broker import Topic
from shared.ids import new_id
from shared.provisioning import create_topics
from tests.bench import courier
from tests.bench.figures import Row, percentile, ratio
from tests.bench.harness import Bench, run

EVENTS = 60_000
EVENTS_ALONE = 1_000
PER_SECOND = 50
SECONDS = 10
PATIENCE_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Carried:
    """A stream that has arrived; CPU and memory of both ends, Kafka's and the database's own left out."""

    per_second: float
    cpu_us: float
    memory_mib: float


def throughput(bench: Bench) -> Iterator[Row]:
    """P4."""
    ours, plain, alone = [], [], []
    for _ in range(bench.runs):
        ours.append(carried(bench, EVENTS))
        plain.append(carried_plainly(bench, EVENTS))
        alone.append(carried(bench, EVENTS_ALONE, alone=True))
    value, cpu = median(one.per_second for one in ours), median(one.cpu_us for one in ours)
    runs = bench.runs
    yield Row(
        id="P4.throughput", what="relay + consumer at once, set-based projection", value=value, unit="events/s",
        cpu_us=cpu, runs=runs, target="value >= 28000", ratio=_ratio(ours, plain),
        baseline={"what": "aiokafka alone, same records", "value": median(one.per_second for one in plain)},
    )  # fmt: skip
    yield Row(
        id="P4.batching", what="the same, beside one event a transaction", value=value, unit="events/s", cpu_us=cpu,
        baseline={"what": "one event a transaction", "value": median(one.per_second for one in alone)},
        ratio=_ratio(ours, alone), runs=runs, target="ratio >= 50",
    )  # fmt: skip
    yield Row(
        id="P4.cpu", what="CPU of an event, relay and consumer", value=cpu, unit="µs", runs=runs, target="value <= 60",
        baseline={"what": "aiokafka alone", "value": median(one.cpu_us for one in plain)},
        ratio=ratio([one.cpu_us for one in ours], [one.cpu_us for one in plain]),
    )  # fmt: skip
    yield Row(
        id="P4.memory", what="the larger of relay and consumer under this load", unit="MiB", runs=runs,
        value=max(one.memory_mib for one in ours), target="value <= 300",
    )  # fmt: skip


def latency(bench: Bench) -> Iterator[Row]:
    """P5."""
    delays = [delays_ms(bench) for _ in range(bench.runs)]
    for percent, limit in ((50, 12), (99, 25)):
        yield Row(
            id=f"P5.p{percent}", what=f"commit → effect in another database, {PER_SECOND}/s", unit="ms",
            value=median(percentile(one, percent) for one in delays), runs=bench.runs, target=f"value <= {limit}",
        )  # fmt: skip


def carried(bench: Bench, events: int, *, alone: bool = False) -> Carried:
    """Ours: a full outbox, an empty listener, and both ends at work at once."""
    with ExitStack() as stack:
        speaker, listener = _databases(bench, stack)
        order = _order(bench, events=events, alone=alone)
        run(courier.seed(speaker, order["topic"], events))
        heard = _start(stack, "consume", {**order, "url": listener})
        sent = _start(stack, "relay", {**order, "url": speaker})
        return _carried(events, _go(sent, heard))


def carried_plainly(bench: Bench, events: int) -> Carried:
    """The limit: the same records through bare clients."""
    with ExitStack() as stack:
        order = _order(bench, events=events)
        heard = _start(stack, "plain-consume", order)
        sent = _start(stack, "plain-produce", order)
        return _carried(events, _go(sent, heard))


def delays_ms(bench: Bench) -> list[float]:
    """Of each event of a slow stream the time from its commit to its effect's; the first second is not counted."""
    with ExitStack() as stack:
        speaker, listener = _databases(bench, stack)
        order = _order(bench, events=PER_SECOND * SECONDS, per_second=PER_SECOND)
        heard = _start(stack, "hear", {**order, "url": listener})
        said = _start(stack, "say", {**order, "url": speaker})
        spoken, taken = _go(said, heard)
    at = dict(taken["taken"])
    return [(at[event_id] - committed) * 1000 for event_id, committed in spoken["committed"][PER_SECOND:]]


def _ratio(ours: list[Carried], others: list[Carried]) -> float:
    return ratio([one.per_second for one in ours], [one.per_second for one in others])


def _carried(events: int, ends: tuple[Any, Any]) -> Carried:
    sent, heard = ends
    return Carried(
        per_second=events / (heard["last"] - sent["first"]),
        cpu_us=(sent["cpu_seconds"] + heard["cpu_seconds"]) / events * 1e6,
        memory_mib=max(sent["memory_mib"], heard["memory_mib"]),
    )


def _databases(bench: Bench, stack: ExitStack) -> tuple[str, str]:
    template = bench.template("events", _prepare)
    return stack.enter_context(bench.database(template)), stack.enter_context(bench.database(template))


def _prepare(url: str) -> None:
    run(_create(url))


async def _create(url: str) -> None:
    engine = courier.engine_for(url, 1)
    async with engine.begin() as connection:
        await connection.run_sync(courier.METADATA.create_all)
    await engine.dispose()


def _order(bench: Bench, **own: Any) -> dict[str, Any]:
    """A consumer group and, for bare clients, a topic of this measurement's own."""
    name = f"bench-{new_id().hex[-8:]}"
    topics = [Topic(name), Topic(f"{name}-dead-letters")]
    create_topics(bench.kafka.bootstrap, topics)
    return {"kafka": bench.kafka.bootstrap, "group": name, "topic": name, "alone": False, **own}


def _start(stack: ExitStack, role: str, order: dict[str, Any]) -> "subprocess.Popen[str]":
    """One end, connected and waiting for the word."""
    end = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.courier", role], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    stack.callback(end.wait)
    stack.callback(end.kill)
    end.stdin.write(json.dumps(order) + "\n")
    end.stdin.flush()
    if end.stdout.readline() != "ready\n":
        raise RuntimeError(f"the {role} did not get ready")
    return end


def _go(sender: "subprocess.Popen[str]", listener: "subprocess.Popen[str]") -> tuple[Any, Any]:
    for end in (listener, sender):
        end.stdin.write("go\n")
        end.stdin.flush()
    return tuple(json.loads(end.communicate(timeout=PATIENCE_SECONDS)[0]) for end in (sender, listener))
