"""The rules of proposals between two rounds: what stays, what has lost its bed, and what a round is asked.

Values in, values out. Invariant: a proposal that is kept breaks no hard rule in the pool as it is now, all kept ones
counted; the beds of kept proposals are nobody else's, and their patients count as expected in their rooms.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.beds.allocation.model import Answer, Assigned, Round
from services.beds.inventory.model import Bed, place_of
from services.beds.requests import model as requests_model
from services.beds.requests.model import AdmissionRequest
from services.beds.scoring.hard_rules import first_broken_rule
from services.beds.scoring.model import Policy, Sex, Waiting
from services.beds.scoring.points import Term
from shared.messages.beds.allocation import BedProposed

PROPOSED = "proposed"


class Reason(StrEnum):
    """Why a command was refused."""

    NO_PROPOSAL = "no-proposal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A bed that a round suggests for a waiting patient, and why: `score` is the sum of its terms.

    `runner_up_bed_id` is the next best bed for this patient when the round began, `margin` how many points it lacks.
    `gap` says how much more the whole round could have reached at most, as a share of that.
    """

    request_id: UUID
    bed_id: str
    ward_id: str
    tier: int
    score: float
    terms: tuple[Term, ...]
    runner_up_bed_id: str | None
    margin: float | None
    policy_version: str
    gap: float
    proposed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    """A patient for whom the last round had no bed.

    `reasons`: beds by the first rule that each of them breaks; those proposed to others are under `PROPOSED`.
    """

    request_id: UUID
    tier: int
    reasons: Mapping[str, int]
    policy_version: str
    considered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What the rounds have to say to a request: a proposal, or why there is none; neither before its first round."""

    proposal: Proposal | None
    unplaced: Unplaced | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptProposal:
    """A coordinator, or a ward in automatic mode, takes the proposed bed for as long as `hold`."""

    request_id: UUID
    hold: timedelta
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Everything that a round looks at, as it is at one instant: room sexes by room number."""

    wanted: tuple[int, ...]
    waiting: tuple[AdmissionRequest, ...]
    free: tuple[Bed, ...]
    beds: int
    room_sexes: Mapping[int, Sex]
    proposals: tuple[Proposal, ...]
    policy: Policy
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What a round has to do: whom it asks for, the proposals that stay, and those that are open to change."""

    pool: Pool
    question: Round
    kept: Mapping[UUID, Proposal]
    open: Mapping[UUID, Proposal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a round changes. `proposed` are new; `withdrawn` lost their bed, or the round has another for them."""

    proposed: tuple[Proposal, ...]
    withdrawn: tuple[UUID, ...]
    unplaced: tuple[Unplaced, ...]


def agenda(pool: Pool, reopened: Collection[UUID] = ()) -> Agenda:
    """Keep the proposals that hold, but for those `reopened`; ask for everybody else with the beds that are left."""
    waiting = {one.request_id: requests_model.waiting(one, pool.now) for one in pool.waiting}
    good, sexes = kept(pool, waiting, [one for one in pool.proposals if one.request_id not in reopened])
    held = {proposal.bed_id for proposal in good.values()}
    return Agenda(
        pool=pool,
        question=Round(
            waiting=tuple(one for request_id, one in waiting.items() if request_id not in good),
            places=tuple(place_of(bed, sexes.get(bed.room_no)) for bed in pool.free if bed.bed_id not in held),
            policy=pool.policy,
            not_free=pool.beds - len(pool.free),
        ),
        kept=good,
        open={one.request_id: one for one in pool.proposals if one.request_id not in good},
    )


def reopened(asked: Agenda, answer: Answer) -> Agenda | None:
    """The round once more, with the proposals open that keep an urgent patient (tier 0) out of a bed; None if none do.

    Tier 0's total comes first, and a bed that is merely proposed to somebody of tier 1 must not hold it up.
    """
    urgent = {one.request_id for one in answer.unassigned if one.tier == 0}
    without_bed = [one for one in asked.question.waiting if one.request_id in urgent]
    beds = {bed.bed_id: bed for bed in asked.pool.free}
    giving_way = {
        proposal.request_id
        for proposal in asked.kept.values()
        if proposal.tier > 0 and any(could_have(one, beds[proposal.bed_id], asked.pool) for one in without_bed)
    }
    return agenda(asked.pool, giving_way) if giving_way else None


