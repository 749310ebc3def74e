"""How long patients would wait on average for one of so many equal beds (Erlang C, M/M/c). Pure arithmetic.

Invariant: every step stays between 0 and 1, so thousands of beds neither overflow nor lose digits. The wards of a
hospital are not M/M/c; the figures are bounds to compare arrangements with, not promises (bed-rules §5).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Beds that share one queue. `load` is how many of them are in use on average (arrivals times stay, in Erlang)."""

    beds: int
    load: float


def blocking(beds: int, load: float) -> float:
    """Erlang B, by its recursion: the share of arrivals that would find all beds taken if nobody queued."""
    share = 1.0
    for number in range(1, beds + 1):
        share = load * share / (number + load * share)
    return share


def waiting_share(beds: int, load: float) -> float:
    """Erlang C: the share of arrivals that wait at all; 1 where the load is more than the beds can carry."""
    if load >= beds:
        return 1.0
    lost = blocking(beds, load)
    return lost / (1.0 - (load / beds) * (1.0 - lost))


def mean_wait_hours(group: Group, stay_hours: float) -> float:
    """The mean wait of everybody who comes, those who do not wait counted as 0; infinite where the queue only grows."""
    if group.load <= 0:
        return 0.0
    if group.load >= group.beds:
        return inf
    return waiting_share(group.beds, group.load) * stay_hours / (group.beds - group.load)


def mean_wait_of_all(groups: Iterable[Group], stay_hours: float) -> float:
    """The mean over everybody who comes to any of the groups; with one length of stay, they come as the load is."""
    known = [group for group in groups if group.load > 0]
    whole = sum(group.load for group in known)
    return sum(group.load / whole * mean_wait_hours(group, stay_hours) for group in known) if known else 0.0
