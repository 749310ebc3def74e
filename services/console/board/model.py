"""How beds are laid out on the board, and counted.

Invariant: a ward's counts add up to its beds.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import groupby

from services.console.projection.looks import Look, look
from services.console.projection.model import Bed, Flow, Happening


@dataclass(frozen=True, slots=True)
class Room:
    """The beds of one room."""

    room_id: str
    beds: tuple[Bed, ...]


@dataclass(frozen=True, slots=True)
class Ward:
    """The rooms of one ward and how many of its beds have each look."""

    ward_id: str
    rooms: tuple[Room, ...]
    counts: Mapping[Look, int]

    @property
    def beds(self) -> int:
        """All beds."""
        return sum(self.counts.values())

    @property
    def occupied(self) -> int:
        """Beds with a patient in them."""
        return self.counts.get(Look.OCCUPIED, 0)


@dataclass(frozen=True, slots=True)
class Campus:
    """The wards of one campus (院区)."""

    campus_id: str
    wards: tuple[Ward, ...]

    @property
    def beds(self) -> int:
        """All beds."""
        return sum(ward.beds for ward in self.wards)

    @property
    def occupied(self) -> int:
        """Beds with a patient in them."""
        return sum(ward.occupied for ward in self.wards)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallies:
    """The figures above the board."""

    looks: Mapping[Look, int]
    waiting: int
    arrivals: Flow
    settlements: Flow
    plans: Flow

    @property
    def beds(self) -> int:
        """All beds."""
        return sum(self.looks.values())

    @property
    def occupancy(self) -> float:
        """Share of beds with a patient in them, 0 to 1."""
        return self.looks.get(Look.OCCUPIED, 0) / self.beds if self.beds else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalNow:
    """The whole page, as of a position of the feed."""

    head: int
    now: datetime
    campuses: Sequence[Campus]
    tallies: Tallies
    latest: Sequence[Happening]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is new in (after, head]. `latest` holds the newest events only; `wards` those with a changed bed.

    `wards` have their campus with them. `redraw` says that beds were added, so that single cells are not enough.
    """

    after: int
    head: int
    now: datetime
    latest: Sequence[Happening]
    beds: Sequence[Bed]
    wards: Sequence[tuple[str, Ward]]
    campuses: Sequence[Campus]
    redraw: bool
    tallies: Tallies


def lay_out(beds: Iterable[Bed]) -> tuple[Campus, ...]:
    """Beds sorted by campus, ward and room as campuses of wards of rooms."""
    campuses = []
    for campus_id, of_campus in groupby(beds, key=lambda bed: bed.campus_id):
        wards = [_ward(ward_id, tuple(of_ward)) for ward_id, of_ward in groupby(of_campus, key=lambda bed: bed.ward_id)]
        campuses.append(Campus(campus_id, tuple(wards)))
    return tuple(campuses)


def count(beds: Iterable[Bed]) -> dict[Look, int]:
    """How many beds have each look."""
    return dict(Counter(map(look, beds)))


def day_of(now: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """The hospital's calendar day around an instant, as a half-open span."""
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight, midnight + timedelta(days=1)


def _ward(ward_id: str, beds: tuple[Bed, ...]) -> Ward:
    rooms = tuple(Room(room_id, tuple(of_room)) for room_id, of_room in groupby(beds, key=lambda bed: bed.room_id))
    return Ward(ward_id, rooms, count(beds))
