"""The metadata of an event: CloudEvents 1.0 in Kafka's binary mode, beside the value and never inside it.

Correlation says which outside request started it all; causation says which event, or command, brought this one.
Both travel in a context variable, so that no handler has to carry them.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from shared.codec import encode
from shared.ids import new_text_id
from shared.messages import Event, source_of, topic_of

Header = tuple[str, bytes | None]
Headers = list[Header]

SOURCE_PREFIX = "/carejourney/"
LONGEST_NAME = 1_000
_SPEC_VERSION: Header = ("ce_specversion", b"1.0")
_CONTENT_TYPE: Header = ("content-type", b"application/json")


class Headless(ValueError):
    """A record without the headers that make it an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where what happens now comes from."""

    correlation_id: str
    causation_id: str
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event's headers, read. `subject` is `kind/id` of the aggregate."""

    event_id: UUID
    type: str
    source: str
    subject: str
    time: datetime
    origin: Origin

    @property
    def aggregate(self) -> str:
        """The aggregate's name across services: `beds:stay/0192…`."""
        return f"{self.source}:{self.subject}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Constant:
    """What all events of one type have in common."""

    topic: str
    source: Header
    type: Header
    schema: Header


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """An event ready for the outbox."""

    topic: str
    key: str
    headers: Headers
    value: bytes | None


origin: ContextVar[Origin | None] = ContextVar("origin", default=None)


@contextmanager
def caused_by(cause: Origin) -> Iterator[None]:
    """Everything published inside names `cause`."""
    token = origin.set(cause)
    try:
        yield
    finally:
        origin.reset(token)


def commanded(key: str) -> Origin:
    """The cause of what a command brings: its key, within the request that is under way."""
    cause, this = origin.get(), f"command:{key}"
    if cause is None:
        return Origin(correlation_id=key, causation_id=this)
    return Origin(correlation_id=cause.correlation_id, causation_id=this, traceparent=cause.traceparent)


def seal(event: Event, now: datetime, cause: Origin | None = None) -> Outgoing:
    """Wrap an event for its topic. `now` is business time and becomes `ce_time`; no `cause` is what is under way."""
    message = type(event)
    key = str(getattr(event, message.key))
    headers = headers_of(message, str(getattr(event, message.subject[1])), key, now, cause)
    return Outgoing(topic=_constant(message).topic, key=key, headers=headers, value=encode(event))


def headers_of(message: type[Event], subject_id: str, key: str, now: datetime, cause: Origin | None = None) -> Headers:
    """The headers of a new event of this type, for one that `seal` does not see: a statement writes its value."""
    constant = _constant(message)
    event_id = new_text_id()
    cause = cause or origin.get() or Origin(correlation_id=event_id, causation_id=event_id)
    headers = [
        _SPEC_VERSION,
        ("ce_id", event_id.encode()),
        constant.source,
        constant.type,
        ("ce_time", now.isoformat().encode()),
        ("ce_subject", f"{message.subject[0]}/{subject_id}".encode()),
        ("ce_partitionkey", key.encode()),
        constant.schema,
        _CONTENT_TYPE,
        ("correlationid", cause.correlation_id.encode()),
        ("causationid", cause.causation_id.encode()),
    ]
    if cause.traceparent:
        headers.append(("traceparent", cause.traceparent.encode()))
    return headers


@cache
def _constant(message: type[Event]) -> _Constant:
    return _Constant(
        topic=topic_of(message),
        source=("ce_source", (SOURCE_PREFIX + source_of(message.type)).encode()),
        type=("ce_type", message.type.encode()),
        schema=("ce_dataschema", f"{message.type}.schema.json".encode()),
    )


def unseal(headers: Iterable[tuple[str, bytes | None]]) -> Envelope:
    """Read an event's headers; of a repeated one the last counts. Raises `Headless`, naming what is missing."""
    texts = {name: value for name, value in headers if value is not None}
    try:
        event_id = texts["ce_id"].decode()
        return Envelope(
            event_id=UUID(event_id),
            type=texts["ce_type"].decode(),
            source=_name(texts["ce_source"]).removeprefix(SOURCE_PREFIX),
            subject=_name(texts["ce_subject"]),
            time=datetime.fromisoformat(texts["ce_time"].decode()),
            origin=Origin(
                correlation_id=texts.get("correlationid", texts["ce_id"]).decode(),
                causation_id=event_id,
                traceparent=texts["traceparent"].decode() if "traceparent" in texts else None,
            ),
        )
    except KeyError as missing:
        raise Headless(f"header {missing.args[0]} is missing") from None
    except ValueError:
        raise Headless("a header is not what it should be") from None


def _name(raw: bytes) -> str:
    """Text that can name an aggregate. Raises `ValueError` for what the database takes as no key."""
    if len(raw) > LONGEST_NAME or b"\0" in raw:
        raise ValueError("is no name")
    return raw.decode()


def correlation_id() -> str | None:
    """The correlation of what is under way in this context, if any."""
    cause = origin.get()
    return cause.correlation_id if cause else None
