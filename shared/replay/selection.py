"""Which records of a recording are played: all, or those that every given condition holds for.

Invariant: a selection changes nothing about a record and nothing about their order.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from shared.replay.recording import Entry


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """Offsets `first` to `last`, both included, of a topic's partition."""

    topic: str
    partition: int
    first: int
    last: int

    def holds(self, entry: Entry) -> bool:
        """Whether the record lies in it."""
        return (entry.topic, entry.partition) == (self.topic, self.partition) and (
            self.first <= entry.offset <= self.last
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Conditions; an empty one always holds. Times are of the record, `until` excluded; types may have a `*`."""

    topics: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    keys: tuple[bytes, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    offsets: tuple[OffsetRange, ...] = ()
    places: AbstractSet[tuple[str, int, int]] | None = None
    """Topic, partition and offset of each wanted record, as a closure gives them."""

    @property
    def is_everything(self) -> bool:
        """Whether there is no condition."""
        return self == Selection()

    def holds(self, entry: Entry) -> bool:
        """Whether the record is wanted."""
        return (
            (not self.topics or entry.topic in self.topics)
            and (not self.keys or entry.key in self.keys)
            and (self.since is None or entry.timestamp >= milliseconds(self.since))
            and (self.until is None or entry.timestamp < milliseconds(self.until))
            and (not self.types or self._type_holds(entry))
            and (not self.offsets or any(each.holds(entry) for each in self.offsets))
            and (self.places is None or (entry.topic, entry.partition, entry.offset) in self.places)
        )

    def _type_holds(self, entry: Entry) -> bool:
        name = entry.header("ce_type") or ""
        return any(fnmatchcase(name, pattern) for pattern in self.types)


def milliseconds(at: datetime) -> int:
    """An instant as Kafka counts it."""
    return round(at.timestamp() * 1000)
