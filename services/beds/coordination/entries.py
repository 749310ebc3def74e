"""The lines of the desk's list: how each stands, which are asked for, and in which order they lie.

Invariant: what asks for a person lies on top; below it whoever waits by rank, then reservations by when they end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.beds.coordination.model import GRAVITY, Answer, Attention, ExamState
from services.beds.requests.model import Phase
from services.beds.scoring.points import Term


class CallState(StrEnum):
    """How the latest call-back stands. NOT_YET: none has come up."""

    NOT_YET = "not-yet"
    DUE = "due"
    OVERDUE = "overdue"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """The bed that the last round suggests."""

    bed_id: str
    ward_id: str
    score: float
    proposed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """The bed that is kept, and what the patient has answered to it; None as long as they have not."""

    bed_id: str
    ward_id: str
    held_until: datetime
    answer: Answer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What followup tells of the calls: the last that came up, and when the next one does."""

    state: CallState
    due_at: datetime | None
    late_at: datetime | None
    outcome: str | None
    recorded_at: datetime | None
    next_due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exams:
    """What registration tells of the exams before admission."""

    state: ExamState
    exams: int
    last_ends_at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """How far the admission is prepared: `missing` are the mandatory ones among the open items."""

    items: int
    open: tuple[str, ...]
    missing: tuple[str, ...]
    consents: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """A waiting patient's place in the queue, and why."""

    rank: int
    points: float
    terms: tuple[Term, ...]
    policy_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the desk's list. `ranking` is None where a bed is reserved."""

    request_id: UUID
    patient_id: UUID
    source: str
    specialty: str
    campus_id: str
    triage: int | None
    tier: int
    phase: Phase
    requested_at: datetime
    waited_hours: float
    ranking: Ranking | None
    proposed: Proposed | None
    without_bed: Mapping[str, int] | None
    reserved: Reserved | None
    call: Call
    exams: Exams
    prepared: Prepared
    attention: Attention | None
    attention_at: datetime | None

    @property
    def ward_id(self) -> str | None:
        """The ward of the bed that is kept or suggested."""
        bed = self.reserved or self.proposed
        return bed.ward_id if bed else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which entries are asked for; None leaves it open."""

    campus_id: str | None = None
    specialty: str | None = None
    ward_id: str | None = None
    tier: int | None = None
    phase: Phase | None = None
    attention: bool | None = None
    call: CallState | None = None
    prepared: bool | None = None

    def let_through(self, entry: Entry) -> bool:
        """Whether the entry is asked for."""
        given = (
            (self.campus_id, entry.campus_id),
            (self.specialty, entry.specialty),
            (self.ward_id, entry.ward_id),
            (self.tier, entry.tier),
            (self.phase, entry.phase),
            (self.attention, entry.attention is not None),
            (self.call, entry.call.state),
            (self.prepared, not entry.prepared.missing),
        )
        return all(asked is None or asked == value for asked, value in given)


def in_order(entries: Sequence[Entry]) -> list[Entry]:
    """What asks for a person on top, then who waits by rank, then reservations by when they end."""
    return sorted(entries, key=_place)


def call_state(status: str | None, late_at: datetime | None, now: datetime) -> CallState:
    """How a call stands by the clock; `status` as followup tells it, None before the first came up."""
    if status is None:
        return CallState.NOT_YET
    if status == "ready":
        return CallState.OVERDUE if late_at is not None and late_at <= now else CallState.DUE
    return CallState.FAILED if status == "failed" else CallState.DONE


def _place(entry: Entry) -> tuple[int, int, float, UUID]:
    gravity = GRAVITY[entry.attention] if entry.attention else len(GRAVITY)
    if entry.ranking is not None:
        return gravity, 0, entry.ranking.rank, entry.request_id
    until = entry.reserved.held_until.timestamp() if entry.reserved else 0.0
    return gravity, 1, until, entry.request_id
