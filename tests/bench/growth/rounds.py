"""G3: how the cost of a bed round grows with patients times beds: CPU of the optimiser, by the answer's own process."""

from collections.abc import Iterator
from statistics import median
from time import process_time

from services.beds.allocation.optimise import solve
from tests.bench import hospital
from tests.bench.figures import Row
from tests.bench.growth import shape
from tests.bench.harness import Bench

SIZES = ((50, 300), (200, 1_200), (500, 3_000), (2_000, 12_000))


def measure(bench: Bench) -> Iterator[Row]:
    """The same hospital, larger and larger."""
    costs = {
        patients * beds: median(cost(patients, beds, seed) for seed in range(bench.runs)) for patients, beds in SIZES
    }
    what = "CPU of a bed round, patients times beds"
    yield from shape.rows("G3.rounds", what, costs, unit="ms", runs=bench.runs, target="value <= 1.3")


def cost(patients: int, beds: int, seed: int) -> float:
    """CPU milliseconds of one round."""
    question = hospital.round_of(patients, beds, seed)
    began = process_time()
    solve(question)
    return (process_time() - began) * 1000
