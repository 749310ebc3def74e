"""P3: everybody wants the same slot. The hot slot beside the one-by-one statement; a rush beside a usual service.

Those who came too late wait: `offers`.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from statistics import median

from tests.bench import load, pgbench, seeding
from tests.bench.figures import Row, alternate, ratio
from tests.bench.harness import Bench
from tests.bench.load import CREATED, Seen
from tests.bench.pgbench import Spread
from tests.bench.rows import offers
from tests.bench.rows.booking import by_fresh_lane, by_pgbench
from tests.bench.rows.http import errand, reference, registration
from tests.bench.service import Running

HOT = Spread(sessions=1, slots=1)
HOT_PLACES = 1_000_000
PLACES = 30
REQUESTS = 5_000
CONNECTIONS = 250
LONGEST_SECONDS = 15.0
"""Then a rush is broken off: who is so slow is judged by what was answered until then."""

Start = Callable[[Bench, str], AbstractContextManager[Running]]


def measure(bench: Bench) -> Iterator[Row]:
    """P3."""
    yield from hot_slot(bench)
    yield from rush(bench)
    yield from offers.measure(bench)


def hot_slot(bench: Bench) -> Iterator[Row]:
    """One slot with places for all."""
    template = seeding.registration(bench, "registration_hot", sessions=1, slots=1, places=HOT_PLACES)
    lanes, limits = alternate(
        lambda: by_fresh_lane(bench, template, HOT), lambda: by_pgbench(bench, template, HOT), bench.runs
    )
    yield Row(
        id="P3.hot", what="one hot slot, 256 callers", unit="bookings/s", runs=bench.runs, target="ratio >= 10",
        value=median(one.bookings_per_second for one in lanes), cpu_us=median(one.cpu_us for one in lanes),
        baseline={"what": pgbench.WHAT, "value": median(one.bookings_per_second for one in limits)},
        ratio=ratio([one.bookings_per_second for one in lanes], [one.bookings_per_second for one in limits]),
    )  # fmt: skip


def rush(bench: Bench) -> Iterator[Row]:
    """5,000 requests at once for 30 places."""
    template = seeding.registration(bench, "registration_rush", sessions=1, slots=1, places=PLACES)
    ours, usual = alternate(
        lambda: rushed(bench, template, registration), lambda: rushed(bench, template, reference), bench.runs
    )
    answered, other = [one.answers_per_second for one in ours], [one.answers_per_second for one in usual]
    yield Row(
        id="P3.rush", what="5,000 requests for 30 places, all answered", unit="answers/s", value=median(answered),
        baseline={"what": "FastAPI + SQLModel ORM", "value": median(other)}, runs=bench.runs, target="ratio >= 40",
        ratio=ratio(answered, other),
    )  # fmt: skip
    last, their_last = [one.last_created_ms for one in ours], [one.last_created_ms for one in usual]
    yield Row(
        id="P3.last_place", what="rush begun → last place given out", unit="ms", value=median(last), runs=bench.runs,
        baseline={"what": "FastAPI + SQLModel ORM", "value": median(their_last)}, ratio=ratio(last, their_last),
        target="value <= 60",
    )  # fmt: skip


def rushed(bench: Bench, template: str, start: Start) -> Seen:
    """One rush on a fresh database, by a service that has been asked for something else before."""
    with bench.database(template) as url, start(bench, url) as running:
        wish = errand(bench, running, sessions=1, slots=1, connections=CONNECTIONS)
        load.run(replace(wish, patients=1, opens="2000-01-01T00:00:00+00:00", requests=CONNECTIONS))
        seen = load.run(replace(wish, requests=REQUESTS, seconds=LONGEST_SECONDS))
    created, answered = seen.statuses.get(str(CREATED), 0), sum(seen.statuses.values())
    if created > PLACES or (answered == REQUESTS and created < PLACES):
        raise RuntimeError(f"{PLACES} places were to be given out, but the answers were {seen.statuses}")
    return seen
