"""G2: does a due task cost more among a million plans? CPU a task, ours and the database's."""

from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack
from statistics import median

from shared.timers import BATCH
from tests.bench.figures import Row
from tests.bench.growth import shape
from tests.bench.harness import Bench, run
from tests.bench.rows.due import PLANS, fire, seeded, workers_on

SIZES = (10_000, 100_000, PLANS)


def measure(bench: Bench) -> Iterator[Row]:
    """As many tasks due among ever more plans, the sizes in turn (A B C A B C)."""
    with ExitStack() as stack:
        urls = {size: stack.enter_context(bench.database(seeded(bench, size))) for size in SIZES}
        costs = run(_costs(bench, urls))
    yield from shape.rows(
        "G2.due", "CPU of a due task, plans in the table", costs, unit="µs", runs=bench.runs, target="ratio <= 1.3"
    )


async def _costs(bench: Bench, urls: Mapping[int, str]) -> dict[int, float]:
    """CPU of a task by size. The first turn warms up; all turns together make what is due among the fewest plans."""
    tasks = SIZES[0] // BATCH // (bench.runs + 1) * BATCH
    async with AsyncExitStack() as stack:
        databases = {size: await stack.enter_async_context(workers_on(url)) for size, url in urls.items()}
        turns = [
            {size: (await fire(bench, database, tasks)).cpu_us for size, database in databases.items()}
            for _ in range(bench.runs + 1)
        ]
    return {size: median(turn[size] for turn in turns[1:]) for size in urls}
