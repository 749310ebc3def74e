"""Proposals: the bed that a round suggests for a patient, why, and what a round changes in them.

Values in, values out. Invariant: a request has one proposal or one reason why there is none. A proposal holds no bed;
one with `available_from` is for a bed that somebody still has or that is being cleaned, and is accepted only when it is
free.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.beds.allocation.agenda import Agenda
from services.beds.allocation.inputs import Inputs, inputs_of
from services.beds.allocation.model import Answer, Assigned
from services.beds.requests.model import AdmissionRequest
from services.beds.scoring import points
from services.beds.scoring.model import Policy
from services.beds.scoring.points import Concession, Term
from shared.messages.beds.allocation import BedProposed


class Reason(StrEnum):
    """Why a command was refused."""

    NO_PROPOSAL = "no-proposal"
    NOT_FREE_YET = "bed-not-free-yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A bed that a round suggests for a waiting patient, and why: `score` is the sum of its terms.

    `runner_up_bed_id` is the next best bed for this patient when the round began, `margin` how many points it lacks;
    `rival_request_id` the next best patient for this bed, and `rival_margin` what they lack. `gap` says how much more
    the whole round could have reached at most, as a share of that. `inputs` is what the score was made of.
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
    available_from: datetime | None = None
    rival_request_id: UUID | None = None
    rival_margin: float | None = None
    inputs: Inputs | None = None
    policy_digest: str | None = None

    @property
    def concessions(self) -> tuple[Concession, ...]:
        """The soft rules that the bed does not keep in full."""
        return points.concessions(self.terms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    """A patient for whom the last round had no bed. `reasons`: beds by the first rule that each of them breaks."""

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
    by: str
    automatic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a round changes. `proposed` are new; `withdrawn` lost their bed, or the round has another for them."""

    proposed: tuple[Proposal, ...]
    withdrawn: tuple[UUID, ...]
    unplaced: tuple[Unplaced, ...]


def outcome(asked: Agenda, answer: Answer, before: Sequence[Proposal], digest: str, now: datetime) -> Outcome:
    """What the answer changes: a patient who is given the same bed again keeps the proposal as it was.

    A bed that has become free meanwhile is proposed anew, because now it can be accepted.
    """
    proposals = {one.request_id: one for one in _proposals(asked, answer, digest, now)}
    same = {
        one.request_id
        for one in before
        if one.request_id in proposals
        and proposals[one.request_id].bed_id == one.bed_id
        and (proposals[one.request_id].available_from is None) == (one.available_from is None)
    }
    return Outcome(
        proposed=tuple(one for request_id, one in proposals.items() if request_id not in same),
        withdrawn=tuple(one.request_id for one in before if one.request_id not in same),
        unplaced=tuple(
            Unplaced(
                request_id=UUID(one.request_id),
                tier=one.tier,
                reasons={str(rule): beds for rule, beds in one.reasons.items()},
                policy_version=answer.policy_version,
                considered_at=now,
            )
            for one in answer.unassigned
        ),
    )


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
        available_from=proposal.available_from,
        aggregate_version=request.version,
    )


def _proposals(asked: Agenda, answer: Answer, digest: str, now: datetime) -> list[Proposal]:
    question = asked.question
    context = points.context_of(question.waiting, question.policy, question.mix)
    patients = {one.request_id: one for one in question.waiting}
    places = {one.bed_id: one for one in question.places}
    return [
        _proposal(one, asked, inputs_of(patients[one.request_id], places[one.bed_id], context), answer.gap, digest, now)
        for one in answer.assigned
    ]


def _proposal(one: Assigned, asked: Agenda, inputs: Inputs, gap: float, digest: str, now: datetime) -> Proposal:
    next_bed, next_patient = one.runner_up, one.rival
    return Proposal(
        request_id=UUID(one.request_id),
        bed_id=one.bed_id,
        ward_id=inputs.place.ward,
        tier=one.tier,
        score=one.score.points,
        terms=one.score.terms,
        runner_up_bed_id=next_bed.bed_id if next_bed else None,
        margin=one.score.points - next_bed.points if next_bed else None,
        policy_version=one.score.policy_version,
        gap=gap,
        proposed_at=now,
        available_from=asked.pool.free_at.get(one.bed_id),
        rival_request_id=UUID(next_patient.request_id) if next_patient else None,
        rival_margin=one.score.points - next_patient.points if next_patient else None,
        inputs=inputs,
        policy_digest=digest,
    )
