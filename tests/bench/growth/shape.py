"""How a family of sizes becomes rows: the cost of each, the exponent, and the largest beside the smallest."""

from collections.abc import Iterator, Mapping

from tests.bench.figures import Row, exponent


def rows(name: str, what: str, costs: Mapping[int, float], *, unit: str, runs: int, target: str) -> Iterator[Row]:
    """A row per size, and one whose value is the exponent and whose ratio is cost at the largest ÷ at the smallest."""
    for size, cost in costs.items():
        yield Row(id=f"{name}.{size}", what=f"{what}: {size:,}", value=cost, unit=unit, runs=runs)
    sizes = list(costs)
    smallest, largest = costs[sizes[0]], costs[sizes[-1]]
    yield Row(
        id=f"{name}.exponent", what=f"{what}: how the cost grows", value=exponent(sizes, list(costs.values())),
        unit="exponent", baseline={"what": f"cost at {sizes[0]:,} ({unit})", "value": smallest},
        ratio=largest / smallest, runs=runs, target=target,
    )  # fmt: skip
