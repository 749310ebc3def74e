"""What a round is asked: everybody who waits, every bed that is free, and in the morning those that soon will be.

Values in, values out. Invariant: a bed that is not free yet says so (`free_in_hours`), and its room keeps the sex of
those who lie there now; a proposal that stands is worth `keep_bonus` more than a new one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.beds.allocation.inputs import Inputs
from services.beds.allocation.model import Answer, Round
from services.beds.casemix.model import Known
from services.beds.inventory.model import CLEANABLE, Bed, place_of
from services.beds.requests import model as requests_model
from services.beds.requests.model import AdmissionRequest
from services.beds.scoring import points
from services.beds.scoring.hard_rules import first_broken_rule
from services.beds.scoring.model import HOSPITAL_ZONE, BedStatus, CaseMix, Place, Policy, Sex, Waiting

SECONDS_AN_HOUR = 3600
SHORTLY = timedelta(minutes=1)
"""When a bed is expected whose time has come and that is not free yet."""


class Kind(StrEnum):
    """What a round was for: something happened; the day begins; or a round before it left too much open."""

    EVENT = "event"
    MORNING = "morning"
    THOROUGH = "thorough"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A bed that a coordinator chose, and what the pair's score was made of; its price is to be found."""

    decision_no: int
    score: float
    inputs: Inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Everything that a round looks at, as it is at one instant: room sexes by room number, proposals by request.

    `soon` are beds that will be free, `free_at` says when. `last_round_no` is that of the round before, 0 for none.
    """

    kind: Kind
    wanted: tuple[int, ...]
    last_round_no: int
    waiting: tuple[AdmissionRequest, ...]
    free: tuple[Bed, ...]
    soon: tuple[Bed, ...]
    free_at: Mapping[str, datetime]
    beds: int
    room_sexes: Mapping[int, Sex]
    proposed: Mapping[UUID, str]
    unpriced: tuple[Chosen, ...]
    known: Known
    mix: CaseMix
    policy: Policy
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What a round has to do: the pool that it found, and the question that it puts to the optimiser."""

    pool: Pool
    question: Round


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A bed that a patient could have but for somebody else: what it would score, who has it, and until when."""

    bed_id: str
    points: float
    held_by: str
    holder_id: UUID | None
    free_at: datetime | None


def agenda(pool: Pool) -> Agenda:
    """The question of a round."""
    places = [place_of(bed, pool.room_sexes.get(bed.room_no)) for bed in pool.free]
    places += [soon_free(bed, pool) for bed in pool.soon]
    return Agenda(
        pool=pool,
        question=Round(
            waiting=tuple(requests_model.waiting(one, pool.now, pool.known) for one in pool.waiting),
            places=tuple(places),
            policy=pool.policy,
            not_free=pool.beds - len(places),
            mix=pool.mix,
            kept={str(request_id): bed_id for request_id, bed_id in pool.proposed.items()},
        ),
    )


def soon_free(bed: Bed, pool: Pool) -> Place:
    """A bed as it will stand."""
    hours = max(pool.free_at[bed.bed_id] - pool.now, SHORTLY).total_seconds() / SECONDS_AN_HOUR
    place = place_of(bed, pool.room_sexes.get(bed.room_no))
    return replace(place, status=BedStatus.UNOCCUPIED, free_in_hours=hours)


def free_from(leaves_at: datetime, policy: Policy, now: datetime) -> datetime:
    """When a bed is free whose patient is expected to leave, or to have left, at an instant."""
    return max(leaves_at, now) + timedelta(hours=policy.turnover_hours)


def within_horizon(free_at: Mapping[str, datetime], policy: Policy, now: datetime) -> dict[str, datetime]:
    """The beds that a morning round counts on."""
    horizon = now + timedelta(hours=policy.horizon_hours)
    return {bed_id: at for bed_id, at in free_at.items() if at <= horizon}


def once_more(asked: Agenda, answer: Answer) -> Agenda:
    """The same round with its proposals standing, to be written right after itself and after no other."""
    pool = replace(asked.pool, kind=Kind.THOROUGH, wanted=(), last_round_no=asked.pool.last_round_no + 1)
    standing = {one.request_id: one.bed_id for one in answer.assigned}
    return replace(asked, pool=pool, question=replace(asked.question, kept=standing))


def standing_total(again: Agenda, answer: Answer) -> float:
    """What the answer before is worth to a round in which its proposals stand."""
    bonus = again.question.policy.keep_bonus * len(answer.assigned)
    return sum(one.score.points for one in answer.assigned) + bonus


def next_morning(after: datetime, policy: Policy) -> datetime:
    """The first morning round after an instant, by the hospital's clock."""
    local = after.astimezone(HOSPITAL_ZONE)
    morning = local.replace(hour=policy.morning_hour, minute=0, second=0, microsecond=0)
    return morning if morning > local else morning + timedelta(days=1)


