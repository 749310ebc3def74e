"""Everything that is causally connected to a patient, or some, across topics, by correlation and causation.

A record belongs when it names such a patient (its key, or `patient_id` in it), when it shares the correlation of one
that belongs, when it was brought by one that belongs, or when it brought one.

Invariant: the recording is read again until nothing new belongs; only what belongs is kept in memory.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from shared.replay.recording import Entry


@dataclass(slots=True)
class Closure:
    """What is known to belong so far."""

    patients: frozenset[bytes]
    places: set[tuple[str, int, int]] = field(default_factory=set)
    _named: re.Pattern[bytes] = field(init=False)
    _correlations: set[str] = field(default_factory=set)
    _events: set[str] = field(default_factory=set)
    _causes: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._named = re.compile(b'"patient_id":"(?:' + b"|".join(map(re.escape, sorted(self.patients))) + b')"')

    def read(self, entries: Iterator[Entry]) -> bool:
        """Read the recording once. Whether anything new belongs."""
        before = len(self.places)
        for entry in entries:
            place = (entry.topic, entry.partition, entry.offset)
            if place not in self.places and self._belongs(entry):
                self.places.add(place)
                self._learn(entry)
        return len(self.places) > before

    def _belongs(self, entry: Entry) -> bool:
        return (
            entry.key in self.patients
            or self._named.search(entry.value or b"") is not None
            or entry.header("correlationid") in self._correlations
            or entry.header("causationid") in self._events
            or entry.header("ce_id") in self._causes
        )

    def _learn(self, entry: Entry) -> None:
        for name, known in (
            ("correlationid", self._correlations),
            ("ce_id", self._events),
            ("causationid", self._causes),
        ):
            if text := entry.header(name):
                known.add(text)


def closure_of(patients: Iterable[str], entries: Callable[[], Iterator[Entry]]) -> frozenset[tuple[str, int, int]]:
    """Topic, partition and offset of every record that belongs to the patients' story."""
    closure = Closure(frozenset(patient.lower().encode() for patient in patients))
    while closure.read(entries()):
        pass
    return frozenset(closure.places)
