"""P2: bookings through HTTP, with idempotency key and outbox, beside pgbench and beside a usual FastAPI service."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from statistics import median

from tests.bench import load, pgbench, seeding
from tests.bench.figures import Row, ratio
from tests.bench.harness import Bench
from tests.bench.load import CREATED, Errand, Seen
from tests.bench.pgbench import Limit, Spread
from tests.bench.rows.booking import by_pgbench
from tests.bench.service import Running, process, service, tokens

CONNECTIONS = 64
SECONDS = 4.0
ROLE = "patient-app"


@dataclass(frozen=True, kw_only=True)
class Served:
    """What a service did under load; `cpu_us` counts the service and the database, not the client."""

    seen: Seen
    cpu_us: float
    memory_mib: float

    @property
    def per_second(self) -> float:
        """Bookings a second."""
        return self.seen.created_per_second


def measure(bench: Bench) -> Iterator[Row]:
    """P2."""
    template = seeding.registration(bench)
    ours: list[Served] = []
    limits: list[Limit] = []
    usual: list[Served] = []
    for _ in range(bench.runs):
        with bench.database(template) as url, registration(bench, url) as running:
            ours.append(loaded(bench, running))
        limits.append(by_pgbench(bench, template, Spread()))
        with bench.database(template) as url, reference(bench, url) as running:
            usual.append(loaded(bench, running))
    yield from rows(ours, limits, usual)


def registration(bench: Bench, url: str) -> AbstractContextManager[Running]:
    """Our service, its API only: the relay is measured by itself."""
    return service(bench, "registration", url, part="api")


def reference(bench: Bench, url: str) -> AbstractContextManager[Running]:
    """The usual service."""
    settings = {"REFERENCE_DATABASE_URL": url}
    return process(bench, "reference", ["-m", "tests.bench.reference.app"], settings, port_variable="REFERENCE_PORT")


def loaded(bench: Bench, running: Running) -> Served:
    """Let the client book for a while."""
    clock = bench.cpu(running.child.pid)
    seen = load.run(errand(bench, running, seconds=SECONDS, connections=CONNECTIONS))
    if seen.statuses.get(str(CREATED), 0) < sum(seen.statuses.values()) * 0.9:
        raise RuntimeError(f"most bookings were to succeed, but the answers were {seen.statuses}")
    share = seen.seconds / (seen.seconds + load.WARM_SECONDS)
    return Served(
        seen=seen,
        cpu_us=clock.seconds() * share / seen.statuses[str(CREATED)] * 1e6,
        memory_mib=running.memory_mib,
    )


def errand(bench: Bench, running: Running, **changes: object) -> Errand:
    """Bookings all over the hospital."""
    usual = {
        "port": running.port,
        "tokens": tokens(bench, ROLE, CONNECTIONS),
        "sessions": seeding.SESSIONS,
        "slots": seeding.SLOTS_A_SESSION,
        "patients": seeding.PATIENTS,
        "opens": seeding.opens().isoformat(),
    }
    return Errand(**(usual | changes))


def rows(ours: list[Served], limits: list[Limit], usual: list[Served]) -> Iterator[Row]:
    """Throughput beside both, tail, and CPU."""
    runs = len(ours)
    value, cpu = median(one.per_second for one in ours), median(one.cpu_us for one in ours)
    limit = median(one.bookings_per_second for one in limits)
    other = median(one.per_second for one in usual)
    yield Row(
        id="P2.throughput", what="HTTP + key + outbox, 64 connections", value=value, unit="bookings/s", cpu_us=cpu,
        baseline={"what": pgbench.WHAT, "value": limit}, runs=runs, target="ratio >= 0.85",
        ratio=ratio([one.per_second for one in ours], [one.bookings_per_second for one in limits]),
    )  # fmt: skip
    yield Row(
        id="P2.reference", what="the same, beside a usual service", value=value, unit="bookings/s", cpu_us=cpu,
        baseline={"what": "FastAPI + SQLModel ORM", "value": other}, runs=runs, target="ratio >= 25",
        ratio=ratio([one.per_second for one in ours], [one.per_second for one in usual]),
    )  # fmt: skip
    yield Row(
        id="P2.p99", what="HTTP + key + outbox, 64 connections", value=median(one.seen.p99_ms for one in ours),
        unit="ms", runs=runs, target="value <= 10",
        baseline={"what": "FastAPI + SQLModel ORM", "value": median(one.seen.p99_ms for one in usual)},
        ratio=ratio([one.seen.p99_ms for one in ours], [one.seen.p99_ms for one in usual]),
    )  # fmt: skip
    yield Row(
        id="P2.memory", what="registration under this load", value=max(one.memory_mib for one in ours), unit="MiB",
        runs=runs, target="value <= 300",
    )  # fmt: skip
