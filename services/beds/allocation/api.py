"""The HTTP side of allocation: proposals with their reasons, and accepting them. No rule lives here."""

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, Field

from services.beds.allocation import handlers
from services.beds.allocation.proposals import AcceptProposal
from services.beds.settings import CurrentPolicy, HoldTime
from shared.auth import Role, may
from shared.commands import CommandRunner
from shared.http import REFUSALS, QueryRunner

router = APIRouter(tags=["allocation"], responses=REFUSALS)

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


class UnplacedView(BaseModel):
    """Why the last round had no bed for a patient."""

    request_id: UUID
    tier: int
    reasons: dict[str, int] = Field(
        description="beds by the first hard rule each of them breaks; taken = a better pair has it, "
        "proposed = proposed to somebody before",
        examples=[{"status": 700, "specialty": 80, "sex": 2, "proposed": 5}],
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


@router.get("/proposals", dependencies=[may(*READERS)])
async def proposals(queries: QueryRunner) -> list[ProposalView]:
    """All live proposals, tier 0 first, then the best score."""
    return [ProposalView.model_validate(one, from_attributes=True) for one in await queries.run(handlers.proposals)]


@router.get("/requests/{request_id}/proposal", dependencies=[may(*READERS)])
async def explanation(request_id: UUID, queries: QueryRunner) -> ExplanationView:
    """The bed suggested for a request, term by term, or why there is none."""
    found = await queries.run(handlers.explanation, request_id)
    return ExplanationView.model_validate(found, from_attributes=True)


@router.post(
    "/requests/{request_id}/acceptance",
    status_code=201,
    response_model=AcceptedView,
    dependencies=[may(Role.COORDINATOR)],
)
async def accept_proposal(request_id: UUID, policy: CurrentPolicy, hold: HoldTime, commands: CommandRunner) -> Response:
    """Keep the proposed bed for the patient; 409 when it has been lost meanwhile, and a new round is under way."""
    command = AcceptProposal(request_id=request_id, hold=hold, policy=policy)
    return await commands.run(handlers.accept_proposal, command, answer=AcceptedView)
