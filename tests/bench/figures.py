"""What a measurement becomes: medians, percentiles, exponents, and a row of the report that knows its target.

Invariant: `met` follows from the row's own value, ratio and target, and is None exactly where there is no target.
"""

import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median, quantiles
from typing import Any, TypeVar

T = TypeVar("T")
TARGET = re.compile(r"(ratio|value) (>=|<=) (\d+(?:\.\d+)?)")
HOLDS = {">=": operator.ge, "<=": operator.le}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measured quantity. `ratio` is value ÷ baseline in the same run; `cpu_us` is CPU time an operation."""

    id: str
    what: str
    value: float
    unit: str
    baseline: dict[str, Any] | None = None
    ratio: float | None = None
    cpu_us: float | None = None
    runs: int
    target: str | None = None
    met: bool | None = field(init=False)

    def __post_init__(self) -> None:
        """Judge the row. Raises `ValueError` on a target that is none, or that needs a ratio which is not there."""
        object.__setattr__(self, "met", None if self.target is None else self._meets(self.target))

    def _meets(self, target: str) -> bool:
        wanted = TARGET.fullmatch(target)
        judged = None if wanted is None else self.ratio if wanted[1] == "ratio" else self.value
        if wanted is None or judged is None:
            raise ValueError(f"{self.id}: write the target as `ratio|value >=|<= number`, not {target!r}")
        return HOLDS[wanted[2]](judged, float(wanted[3]))

    def as_json(self) -> dict[str, Any]:
        """The row as the report holds it, with no more digits than were measured."""
        plain = asdict(self)
        for name in ("value", "ratio", "cpu_us"):
            plain[name] = rounded(plain[name])
        if self.baseline is not None:
            plain["baseline"] = {**self.baseline, "value": rounded(self.baseline["value"])}
        return plain


def rounded(value: float | None) -> float | None:
    """Four significant digits; whole numbers from 1,000 on."""
    if value is None or value == 0:
        return value
    digits = 3 - math.floor(math.log10(abs(value)))
    return round(value, digits) if digits > 0 else round(value)


def alternate(first: Callable[[], T], second: Callable[[], T], runs: int) -> tuple[list[T], list[T]]:
    """A B A B …: what both did in `runs` pairs, so that a busy moment of the machine meets both."""
    pairs = [(first(), second()) for _ in range(runs)]
    return [one for one, _ in pairs], [other for _, other in pairs]


def ratio(values: Sequence[float], limits: Sequence[float]) -> float:
    """The median of the ratios of pairs measured beside each other."""
    return median(value / limit for value, limit in zip(values, limits, strict=True))


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` of all do not exceed; the largest of few."""
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """How cost grows with size: the slope of log cost over log size. 0 is flat, 1 linear."""
    xs, ys = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    x_mean, y_mean = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys, strict=True)) / sum((x - x_mean) ** 2 for x in xs)
