"""What a service measures about itself, for Prometheus.

Invariants: every application has a registry of its own, so that two in one program never mix; labels hold route
templates, types, topics and outcomes, never an id, so that the number of series stays small. All times are wall time,
but for what waits in business time (`Oldest`).
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from time import monotonic
from typing import Any, Final, Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)

from shared.clock import Clock
from shared.tracing import Tracing
from shared.work import Work

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
REQUEST_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
COUNTED_SECONDS: Final = 300.0
AGE_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600, 86400)


class Telemetry:
    """What one service measures: Prometheus metrics, named `journey_…` outside, and the traces beside them."""

    def __init__(self, service: str, tracing: Tracing | None = None) -> None:
        self.tracing = tracing or Tracing()
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        Info("journey_service", "Which service this is", registry=registry).info({"service": service})

        self.requests = Histogram(
            "journey_request_seconds",
            "Time to answer a request, by route template",
            ("route", "method", "status"),
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self._measure_delivery(registry)
        self.timer_lag_seconds = Gauge(
            "journey_timer_lag_seconds", "How late the oldest due work is, by timer", ("timer",), registry=registry
        )
        self.timers_fired_total = Counter(
            "journey_timers_fired_total", "Due work done, by timer", ("timer",), registry=registry
        )

    def _measure_delivery(self, registry: CollectorRegistry) -> None:
        self.outbox_depth = Gauge("journey_outbox_depth", "Events that wait for Kafka", registry=registry)
        self.outbox_age_seconds = Gauge("journey_outbox_age_seconds", "Age of the oldest of them", registry=registry)
        self.relayed_total = Counter("journey_relayed_total", "Events that Kafka acknowledged", registry=registry)

        self.consumer_lag = Gauge(
            "journey_consumer_lag", "Records not yet taken, by topic", ("topic",), registry=registry
        )
        self.consumer_partitions = Gauge(
            "journey_consumer_partitions",
            "Partitions taken from, by topic; 0 while cut off",
            ("topic",),
            registry=registry,
        )
        self.event_age_seconds = Histogram(
            "journey_event_age_seconds",
            "Time from a record's writing to its effect",
            buckets=AGE_SECONDS,
            registry=registry,
        )
        self.handled_total = Counter(
            "journey_handled_total", "Events handled, by type and outcome", ("type", "outcome"), registry=registry
        )
        self.dead_letters_total = Counter(
            "journey_dead_letters_total", "Events given up on and parked", registry=registry
        )
        self.parked = Gauge("journey_parked", "Events that wait for a dead letter to be resolved", registry=registry)

    def render(self) -> bytes:
        """Everything in Prometheus text format, of `CONTENT_TYPE`."""
        return generate_latest(self.registry)


class Measured(Protocol):
    """Something that the host asks for every two seconds, beside what it measures of itself."""

    async def look(self, work: Work) -> None:
        """Ask for it now."""
        ...


class Oldest:
    """How long the oldest of something has waited, in seconds of business time; 0 where nothing waits.

    The host asks `since` every two seconds for its instant; the age is computed when metrics are read, so that it rises
    also while nobody can be asked.
    """

    def __init__(
        self,
        telemetry: Telemetry,
        clock: Clock,
        name: str,
        about: str,
        since: Callable[[Work], Awaitable[datetime | None]],
    ) -> None:
        self._clock = clock
        self._since = since
        self._instant: datetime | None = None
        Gauge(name, about, registry=telemetry.registry).set_function(self._seconds)

    async def look(self, work: Work) -> None:
        """Ask since when the oldest waits."""
        self._instant = await self._since(work)

    def _seconds(self) -> float:
        return max(0.0, (self._clock.now() - self._instant).total_seconds()) if self._instant else 0.0


class Counted:
    """How many there are of something, by a label with few values; asked for every five minutes: counting is dear."""

    def __init__(
        self,
        telemetry: Telemetry,
        name: str,
        about: str,
        label: str,
        count: Callable[[Work], Awaitable[Mapping[Any, int]]],
    ) -> None:
        self._count = count
        self._asked_at: float | None = None
        self._gauge = Gauge(name, about, (label,), registry=telemetry.registry)

    async def look(self, work: Work) -> None:
        """Count them, unless that was less than five minutes ago."""
        if self._asked_at is not None and monotonic() - self._asked_at < COUNTED_SECONDS:
            return
        self._asked_at = monotonic()
        for value, number in (await self._count(work)).items():
            self._gauge.labels(value).set(number)
