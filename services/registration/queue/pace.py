"""How long who waits will still wait, from the session's own pace.

A service time is from call to end. The last few of the session are taken, none as longer than `longest` times what the
schedule expects (somebody forgot to end it). The schedule itself counts as `prior_weight` of them, so that the first
patient of the day gets an estimate too: slot length over places a slot, times the desks that call. Mean m and spread s
of these. With n services still before somebody (one under way counts half) on d desks, the wait is n*m/d, and its
interval that of a sum of n draws whose mean is known from k: n*m/d -+ z*s*sqrt(n + n*n/k)/d; z = 1.2816 is four in
five. Who comes before the session begins waits for that too. Ours [P]; a test plays sessions and counts how often the
interval holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """The numbers of the policy that are used here."""

    last: int
    prior_weight: int
    prior_spread: float
    longest: float
    z: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Minutes a service takes at a desk, how much that varies, from how many, and how many desks there are."""

    mean: float
    spread: float
    known_from: int
    desks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Minutes that somebody will probably wait; four in five wait from `low` to `high`."""

    minutes: float
    low: float
    high: float


def pace_of(minutes: Sequence[float], expected: float, desks: int, statistics: Statistics) -> Pace:
    """The pace after services of so many minutes, latest last, where the schedule expects one every `expected`."""
    prior = expected * desks
    times = [min(one, statistics.longest * prior) for one in minutes[-statistics.last :]]
    weight = statistics.prior_weight
    known = weight + len(times)
    mean = (weight * prior + sum(times)) / known
    prior_square = (statistics.prior_spread * prior) ** 2 + (prior - mean) ** 2
    square = (weight * prior_square + sum((one - mean) ** 2 for one in times)) / known
    return Pace(mean=mean, spread=sqrt(square), known_from=known, desks=desks)


def estimate(ahead: int, under_way: int, pace: Pace, statistics: Statistics, until_begin: float = 0) -> Estimate:
    """The wait of somebody with `ahead` before them and `under_way` at the desks, which call in so many minutes."""
    services = ahead + under_way / 2
    minutes = services * pace.mean / pace.desks
    margin = statistics.z * pace.spread * sqrt(services + services**2 / pace.known_from) / pace.desks
    low, high = max(0.0, minutes - margin), minutes + margin
    return Estimate(minutes=until_begin + minutes, low=until_begin + low, high=until_begin + high)
