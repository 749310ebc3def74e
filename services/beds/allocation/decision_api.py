"""The HTTP side of decisions: other beds chosen, what was decided and on which score. No rule lives here."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.beds.allocation import deciding, inputs
from services.beds.allocation.api import READERS, ConcessionView, ProposalTermView
from services.beds.allocation.decisions import ChooseBeds, Kind, Pair, Reason
from services.beds.scoring.hard_rules import Rule
from services.beds.settings import CurrentPolicy, HoldTime
from services.beds.stays import handlers as stays
from shared.auth import CurrentCaller, Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

router = APIRouter(tags=["bed decisions"], responses=refusals(Reason, *stays.WHY_NOT_RESERVED))

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)]
BedId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
MOST_PAIRS = 20


class PairBody(BaseModel, extra="forbid"):
    """A bed for a patient."""

    request_id: UUID
    bed_id: BedId


class ChoiceBody(BaseModel, extra="forbid"):
    """Other beds than were proposed; two pairs with each other's beds are a swap."""

    pairs: list[PairBody] = Field(min_length=1, max_length=MOST_PAIRS)
    reason: Words = Field(description="why; kept with the caller's name")
    broken_rule: Rule | None = Field(None, description="the hard rule that is passed over; any other is a refusal")


class DecisionView(BaseModel):
    """A bed that was decided on."""

    decision_no: int
    request_id: UUID
    bed_id: str
    ward_id: str
    kind: Kind
    decided_by: str
    reason: str | None
    broken_rule: str | None
    proposed_bed_id: str | None = Field(description="what the rounds had suggested")
    score: float
    terms: list[ProposalTermView]
    concessions: list[ConcessionView]
    runner_up_bed_id: str | None
    margin: float | None
    rival_request_id: UUID | None
    rival_margin: float | None
    gap: float | None
    policy_version: str
    decided_at: AwareDatetime
    cost: float | None = Field(description="of a choice: points that the whole round lost by it; null until known")


class AuditView(BaseModel):
    """A decision's score, computed once more from what was kept of it."""

    decision_no: int
    score: float
    recomputed: float | None = Field(description="null: decided before inputs were kept")
    inputs: dict[str, Any] | None = Field(description="patient, bed and what the round knew of the others")
    policy: dict[str, Any] | None


DecisionNo = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.post("/choices", status_code=201, response_model=list[DecisionView], dependencies=[may(Role.COORDINATOR)])
async def choose_beds(
    body: ChoiceBody, caller: CurrentCaller, policy: CurrentPolicy, hold: HoldTime, commands: CommandRunner
) -> Response:
    """Keep other beds than were proposed, all or none, with a reason; the next round finds what that cost."""
    command = ChooseBeds(
        pairs=tuple(Pair(request_id=one.request_id, bed_id=one.bed_id) for one in body.pairs),
        reason=body.reason,
        broken_rule=body.broken_rule,
        by=caller.subject,
        hold=hold,
        policy=policy,
    )
    return await commands.run(deciding.choose_beds, command, answer=list[DecisionView])


@router.get("/decisions", dependencies=[may(*READERS)])
async def decisions(
    queries: QueryRunner, request_id: UUID | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> list[DecisionView]:
    """The latest decisions, or those on a request: who, why, on which score, and what a choice cost."""
    found = await queries.run(deciding.decisions_on, request_id, limit)
    return [DecisionView.model_validate(one, from_attributes=True) for one in found]


@router.get("/decisions/{decision_no}/score", dependencies=[may(*READERS)])
async def audit(decision_no: DecisionNo, queries: QueryRunner) -> AuditView:
    """The score of a decision from its stored inputs, for whoever doubts it."""
    found = await queries.run(deciding.audit, decision_no)
    return AuditView(
        decision_no=decision_no,
        score=found.decision.score,
        recomputed=found.recomputed,
        inputs=inputs.dumped(found.decision.inputs) if found.decision.inputs else None,
        policy=inputs.dumped_policy(found.policy) if found.policy else None,
    )
