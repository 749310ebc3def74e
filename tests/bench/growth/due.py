"""G2: does a due task cost more among a million plans? CPU a task, ours and the database's."""

from collections.abc import Iterator
from statistics import median

from tests.bench.figures import Row
from tests.bench.growth import shape
from tests.bench.harness import Bench
from tests.bench.rows.due import PLANS, fire, seeded

SIZES = (10_000, 100_000, PLANS)
TASKS = 2_000


def measure(bench: Bench) -> Iterator[Row]:
    """As many tasks due among ever more plans."""
    costs = {size: cost(bench, size) for size in SIZES}
    yield from shape.rows(
        "G2.due", "CPU of a due task, plans in the table", costs, unit="µs", runs=bench.runs, target="ratio <= 1.3"
    )


def cost(bench: Bench, plans: int) -> float:
    """CPU of a task among so many plans; the first tasks warm it up."""
    with bench.database(seeded(bench, plans)) as url:
        fire(bench, url, TASKS)
        return median(fire(bench, url, TASKS).cpu_us for _ in range(bench.runs))
