"""What a service measures about itself, for Prometheus.

Invariants: every application has a registry of its own, so that two in one program never mix; labels hold route
templates, types, topics and outcomes, never an id, so that the number of series stays small. All times are wall time.
"""

from typing import Final

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

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
REQUEST_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
AGE_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600, 86400)


class Telemetry:
    """The metrics of one service; its attributes are Prometheus metrics, named `journey_…` outside."""

    def __init__(self, service: str) -> None:
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
        self.outbox_depth = Gauge("journey_outbox_depth", "Events that wait for Kafka", registry=registry)
        self.outbox_age_seconds = Gauge("journey_outbox_age_seconds", "Age of the oldest of them", registry=registry)
        self.relayed_total = Counter("journey_relayed_total", "Events that Kafka acknowledged", registry=registry)

        self.consumer_lag = Gauge(
            "journey_consumer_lag", "Records not yet taken, by topic", ("topic",), registry=registry
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

        self.timer_lag_seconds = Gauge(
            "journey_timer_lag_seconds", "How late the oldest due work was, by timer", ("timer",), registry=registry
        )
        self.timers_fired_total = Counter(
            "journey_timers_fired_total", "Due work done, by timer", ("timer",), registry=registry
        )

    def render(self) -> bytes:
        """Everything in Prometheus text format, of `CONTENT_TYPE`."""
        return generate_latest(self.registry)