def without(asked: Agenda, chosen: Chosen) -> Round:
    """The round as it would have been without the coordinator's choice: its patient waits, its bed is free."""
    question, waiting, place = asked.question, chosen.inputs.waiting, chosen.inputs.place
    others = [one for one in question.places if one.bed_id != place.bed_id]
    return replace(
        question,
        waiting=(*(one for one in question.waiting if one.request_id != waiting.request_id), waiting),
        places=(*(_as_before(one, place) for one in others), place),
        kept={request_id: bed_id for request_id, bed_id in question.kept.items() if bed_id != place.bed_id},
    )


def price(chosen: Chosen, answer: Answer, answer_without: Answer) -> float:
    """What the choice cost: the total that the round would have reached without it, less what it reaches with it."""
    return max(0.0, answer_without.achieved - (answer.achieved + chosen.score))


def holders(waiting: Waiting, asked: Agenda, beds: Sequence[Bed]) -> list[Holder]:
    """Every bed that breaks no rule for this patient but that it is somebody's, the best first."""
    pool, question = asked.pool, asked.question
    context = points.context_of(question.waiting, question.policy, question.mix)
    proposed_to = {bed_id: request_id for request_id, bed_id in pool.proposed.items()}
    found = []
    for bed in beds:
        place = replace(place_of(bed, pool.room_sexes.get(bed.room_no)), status=BedStatus.UNOCCUPIED)
        held_by, holder_id = holder_of(bed, proposed_to)
        if held_by is None or holder_id == UUID(waiting.request_id) or first_broken_rule(waiting, place, pool.policy):
            continue
        score = points.score(waiting, place, pool.policy, context).points
        free_at = pool.free_at.get(bed.bed_id)
        found.append(Holder(bed_id=bed.bed_id, points=score, held_by=held_by, holder_id=holder_id, free_at=free_at))
    return sorted(found, key=lambda one: (-one.points, one.bed_id))


def holder_of(bed: Bed, proposed_to: Mapping[str, UUID]) -> tuple[str | None, UUID | None]:
    """Who has a bed: a stay, a reservation, a request it is proposed to, or the cleaners; nobody, if it can be had."""
    if bed.stay_id is not None:
        return ("reservation" if bed.reserved else "stay"), bed.stay_id
    if bed.status in CLEANABLE:
        return "cleaning", None
    return ("proposal" if bed.bed_id in proposed_to else None), proposed_to.get(bed.bed_id)


def nothing_to_assign(asked: Agenda) -> Answer:
    """The answer to a round in which nobody waits: it needs no optimiser."""
    version = asked.question.policy.version
    return Answer(assigned=(), unassigned=(), bound=0.0, achieved=0.0, policy_version=version, seconds=0.0)


def _as_before(one: Place, place: Place) -> Place:
    return replace(one, room_sex=place.room_sex, sex_policy=place.sex_policy) if one.room_id == place.room_id else one