def could_have(waiting: Waiting, bed: Bed, pool: Pool) -> bool:
    """Whether the patient might be given the bed if nothing were proposed yet."""
    return first_broken_rule(waiting, place_of(bed, pool.room_sexes.get(bed.room_no)), pool.policy) is None


def kept(
    pool: Pool, waiting: Mapping[UUID, Waiting], proposals: Sequence[Proposal]
) -> tuple[dict[UUID, Proposal], dict[int, Sex]]:
    """Those of the proposals that still hold, best first, and the rooms' sexes with their patients counted."""
    beds = {bed.bed_id: bed for bed in pool.free}
    sexes = dict(pool.room_sexes)
    good: dict[UUID, Proposal] = {}
    for proposal in sorted(proposals, key=lambda one: (one.tier, -one.score, one.request_id)):
        one, bed = waiting.get(proposal.request_id), beds.get(proposal.bed_id)
        if one is None or bed is None:
            continue
        if first_broken_rule(one, place_of(bed, sexes.get(bed.room_no)), pool.policy) is None:
            good[proposal.request_id] = proposal
            sexes[bed.room_no] = joined(sexes.get(bed.room_no), one.sex)
    return good, sexes


def joined(present: Sex | None, coming: Sex) -> Sex:
    """The sex of a room when one more is expected; unknown as soon as they differ."""
    return coming if present in (None, coming) else Sex.UNKNOWN


def outcome(asked: Agenda, answer: Answer, now: datetime) -> Outcome:
    """What the answer changes: a patient who is given the same bed again keeps the proposal as it was."""
    held = {PROPOSED: len(asked.kept)} if asked.kept else {}
    wards = {bed.bed_id: bed.ward_id for bed in asked.pool.free}
    proposals = {UUID(one.request_id): _proposal(one, wards[one.bed_id], answer, now) for one in answer.assigned}
    same = {
        request_id
        for request_id, before in asked.open.items()
        if request_id in proposals and proposals[request_id].bed_id == before.bed_id
    }
    return Outcome(
        proposed=tuple(one for request_id, one in proposals.items() if request_id not in same),
        withdrawn=tuple(request_id for request_id in asked.open if request_id not in same),
        unplaced=tuple(
            Unplaced(
                request_id=UUID(one.request_id),
                tier=one.tier,
                reasons={str(rule): beds for rule, beds in one.reasons.items()} | held,
                policy_version=answer.policy_version,
                considered_at=now,
            )
            for one in answer.unassigned
        ),
    )


def nothing_to_assign(asked: Agenda) -> Answer:
    """The answer to a round in which nobody waits: it needs no optimiser."""
    version = asked.question.policy.version
    return Answer(assigned=(), unassigned=(), bound=0.0, achieved=0.0, policy_version=version, seconds=0.0)


def proposed(proposal: Proposal, request: AdmissionRequest) -> BedProposed:
    """What a new proposal says; `request` in the version that follows."""
    return BedProposed(
        request_id=proposal.request_id,
        patient_id=request.patient_id,
        bed_id=proposal.bed_id,
        ward_id=proposal.ward_id,
        score=proposal.score,
        policy_version=proposal.policy_version,
        proposed_at=proposal.proposed_at,
        aggregate_version=request.version,
    )


def _proposal(one: Assigned, ward_id: str, answer: Answer, now: datetime) -> Proposal:
    next_best = one.runner_up
    return Proposal(
        request_id=UUID(one.request_id),
        bed_id=one.bed_id,
        ward_id=ward_id,
        tier=one.tier,
        score=one.score.points,
        terms=one.score.terms,
        runner_up_bed_id=next_best.bed_id if next_best else None,
        margin=one.score.points - next_best.points if next_best else None,
        policy_version=answer.policy_version,
        gap=answer.gap,
        proposed_at=now,
    )
