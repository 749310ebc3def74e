"""What would change: beds opened, a ward closed, another overflow chain or policy. Pure, on a copy of the pool.

Values in, values out. Invariant: the pool that is given is not changed, and beds that are opened break no room: each
stands in a room of its own, with the traits that most of the ward's beds have.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.beds.forecast.model import Past
from services.beds.scoring.model import BedStatus, Place, Policy, SexPolicy, Waiting

MOST_OPENED = 200
LONGEST_HOURS = 168


class Preset(StrEnum):
    """Overflow chains to compare (bed-rules §2): how many further specialties a bed takes."""

    NO_OVERFLOW = "no-overflow"
    ONE_OVERFLOW = "one-overflow"
    TWO_OVERFLOW = "two-overflow"


CHAIN = {Preset.NO_OVERFLOW: 0, Preset.ONE_OVERFLOW: 1, Preset.TWO_OVERFLOW: 2}


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is to be tried: any of these, together. `policy` None keeps the one in force."""

    name: str
    open_beds: Mapping[str, int]
    close_wards: tuple[str, ...] = ()
    overflow_places: int | None = None
    policy: Policy | None = None


@dataclass(frozen=True, kw_only=True)
class Occupant:
    """A patient in a bed as the simulation needs them: they are put back into the queue if their ward closes."""

    patient: Waiting
    bed_id: str
    nights: int
    drg: str | None


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """Somebody who came in the past weeks, to be drawn again as somebody who comes."""

    patient: Waiting
    drg: str | None


@dataclass(frozen=True, kw_only=True)
class Copy:
    """The pool as it is at `now`: every bed, who lies in it, who waits, and who may come."""

    now: datetime
    hour_of_week: int
    places: tuple[Place, ...]
    occupants: tuple[Occupant, ...]
    waiting: tuple[Arrival, ...]
    arrivals: tuple[Arrival, ...]
    policy: Policy


@dataclass(frozen=True, kw_only=True)
class WhatIfQuestion:
    """Simulate `hours` from now under each change, for at most `seconds`; the seed is part of the question."""

    copy: Copy
    past: Past
    changes: tuple[Change, ...]
    hours: int
    seed: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A request that has another bed at once under the change. None: no bed."""

    request_id: str
    ward_now: str | None
    ward_then: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the simulated days were like under one arrangement.

    Waits count from the request, in hours, of those who were given a bed and of those who still wait at the end;
    `cross_ward` are placements in another specialty's bed.
    """

    name: str
    placed: int
    still_waiting: int
    mean_wait_hours: float
    mean_wait_by_urgency: Mapping[str, float]
    longest_ratio: float
    cross_ward_share: float | None
    cross_campus_share: float | None
    mean_occupancy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """The answer: as it is now, and under each change, over the same simulated patients.

    `moves` are of the first round, on the queue as it is. `hours` may be fewer than asked for, when time ran out.
    """

    hours: int
    now: Outcome
    then: tuple[Outcome, ...]
    moves: tuple[tuple[Move, ...], ...]


def changed(places: Sequence[Place], change: Change) -> tuple[Place, ...]:
    """The beds under a change, all of whose wards there are; beds of a closed ward stand closed."""
    kept = (replace(place, status=BedStatus.CLOSED) if place.ward in change.close_wards else place for place in places)
    added = [bed for ward, count in change.open_beds.items() for bed in opened(places, ward, count)]
    return tuple(shortened(place, change.overflow_places) for place in (*kept, *added))


def unknown_ward(places: Sequence[Place], changes: Sequence[Change]) -> str | None:
    """A ward that a change names and that is not there."""
    named = {ward for change in changes for ward in (*change.open_beds, *change.close_wards)}
    return min(named - {place.ward for place in places}, default=None)


def opened(places: Sequence[Place], ward: str, count: int) -> list[Place]:
    """So many more beds in a ward."""
    usual = typical([place for place in places if place.ward == ward])
    return [
        replace(
            usual,
            bed_id=f"{ward}/what-if/{number}",
            room_id=f"{ward}/what-if-{number}",
            status=BedStatus.UNOCCUPIED,
            sex_policy=SexPolicy.MIXED,
            room_sex=None,
        )
        for number in range(1, count + 1)
    ]


def typical(places: Sequence[Place]) -> Place:
    """The first of the beds whose traits are the commonest."""
    counted = Counter(map(_traits, places))
    return max(places, key=lambda place: counted[_traits(place)])


def shortened(place: Place, overflow_places: int | None) -> Place:
    """The bed with only the first so many of the further specialties that it takes."""
    return place if overflow_places is None else replace(place, overflow=place.overflow[:overflow_places])


def preset(which: Preset) -> Change:
    """The change that a preset stands for."""
    return Change(name=which, open_beds={}, overflow_places=CHAIN[which])


def _traits(place: Place) -> tuple[object, ...]:
    return place.specialty, place.overflow, place.attributes, place.age_group, place.isolation, place.stay_band
