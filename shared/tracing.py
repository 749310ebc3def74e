"""Traces: from a request through outbox and Kafka to the next service's effect, as one.

Off unless an OTLP endpoint is named; then `shared.spans` records, and until then OpenTelemetry's SDK is not loaded.

Invariant: the trace context travels in `Origin.traceparent`, like all that says where something comes from, whether
this process records or not. What is recorded holds route templates, event types, topics and error types, never an id,
a value or an error's words.
"""

import os
import re
from collections.abc import Mapping
from enum import Enum
from importlib import import_module
from types import MappingProxyType, TracebackType
from typing import Final, Self

from shared.envelope import Envelope, Headers, Origin
from shared.settings import Settings

TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
STANDARD_VARIABLES: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
NOTHING: Final[Mapping[str, str | int]] = MappingProxyType({})
UNTRACED_PATHS: Final = ("/health", "/metrics", "/internal")
"""What is asked every few seconds and says nothing about a patient's way."""


class Kind(Enum):
    """What a step is to the one before it, in OpenTelemetry's words."""

    SERVER = "a request from outside"
    INTERNAL = "a command within it"
    PRODUCER = "an event on its way"
    CONSUMER = "an event's effect"


class Step:
    """One step of a trace while it lasts; this one records nothing. What happens in it is caused by `origin`."""

    __slots__ = ("origin",)

    def __init__(self, origin: Origin) -> None:
        self.origin = origin

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing was begun."""

    def rename(self, name: str) -> None:
        """Give it the name that is known only at its end."""

    def note(self, attributes: Mapping[str, str | int]) -> None:
        """Add what is known only at its end."""


class Sending:
    """Events on their way to one partition in one batch; this one records nothing."""

    __slots__ = ()

    def headers(self, headers: Headers) -> Headers:
        """The headers to send the next event with."""
        return headers

    def sent(self, count: int) -> None:
        """Kafka has acknowledged the first `count` of them; the others are sent another time."""


class Tracing:
    """Traces of one application. This one records nothing."""

    def step(self, kind: Kind, name: str, cause: Origin, attributes: Mapping[str, str | int] = NOTHING) -> Step:
        """A step that `cause` brought, for use with `with`."""
        del kind, name, attributes
        return Step(cause)

    def sending(self, topic: str) -> Sending:
        """The sending of a batch to `topic`."""
        del topic
        return NOT_RECORDED

    def taking(self, topic: str, envelope: Envelope) -> Step:
        """The effect of an event, for use with `with`."""
        del topic
        return Step(envelope.origin)

    async def close(self) -> None:
        """Hand over what was recorded."""


NOT_RECORDED: Final = Sending()


def tracing_of(settings: Settings) -> Tracing:
    """What the settings ask for: `JOURNEY_OTLP_ENDPOINT`, or OpenTelemetry's own variables, switch recording on."""
    if settings.otlp_endpoint is None and not any(os.environ.get(name) for name in STANDARD_VARIABLES):
        return Tracing()
    recording: Tracing = import_module("shared.spans").exporting(settings)
    return recording


def given_traceparent(headers: Mapping[bytes, bytes]) -> str | None:
    """The caller's trace, where its header is well formed."""
    given = headers.get(b"traceparent")
    if given is None or not TRACEPARENT.fullmatch(text := given.decode("latin-1")):
        return None
    return text
