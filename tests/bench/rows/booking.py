"""P1 and the hot slot of P3: the writer lane itself, without HTTP, beside pgbench on the same statement."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from statistics import median
from time import perf_counter

from services.registration.booking.lane import Lane
from services.registration.booking.model import Channel, TakePlace
from services.registration.booking.taking import Keyed
from services.registration.schedules.model import SlotKey
from shared.clock import SystemClock
from shared.database import Database, engine_for
from shared.envelope import Origin
from shared.ids import new_id
from tests.bench import pgbench, seeding
from tests.bench.figures import Row, alternate, percentile, ratio
from tests.bench.harness import Bench, run
from tests.bench.pgbench import Limit, Spread

CALLERS = 256
SECONDS = 4.0
CREATED = 201


@dataclass(frozen=True, kw_only=True)
class Booked:
    """What the lane did."""

    bookings_per_second: float
    p99_ms: float
    cpu_us: float


def measure(bench: Bench) -> Iterator[Row]:
    """P1."""
    template = seeding.registration(bench)
    spread = Spread()
    lanes, limits = alternate(
        lambda: by_fresh_lane(bench, template, spread), lambda: by_pgbench(bench, template, spread), bench.runs
    )
    yield from core_rows("P1", lanes, limits)


def by_pgbench(bench: Bench, template: str, spread: Spread) -> Limit:
    """B: the limit on a fresh database."""
    with bench.database(template) as url:
        return pgbench.measure(url, bench.cpu(), bench.directory / "booking.sql", spread)


def by_fresh_lane(bench: Bench, template: str, spread: Spread) -> Booked:
    """A: the lane on a fresh database."""
    with bench.database(template) as url:
        return by_lane(bench, url, spread)


def by_lane(bench: Bench, url: str, spread: Spread, seconds: float = SECONDS) -> Booked:
    """256 callers, each with one request on its way at a time."""
    return run(_book(bench, url, spread, seconds))


def core_rows(name: str, lanes: list[Booked], limits: list[Limit]) -> Iterator[Row]:
    """Throughput, tail and CPU of the core."""
    limit = {"what": pgbench.WHAT, "value": median(one.bookings_per_second for one in limits)}
    common = {"runs": len(lanes)}
    cpu = median(one.cpu_us for one in lanes)
    yield Row(
        id=f"{name}.throughput", what="booking core, 256 callers", unit="bookings/s", baseline=limit,
        value=median(one.bookings_per_second for one in lanes), cpu_us=cpu, target="ratio >= 2.5",
        ratio=ratio([one.bookings_per_second for one in lanes], [one.bookings_per_second for one in limits]), **common,
    )  # fmt: skip
    yield Row(
        id=f"{name}.p99", what="booking core, 256 callers", unit="ms", target="value <= 20",
        value=median(one.p99_ms for one in lanes), **common,
    )  # fmt: skip
    yield Row(
        id=f"{name}.cpu", what="CPU of a booking, ours and the database's", unit="µs", target="value <= 25", value=cpu,
        baseline={"what": "pgbench and the database", "value": median(one.cpu_us for one in limits)},
        ratio=ratio([one.cpu_us for one in lanes], [one.cpu_us for one in limits]), **common,
    )  # fmt: skip


async def _book(bench: Bench, url: str, spread: Spread, for_seconds: float) -> Booked:
    database = Database(engine_for(url, 12), SystemClock())
    lane = Lane(database)
    running = asyncio.create_task(lane.run())
    seconds: list[float] = []
    random, opens = Random(7), seeding.opens()  # noqa: S311 - a reproducible crowd
    starts = [SlotKey(session_id=seeding.numbered(session), starts_at=opens + step * seeding.SLOT)
              for session in range(1, spread.sessions + 1) for step in range(spread.slots)]  # fmt: skip

    async def caller(until: float) -> int:
        booked = 0
        while (began := perf_counter()) < until:
            response = await lane.ask(wish(random, starts, spread))
            seconds.append(perf_counter() - began)
            booked += response.status_code == CREATED
        return booked

    await asyncio.gather(*(caller(perf_counter() + 0.5) for _ in range(CALLERS)))
    seconds.clear()
    clock = bench.cpu()
    booked = sum(await asyncio.gather(*(caller(perf_counter() + for_seconds) for _ in range(CALLERS))))
    took, used = clock.elapsed(), clock.seconds()
    lane.stop()
    await running
    await database.close()
    return Booked(bookings_per_second=booked / took, p99_ms=percentile(seconds, 99) * 1000, cpu_us=used / booked * 1e6)


def wish(random: Random, slots: list[SlotKey], spread: Spread) -> Keyed:
    """A random patient wants a place in a random slot."""
    take = TakePlace(
        appointment_id=new_id(), patient_id=seeding.numbered(random.randint(1, spread.patients)),
        slot=random.choice(slots), hold=False, visit_type="outpatient", channel=Channel.APP,
    )  # fmt: skip
    origin = Origin(correlation_id="bench", causation_id="bench")
    return Keyed(key=str(new_id()), route="/appointments", body_hash=random.randbytes(32), take=take, origin=origin)
