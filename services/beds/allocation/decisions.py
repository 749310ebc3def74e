"""Decisions: a bed that was accepted, by a coordinator or by its ward, or chosen otherwise, with a reason and a price.

Values in, values out. Invariant: who decided, when, and on which score, is kept for ever; what a choice cost the whole
round is found by the round after it, which solves itself once more without the choice.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.beds.allocation.inputs import Inputs, recomputed
from services.beds.allocation.proposals import AcceptProposal, Proposal
from services.beds.scoring import points
from services.beds.scoring.hard_rules import Rule
from services.beds.scoring.model import Policy
from services.beds.scoring.points import Concession, Score, Term
from services.beds.stays.model import Stay
from shared.decision import Refused


class Kind(StrEnum):
    """How a bed was decided on."""

    ACCEPTED = "accepted"
    AUTOMATIC = "automatic"
    CHOSEN = "chosen"


class Reason(StrEnum):
    """Why a command was refused."""

    OTHER_RULE = "another-rule-is-broken"
    TWICE = "chosen-twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A bed for a patient."""

    request_id: UUID
    bed_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseBeds:
    """A coordinator gives patients other beds than were proposed; two pairs with each other's beds are a swap.

    `broken_rule` names the hard rule that is passed over, if any: one that is broken and not named is a refusal.
    """

    pairs: tuple[Pair, ...]
    reason: str
    broken_rule: Rule | None
    by: str
    hold: timedelta
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A bed that was decided on. `proposed_bed_id` is what the rounds had suggested; `cost` is None until it is known.

    `gap` and the runners-up are those of the proposal, where that is what was accepted.
    """

    decision_no: int | None = None
    request_id: UUID
    bed_id: str
    ward_id: str
    kind: Kind
    decided_by: str
    reason: str | None
    broken_rule: str | None
    proposed_bed_id: str | None
    score: float
    terms: tuple[Term, ...]
    runner_up_bed_id: str | None
    margin: float | None
    rival_request_id: UUID | None
    rival_margin: float | None
    gap: float | None
    inputs: Inputs | None
    policy_version: str
    policy_digest: str | None
    decided_at: datetime
    cost: float | None = None

    @property
    def concessions(self) -> tuple[Concession, ...]:
        """The soft rules that the bed does not keep in full."""
        return points.concessions(self.terms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """A decision with the policy that scored it."""

    decision: Decision
    policy: Policy | None

    @property
    def recomputed(self) -> float | None:
        """The score from its inputs; None where they were not kept yet."""
        if self.decision.inputs is None or self.policy is None:
            return None
        return recomputed(self.decision.inputs, self.policy).points


def check_pairs(command: ChooseBeds) -> Refused | None:
    """Each patient once, each bed once."""
    requests, beds = {one.request_id for one in command.pairs}, {one.bed_id for one in command.pairs}
    if len(requests) == len(beds) == len(command.pairs):
        return None
    return Refused(reason=Reason.TWICE, remedy="name each request and each bed once")


def check_rule(command: ChooseBeds, stay: Stay) -> Refused | None:
    """An override passes over the rule that it names and over no other."""
    if stay.overridden_rule in (None, command.broken_rule):
        return None
    remedy = f"it breaks the rule {stay.overridden_rule}: name that one, or choose another bed"
    return Refused(reason=Reason.OTHER_RULE, remedy=remedy)


def accepted(proposal: Proposal, command: AcceptProposal, now: datetime) -> Decision:
    """The proposal is taken as it is."""
    return Decision(
        request_id=proposal.request_id,
        bed_id=proposal.bed_id,
        ward_id=proposal.ward_id,
        kind=Kind.AUTOMATIC if command.automatic else Kind.ACCEPTED,
        decided_by=command.by,
        reason=None,
        broken_rule=None,
        proposed_bed_id=proposal.bed_id,
        score=proposal.score,
        terms=proposal.terms,
        runner_up_bed_id=proposal.runner_up_bed_id,
        margin=proposal.margin,
        rival_request_id=proposal.rival_request_id,
        rival_margin=proposal.rival_margin,
        gap=proposal.gap,
        inputs=proposal.inputs,
        policy_version=proposal.policy_version,
        policy_digest=proposal.policy_digest,
        decided_at=now,
    )


def chosen(
    command: ChooseBeds, stay: Stay, before: Proposal | None, score: Score, inputs: Inputs, digest: str
) -> Decision:
    """Another bed is taken, with what its pair scores."""
    return Decision(
        request_id=stay.stay_id,
        bed_id=stay.bed_id,
        ward_id=stay.ward_id,
        kind=Kind.CHOSEN,
        decided_by=command.by,
        reason=command.reason,
        broken_rule=stay.overridden_rule,
        proposed_bed_id=before.bed_id if before else None,
        score=score.points,
        terms=score.terms,
        runner_up_bed_id=None,
        margin=None,
        rival_request_id=None,
        rival_margin=None,
        gap=None,
        inputs=inputs,
        policy_version=score.policy_version,
        policy_digest=digest,
        decided_at=stay.reserved_at,
    )
