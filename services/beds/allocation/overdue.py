"""The longest wait of each urgency as a metric, so that an alarm rings when somebody waits longer than is allowed.

Invariant: the ratio is computed when it is asked for, from who waited at the last round, so that it rises while nothing
happens.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from prometheus_client import CollectorRegistry, Gauge

from services.beds.scoring.model import Policy, Urgency, Waiting
from shared.clock import Clock

SECONDS_AN_HOUR = 3600


class Overdue:
    """For each urgency, since when somebody waits at the most, and how long that is allowed."""

    def __init__(self, registry: CollectorRegistry, clock: Clock) -> None:
        self._clock = clock
        self._oldest: dict[Urgency, tuple[datetime, float]] = {}
        gauge = Gauge(
            "journey_bed_wait_ratio",
            "Longest wait for a bed beside the longest that is allowed, by urgency; above 1 somebody is overdue",
            ("urgency",),
            registry=registry,
        )
        for urgency in Urgency:
            gauge.labels(urgency=urgency).set_function(partial(self._ratio, urgency))

    def note(self, waiting: Sequence[Waiting], policy: Policy) -> None:
        """Who waits now."""
        longest: dict[Urgency, float] = {}
        for one in waiting:
            longest[one.urgency] = max(one.waited_hours, longest.get(one.urgency, 0.0))
        now = self._clock.now()
        self._oldest = {
            urgency: (now - timedelta(hours=hours), policy.longest_wait_hours[urgency])
            for urgency, hours in longest.items()
        }

    def _ratio(self, urgency: Urgency) -> float:
        if urgency not in self._oldest:
            return 0.0
        since, longest_hours = self._oldest[urgency]
        return (self._clock.now() - since).total_seconds() / SECONDS_AN_HOUR / longest_hours
