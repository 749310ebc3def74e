"""G1: does a booking cost more with a million appointments behind it? CPU a booking, ours and the database's."""

from collections.abc import Iterator
from statistics import median

from tests.bench import seeding
from tests.bench.figures import Row
from tests.bench.growth import shape
from tests.bench.harness import Bench
from tests.bench.pgbench import Spread
from tests.bench.rows.booking import by_lane

SIZES = (seeding.HISTORY, 10_000, 100_000, 1_000_000)


def measure(bench: Bench) -> Iterator[Row]:
    """The same load on the same slots, behind it ever more appointments of the past and their remembered answers."""
    template = seeding.registration(bench)
    costs: dict[int, float] = {}
    for size in SIZES:
        with bench.database(template) as grown:
            seeding.add_history(bench, grown, size - seeding.HISTORY)
            bench.execute("CHECKPOINT")
            costs[size] = median(by_lane_on(bench, grown) for _ in range(bench.runs))
    what = "CPU of a booking, appointments in the table"
    yield from shape.rows("G1.bookings", what, costs, unit="µs", runs=bench.runs, target="ratio <= 1.3")


def by_lane_on(bench: Bench, url: str) -> float:
    """CPU of a booking on this database."""
    return by_lane(bench, url, Spread(), seconds=2.0).cpu_us
