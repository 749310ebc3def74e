"""What a bed round is asked and what it answers. Standard library only, so that the service itself can hold it.

Invariant: a round that can be made can be solved: its ids are unique, and the free beds of one room agree on who
may lie there. `achieved` is the sum of the assigned scores with the bonus of those that stay, and `bound` is proven: no
allocation that keeps the hard rules and gives tier 0 its greatest total reaches more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from services.beds.scoring.hard_rules import Rule
from services.beds.scoring.model import (
    NO_CASE_MIX,
    BedStatus,
    CaseMix,
    Place,
    Policy,
    Sex,
    SexPolicy,
    Unscorable,
    Waiting,
)
from services.beds.scoring.points import Score


@dataclass(frozen=True, kw_only=True)
class Round:
    """All who wait and all beds at one instant. Who is accepted, in transport or overridden is not among them.

    `not_free` counts further beds that are left out of `places` because nobody can have them. `kept`: request → the bed
    proposed to it before; that pair counts `keep_bonus` more, so that a proposal changes for something.
    """

    waiting: tuple[Waiting, ...]
    places: tuple[Place, ...]
    policy: Policy
    not_free: int = 0
    mix: CaseMix = NO_CASE_MIX
    kept: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a round that has no answer."""
        require_unique("request_id", (one.request_id for one in self.waiting))
        require_unique("bed_id", (place.bed_id for place in self.places))
        rooms: dict[str, tuple[SexPolicy, Sex | None]] = {}
        for place in self.free:
            known = rooms.setdefault(place.room_id, (place.sex_policy, place.room_sex))
            if known != (place.sex_policy, place.room_sex):
                raise Unscorable("room_sex", f"give every bed of room {place.room_id} the same sex_policy and room_sex")

    @cached_property
    def free(self) -> tuple[Place, ...]:
        """The beds that somebody can have."""
        return tuple(place for place in self.places if place.status is BedStatus.UNOCCUPIED)

    def reduced(self) -> "Round":
        """The same round with the beds nobody can have as a number."""
        closed = len(self.places) - len(self.free)
        return replace(self, places=self.free, not_free=self.not_free + closed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long the exact search goes on: while more than `gap` of the bound is open, at most `seconds`."""

    gap: float
    seconds: float


AT_ONCE = Effort(gap=1.0, seconds=0.0)
"""Repair only: a round after each event must not keep anybody waiting."""

TOLERANCE = 0.0025
THOROUGH = Effort(gap=TOLERANCE, seconds=5.0)
"""What a round whose gap is above the tolerance is put to once more, beside those that go on (bed-rules §1)."""


@dataclass(frozen=True, kw_only=True)
class RunnerUp:
    """The next best bed that no rule forbade the patient before the round, whoever has it now, and its points."""

    bed_id: str
    points: float


@dataclass(frozen=True, kw_only=True)
class Rival:
    """The next best patient for this bed whom no rule forbade it before the round, and what the pair would score."""

    request_id: str
    points: float


@dataclass(frozen=True, kw_only=True)
class Assigned:
    """A patient and the bed proposed for them, with the reasons.

    `runner_up` is None if there was no other bed, `rival` if the bed was for nobody else.
    """

    request_id: str
    bed_id: str
    tier: int
    score: Score
    runner_up: RunnerUp | None
    rival: Rival | None


@dataclass(frozen=True, kw_only=True)
class Unassigned:
    """A patient for whom no bed is left; each bed counts once, under the first rule it breaks."""

    request_id: str
    tier: int
    reasons: Mapping[Rule, int]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The proposal of a round, by request id, with its certificate. `seconds` is a measurement, no part of equality.

    `achieved` and `bound` count the scores, and `keep_bonus` for each proposal that stays.
    """

    assigned: tuple[Assigned, ...]
    unassigned: tuple[Unassigned, ...]
    bound: float
    achieved: float
    policy_version: str
    seconds: float = field(compare=False)

    @property
    def gap(self) -> float:
        """How much more could at most be reached, as a share of the bound; 0 if nothing can be placed."""
        return (self.bound - self.achieved) / self.bound if self.bound > 0 else 0.0


def require_unique(name: str, ids: Iterable[str]) -> None:
    """Raise `Unscorable` on an id that occurs twice."""
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            raise Unscorable(name, f"give each an id of its own; {one} occurs twice")
        seen.add(one)
