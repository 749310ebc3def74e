"""The HTTP side of allocation: proposals with their reasons, and accepting them. No rule lives here."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from services.beds.allocation import deciding, handlers
from services.beds.allocation.proposals import AcceptProposal, Reason
from services.beds.settings import CurrentPolicy, HoldTime
from services.beds.stays import handlers as stays
from shared.auth import CurrentCaller, Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

router = APIRouter(tags=["allocation"], responses=refusals(Reason, *stays.WHY_NOT_RESERVED))

READERS = (
    Role.COORDINATOR,
    Role.WARD_NURSE,
    Role.CLINICIAN,
    Role.BACK_OFFICE,
    Role.VIEWER,
    Role.OPERATOR,
    Role.SYSTEM,
)


class ProposalTermView(BaseModel):
    """One line of a score: weight times value."""

    name: str
    weight: float
    value: float
    points: float
    assumed: bool = Field(description="the value stands in for one that nobody has given yet")


class ConcessionView(BaseModel):
    """A soft rule that the bed does not keep in full."""

    rule: str = Field(description="the term: spec, campus, equip, los, flex, wish or delay")
    cost: float = Field(description="points")


class ProposalView(BaseModel):
    """A bed suggested for a waiting patient, term by term."""

    request_id: UUID
    bed_id: str
    ward_id: str
    tier: int
    score: float = Field(description="the sum of the terms' points")
    terms: list[ProposalTermView]
    runner_up_bed_id: str | None = Field(description="the next best bed for this patient when the round began")
    margin: float | None = Field(description="points that the runner-up lacks; below 0 where others needed it more")
    policy_version: str
    gap: float = Field(description="how much more the whole round could have reached at most, as a share")
    proposed_at: AwareDatetime
    available_from: AwareDatetime | None = Field(
        description="when the bed is expected free, and the proposal can be accepted; null: now"
    )
    rival_request_id: UUID | None = Field(description="the next best patient for this bed when the round began")
    rival_margin: float | None = Field(description="points that they lack; below 0 where they have a better bed")
    concessions: list[ConcessionView]


class UnplacedView(BaseModel):
    """Why the last round had no bed for a patient."""

    request_id: UUID
    tier: int
    reasons: dict[str, int] = Field(
        description="beds by the first hard rule each of them breaks; taken = it breaks none, and a better pair has it",
        examples=[{"status": 700, "specialty": 80, "sex": 2, "taken": 5}],
    )
    policy_version: str
    considered_at: AwareDatetime


class ExplanationView(BaseModel):
    """A proposal, or why there is none; neither before the request's first round."""

    proposal: ProposalView | None
    unplaced: UnplacedView | None


class AcceptedView(BaseModel):
    """The stay that the bed is kept for."""

    stay_id: UUID
    patient_id: UUID
    bed_id: str
    ward_id: str
    campus_id: str
    phase: str
    held_until: AwareDatetime
    version: int


class HolderView(BaseModel):
    """A bed that the patient could have but for somebody else."""

    bed_id: str
    points: float = Field(description="what it would score for this patient")
    held_by: str = Field(description="stay, reservation, proposal or cleaning")
    holder_id: UUID | None = Field(description="that stay or request")
    free_at: AwareDatetime | None = Field(description="when it is expected free, if that is soon")


@router.get("/proposals", dependencies=[may(*READERS)])
async def proposals(queries: QueryRunner) -> list[ProposalView]:
    """All live proposals, tier 0 first, then the best score."""
    return [ProposalView.model_validate(one, from_attributes=True) for one in await queries.run(handlers.proposals)]


@router.get("/requests/{request_id}/proposal", dependencies=[may(*READERS)])
async def explanation(request_id: UUID, queries: QueryRunner) -> ExplanationView:
    """The bed suggested for a request, term by term, or why there is none."""
    found = await queries.run(handlers.explanation, request_id)
    return ExplanationView.model_validate(found, from_attributes=True)


@router.get("/requests/{request_id}/beds", dependencies=[may(*READERS)])
async def holders(
    request_id: UUID,
    policy: CurrentPolicy,
    queries: QueryRunner,
    limit: Annotated[int, Query(ge=1, le=1000)] = 20,
) -> list[HolderView]:
    """Who has each bed that the patient could have: the best beds first."""
    found = await queries.run(handlers.holders, request_id, policy)
    return [HolderView.model_validate(one, from_attributes=True) for one in found[:limit]]


@router.post(
    "/requests/{request_id}/acceptance",
    status_code=201,
    response_model=AcceptedView,
    dependencies=[may(Role.COORDINATOR)],
)
async def accept_proposal(
    request_id: UUID, caller: CurrentCaller, policy: CurrentPolicy, hold: HoldTime, commands: CommandRunner
) -> Response:
    """Keep the proposed bed for the patient; 409 when it is not free yet, or lost and a new round is under way."""
    command = AcceptProposal(request_id=request_id, hold=hold, policy=policy, by=caller.subject)
    return await commands.run(deciding.accept_proposal, command, answer=AcceptedView)
