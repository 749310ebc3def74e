"""What is changed of a record on the way: brought up to date and checked, shifted in time, masked, given a new id.

Invariants: a change depends on the record and the run alone, so that the second sending after a crash is the same to
the byte; ids that were equal stay equal, and order in time stays as it was.
"""

import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, get_type_hints
from uuid import UUID

from shared.codec import Undecodable, decode, encode
from shared.ids import derived_id
from shared.messages import Event
from shared.replay.recording import Entry, RecordingFailed

Change = Callable[[Entry], Entry]
DAY = timedelta(days=1)
IDS = ("ce_id", "correlationid", "causationid")
ANY_ID = re.compile(rb"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
NAMESPACE = UUID("5f0c6c1e-6f0c-5b7e-9d6e-0f7f6a2f3c11")
"""Of runs; any UUID that nothing else derives from."""


def all_of(changes: Sequence[Change]) -> Change:
    """One change after the other."""

    def changed(entry: Entry) -> Entry:
        for change in changes:
            entry = change(entry)
        return entry

    return changed


@dataclass(frozen=True, slots=True)
class Checked:
    """Events fit today's classes; one of a type in `older` is written anew, with what has been added since."""

    older: frozenset[str] = frozenset()

    def __call__(self, entry: Entry) -> Entry:
        """The record as it is to be. Raises `RecordingFailed`, naming it and the fields that do not fit."""
        if entry.value is None:
            return entry
        event = event_of(entry)
        return entry._replace(value=encode(event)) if type(event).type in self.older else entry


@dataclass(frozen=True, slots=True)
class Shifted:
    """Later by `delta`: the record's time, `ce_time`, and the fields that are times by the event's schema.

    Instants move by the delta, days (fields `…_on`) by its nearest number of days; a birth month stays.
    """

    delta: timedelta

    def __call__(self, entry: Entry) -> Entry:
        """The record, later."""
        moved = entry._replace(
            timestamp=entry.timestamp + self.delta // timedelta(milliseconds=1),
            headers=tuple((name, self._header(name, value)) for name, value in entry.headers),
        )
        return moved if entry.value is None else moved._replace(value=encode(self._event(event_of(entry))))

    def _header(self, name: str, value: bytes | None) -> bytes | None:
        if name != "ce_time" or value is None:
            return value
        return (datetime.fromisoformat(value.decode()) + self.delta).isoformat().encode()

    def _event(self, event: Event) -> Event:
        by = {datetime: self.delta, date: round(self.delta / DAY) * DAY}
        marked = times_of(type(event)).items()
        values = {name: (getattr(event, name), by[kind]) for name, kind in marked}
        moved: Any = replace(event, **{name: at + delta for name, (at, delta) in values.items() if at is not None})
        return moved  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Masked:
    """Every UUID, wherever it stands, becomes another that only the holder of `secret` could find again."""

    secret: bytes

    def __call__(self, entry: Entry) -> Entry:
        """The record with other ids."""
        return entry._replace(
            key=self._text(entry.key),
            value=self._text(entry.value),
            headers=tuple((name, self._text(value)) for name, value in entry.headers),
        )

    def _text(self, text: bytes | None) -> bytes | None:
        return None if text is None else ANY_ID.sub(self._other, text)

    def _other(self, found: re.Match[bytes]) -> bytes:
        digest = hmac.digest(self.secret, found.group(), "sha256")
        return str(UUID(bytes=digest[:16], version=5)).encode()


@dataclass(frozen=True, slots=True)
class NewIds:
    """Events are new ones of this run: their ids, and what refers to them, are UUIDv5 of the old id and the run."""

    run: str

    def __call__(self, entry: Entry) -> Entry:
        """The record as an event of its own."""
        return entry._replace(headers=tuple((name, self._id(name, value)) for name, value in entry.headers))

    def _id(self, name: str, value: bytes | None) -> bytes | None:
        if name not in IDS or value is None or not ANY_ID.fullmatch(value):
            return value
        return str(derived_id(derived_id(NAMESPACE, self.run), value.decode())).encode()


def event_of(entry: Entry) -> Event:
    """The event in a record. Raises `RecordingFailed`."""
    name = entry.header("ce_type")
    try:
        return decode(name or "", entry.value or b"")
    except KeyError:
        raise RecordingFailed(f"{entry.place}: unknown type {name}") from None
    except Undecodable as fault:
        raise RecordingFailed(
            f"{entry.place}: this {name} does not fit ({fault.fields}); leave it out, or play --as-it-is"
        ) from None


@cache
def times_of(message: type[Event]) -> dict[str, type[date]]:
    """The fields of an event that move with time: name → datetime or date."""
    hints = get_type_hints(message)
    kinds = {each.name: _time(hints[each.name]) for each in fields(message)}
    return {name: kind for name, kind in kinds.items() if kind is datetime or (kind is date and name.endswith("_on"))}


def _time(hint: Any) -> type[date] | None:  # noqa: ANN401 - whatever a field is annotated with
    options = (hint, *getattr(hint, "__args__", ()))
    return next((kind for kind in (datetime, date) if kind in options), None)
