"""Traces recorded with OpenTelemetry; only what records imports this.

Invariant: a span's attributes and names are the caller's templates and types; exceptions appear as their type alone,
because their words may hold anything.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.envelope import Envelope, Headers, Origin
from shared.settings import Settings
from shared.tracing import NOTHING, Kind, Sending, Step, Tracing

TRACEPARENT = "traceparent"
STATUS = "http.response.status_code"
SERVER_FAULT = 500
EXPORT_SECONDS = 3.0
W3C = TraceContextTextMapPropagator()


class RecordedStep(Step):
    """A step that becomes a span when its block ends."""

    __slots__ = ("_span",)

    def __init__(self, origin: Origin, span: Span) -> None:
        super().__init__(replace(origin, traceparent=_traceparent(span)))
        self._span = span

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the span; a fault is named by its type."""
        if kind is not None:
            self._span.set_attribute("error.type", kind.__name__)
            self._span.set_status(StatusCode.ERROR)
        self._span.end()

    def rename(self, name: str) -> None:
        """Give it the name that is known only at its end."""
        self._span.update_name(name)

    def note(self, attributes: Mapping[str, str | int]) -> None:
        """Add what is known only at its end; an answer that is our own fault makes it one that failed."""
        self._span.set_attributes(attributes)
        if int(attributes.get(STATUS, 0)) >= SERVER_FAULT:
            self._span.set_status(StatusCode.ERROR)


class RecordedSending(Sending):
    """A span for each event that belongs to a trace; the next service's effect becomes its child."""

    __slots__ = ("_spans", "_topic", "_tracing")

    def __init__(self, tracing: "Spans", topic: str) -> None:
        self._tracing = tracing
        self._topic = topic
        self._spans: list[Span | None] = []

    def headers(self, headers: Headers) -> Headers:
        """The same, with the sending as the parent of what comes of it."""
        parent = next((value for name, value in headers if name == TRACEPARENT and value), None)
        if parent is None:
            self._spans.append(None)
            return headers
        event_type = next((value.decode() for name, value in headers if name == "ce_type" and value), "")
        attributes = _messaging("send", self._topic, event_type)
        span = self._tracing.begin(Kind.PRODUCER, f"send {self._topic}", parent.decode(), attributes)
        self._spans.append(span)
        others = [(name, value) for name, value in headers if name != TRACEPARENT]
        return [*others, (TRACEPARENT, _traceparent(span).encode())]

    def sent(self, count: int) -> None:
        """End the spans of what has arrived; the others were never sent, and leave no span."""
        for span in self._spans[:count]:
            if span is not None:
                span.end()


class Spans(Tracing):
    """Traces of one application, handed to OpenTelemetry's `provider`."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("carejourney")

    def step(self, kind: Kind, name: str, cause: Origin, attributes: Mapping[str, str | int] = NOTHING) -> Step:
        """A step that `cause` brought, for use with `with`; the first of a trace where `cause` belongs to none."""
        return RecordedStep(cause, self.begin(kind, name, cause.traceparent, attributes))

    def sending(self, topic: str) -> Sending:
        """The sending of a batch to `topic`."""
        return RecordedSending(self, topic)

    def taking(self, topic: str, envelope: Envelope) -> Step:
        """The effect of an event, for use with `with`."""
        attributes = _messaging("process", topic, envelope.type)
        return self.step(Kind.CONSUMER, f"process {topic}", envelope.origin, attributes)

    def begin(self, kind: Kind, name: str, parent: str | None, attributes: Mapping[str, Any]) -> Span:
        """A span under `parent`; whoever asks for it ends it."""
        context = W3C.extract({TRACEPARENT: parent}, Context()) if parent else Context()
        return self._tracer.start_span(name, context, SpanKind[kind.name], attributes)

    async def close(self) -> None:
        """Hand over what was recorded, for as long as the exporter takes at most."""
        await asyncio.to_thread(self._provider.shutdown)


def exporting(settings: Settings) -> Spans:
    """Traces that go to `JOURNEY_OTLP_ENDPOINT`, else to where OpenTelemetry's own variables say, over HTTP."""
    resource = Resource.create({"service.name": settings.service, "service.instance.id": settings.instance})
    provider = TracerProvider(resource=resource)
    address = f"{settings.otlp_endpoint.rstrip('/')}/v1/traces" if settings.otlp_endpoint else None
    exporter = OTLPSpanExporter(endpoint=address, timeout=EXPORT_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return Spans(provider)


def _messaging(operation: str, topic: str, event_type: str) -> dict[str, str]:
    """OpenTelemetry's names for a message; its id and key are left out."""
    return {
        "messaging.system": "kafka",
        "messaging.operation.type": operation,
        "messaging.destination.name": topic,
        "cloudevents.event_type": event_type,
    }


def _traceparent(span: Span) -> str:
    carrier: dict[str, str] = {}
    W3C.inject(carrier, set_span_in_context(span, Context()))
    return carrier[TRACEPARENT]
