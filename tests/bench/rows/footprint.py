"""P11: what the suite takes before anybody does anything: import, start and memory of each service and of the stack."""

import os
import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from time import perf_counter

import psutil

from deploy.local.layout import SERVICES, Home
from deploy.local.stack import Stack
from deploy.local.starting import Wishes
from tests.bench.figures import Row
from tests.bench.harness import Bench
from tests.bench.service import MEBIBYTE, service

RESTING_MIB = {"beds": 250}
IMPORTS = 3


def measure(bench: Bench) -> Iterator[Row]:
    """P11."""
    home = Home(bench.directory / "stack")
    stack = Stack(home)
    began = perf_counter()
    try:
        record = stack.up(Wishes(kafka="apache", tied=True, log_level="error"))
        up_seconds = perf_counter() - began
        resting = {one.name: memory_mib(one.pid) for one in record.children}
        yield Row(
            id="P11.stack", what="the whole stack from nothing: Kafka, PostgreSQL, migrations, six services", unit="s",
            value=up_seconds, runs=1, target="value <= 20",
        )  # fmt: skip
        for name in [one.name for one in SERVICES]:
            yield Row(
                id=f"P11.memory.{name}", what=f"{name} at rest, its worker included", value=resting[name], unit="MiB",
                runs=1, target=f"value <= {RESTING_MIB.get(name, 150)}",
            )  # fmt: skip
        yield from alone(bench, stack)
    finally:
        stack.down()
        stack.reset()


def alone(bench: Bench, stack: Stack) -> Iterator[Row]:
    """Import and start of each service by itself, beside servers that run."""
    record = stack.record()
    kafka = record.kafka if record else ""
    for one in SERVICES:
        wall, cpu = imported(one.name)
        yield Row(
            id=f"P11.import.{one.name}", what=f"{one.name}: import", value=wall, unit="s", cpu_us=cpu * 1e6,
            runs=IMPORTS, target="value <= 2",
        )  # fmt: skip
        extras = {
            name.removeprefix("JOURNEY_").lower(): value
            for name, value in one.extras(record.urls if record else {}).items()
        }
        url = stack.database_url(one.name)
        with service(bench, one.name, url, kafka=kafka, instance="2", **extras) as running:
            yield Row(
                id=f"P11.start.{one.name}", what=f"{one.name}: start to ready, alone", value=running.ready_seconds,
                unit="s", cpu_us=cpu_seconds(running.child.pid) * 1e6, runs=1, target="value <= 4",
            )  # fmt: skip


def imported(name: str) -> tuple[float, float]:
    """Wall and CPU seconds of a Python that imports the service and ends, less those of one that does nothing."""
    runs = [python(f"import services.{name}.app") for _ in range(IMPORTS)]
    empty = python("pass")
    return median(wall for wall, _ in runs) - empty[0], median(cpu for _, cpu in runs) - empty[1]


def python(code: str) -> tuple[float, float]:
    """Wall and CPU seconds an interpreter takes over this."""
    before, began = os.times(), perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    wall, after = perf_counter() - began, os.times()
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


def memory_mib(pid: int) -> float:
    """Resident memory of a process and its children."""
    parent = psutil.Process(pid)
    return float(sum(one.memory_info().rss for one in (parent, *parent.children(recursive=True))) / MEBIBYTE)


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used since it began."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
