"""The recording's format: JSON lines in zstd frames: a header, a line a record, a trailer.

A key or value is null, `{"json": …}` where compact JSON gives back the very same bytes, `{"text": …}` where UTF-8 does,
else `{"b64": …}`. Headers are an ordered list of pairs; a pair's second is null, text, or `{"b64": …}`.

Invariant: `entry_of(line_of(entry)) == entry` for everything that Kafka can hold.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

CREATE, APPEND = 0, 1
"""Who set a record's time: its producer, or the broker."""


TOMBSTONE = "tombstone"


class RecordingFailed(RuntimeError):
    """A recording cannot be made, read or played. The message says which, where, why, and what to do."""


class Entry(NamedTuple):
    """A Kafka record with everything that Kafka keeps of it. `timestamp` is in milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    def header(self, name: str) -> str | None:
        """A header's text; of a repeated one the last that has a value."""
        for each, value in reversed(self.headers):
            if each == name and value is not None:
                return value.decode("utf-8", "replace")
        return None

    @property
    def happened_at(self) -> datetime:
        """Business time, or the record's own where it says none."""
        text = self.header("ce_time")
        return datetime.fromisoformat(text) if text else datetime.fromtimestamp(self.timestamp / 1000, UTC)

    @property
    def place(self) -> str:
        """Where it was recorded, for messages."""
        return f"{self.topic}, partition {self.partition}, offset {self.offset}"


def kind_of(entry: Entry) -> str:
    """The event's type for counts: "" for a record that says none, `tombstone` for one that has nothing to say."""
    return entry.header("ce_type") or (TOMBSTONE if entry.value is None else "")


class Part(BaseModel):
    """One line of a recording that is not a record."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class RecordedTopic(Part):
    """A topic: `begins` and `ends` are the offsets by partition that bound the recording, the end excluded."""

    name: str
    begins: tuple[int, ...]
    ends: tuple[int, ...]

    @property
    def partitions(self) -> int:
        """How many partitions it had."""
        return len(self.ends)


class Head(Part):
    """The first line. `schemas` is the SHA-256 of each event type's JSON Schema as of the recording."""

    recording: Literal[1] = 1
    tool: str
    recorded_at: str
    cluster: str
    lane: str | None
    topics: tuple[RecordedTopic, ...]
    schemas: dict[str, str]

    @property
    def most(self) -> int:
        """The number of records at most: less where compaction has taken some away."""
        return sum(end - begin for topic in self.topics for begin, end in zip(topic.begins, topic.ends, strict=True))


class Trailer(Part):
    """The last line. `types` counts by `kind_of`; `sha256` is that of all lines before this one."""

    records: int
    topics: dict[str, int]
    types: dict[str, int]
    first_timestamp: int | None
    last_timestamp: int | None
    sha256: str


def line_of(entry: Entry) -> bytes:
    """The record's line."""
    return orjson.dumps(
        {
            "topic": entry.topic,
            "partition": entry.partition,
            "offset": entry.offset,
            "timestamp": entry.timestamp,
            "timestamp_type": "append" if entry.timestamp_type == APPEND else "create",
            "key": _text(entry.key),
            "value": _json(entry.value),
            "headers": [(name, _header(value)) for name, value in entry.headers],
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )


def entry_of(line: bytes) -> Entry:
    """The record of a line. Raises `RecordingFailed`."""
    try:
        said = orjson.loads(line)
        return Entry(
            said["topic"],
            said["partition"],
            said["offset"],
            said["timestamp"],
            APPEND if said["timestamp_type"] == "append" else CREATE,
            _content(said["key"]),
            _content(said["value"]),
            tuple(
                (name, value.encode() if isinstance(value, str) else _content(value)) for name, value in said["headers"]
            ),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RecordingFailed("a line is no record: the file was written by something else") from None


def part_line(name: str, part: Part) -> bytes:
    """The header's or trailer's line."""
    return orjson.dumps({name: part.model_dump()}, option=orjson.OPT_APPEND_NEWLINE)


def part_of(name: str, kind: type[Any], line: bytes) -> Any:  # noqa: ANN401 - the kind that was asked for
    """The header or trailer in a line, None when it is another line. Raises `RecordingFailed`."""
    if not line.startswith(b'{"' + name.encode() + b'":'):
        return None
    try:
        return kind.model_validate(orjson.loads(line)[name])
    except (ValueError, ValidationError):
        raise RecordingFailed(f"its {name} cannot be read: it was altered, or written by a newer journey") from None


def _text(content: bytes | None) -> Mapping[str, Any] | None:
    if content is None:
        return None
    try:
        return {"text": content.decode()}
    except UnicodeDecodeError:
        return {"b64": b64encode(content).decode()}


def _json(content: bytes | None) -> Mapping[str, Any] | None:
    """As JSON only where writing it again gives the same bytes: else its spaces, numbers or doubled names are lost."""
    try:
        if content is not None and orjson.dumps(orjson.loads(content)) == content:
            return {"json": orjson.Fragment(content)}
    except (ValueError, TypeError):
        pass
    return _text(content)


def _header(value: bytes | None) -> str | Mapping[str, Any] | None:
    kept = _text(value)
    return kept if kept is None or "b64" in kept else str(kept["text"])


def _content(kept: Mapping[str, Any] | None) -> bytes | None:
    if kept is None:
        return None
    if "json" in kept:
        return orjson.dumps(kept["json"])
    if "text" in kept:
        return str(kept["text"]).encode()
    return b64decode(kept["b64"], validate=True)
