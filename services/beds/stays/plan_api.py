"""The HTTP side of beds for later: promises to patients, planned closures, and what stands in the way. No rule here."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from services.beds.planned import handlers as planned
from services.beds.planned.model import CancelPlan, Kind, PlanClosure, Reason, Span, State
from services.beds.requests.model import Reason as RequestReason
from services.beds.settings import CurrentPolicy
from services.beds.stays import planning
from services.beds.stays.api import OVERRIDE, READERS, BedId, Words, override_of
from services.beds.stays.model import Reason as StayReason
from services.beds.stays.planning import Obstacle, PlanBed
from shared.auth import CurrentCaller, Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

router = APIRouter(tags=["plans"], responses=refusals(Reason, StayReason.HARD_RULE, RequestReason.NOT_WAITING))
CLOSERS = (Role.COORDINATOR, Role.BACK_OFFICE, Role.OPERATOR)


class PlanBody(BaseModel, extra="forbid"):
    """A bed for a waiting patient, from an instant ahead."""

    request_id: UUID
    bed_id: BedId
    from_at: AwareDatetime
    until_at: AwareDatetime | None = Field(None, description="left out: for the days that the request expects")
    override_reason: Words | None = Field(None, description=OVERRIDE)


class ClosureBody(BaseModel, extra="forbid"):
    """Beds that are to close."""

    place_id: BedId = Field(description="the id of a bed, a room or a ward", examples=["main/M-EM"])
    from_at: AwareDatetime
    reason: Words


class EndBody(BaseModel, extra="forbid"):
    """Why it is given up."""

    reason: Words


class PlanView(BaseModel):
    """A promise: the bed is somebody's, or closes, from `from_at` on. Instants are UTC."""

    plan_id: UUID
    kind: Kind
    bed_id: str
    ward_id: str
    request_id: UUID | None
    patient_id: UUID | None
    from_at: AwareDatetime
    until_at: AwareDatetime | None
    notice_at: AwareDatetime = Field(description="from when on nobody else gets the bed")
    reason: str | None
    planned_by: str
    planned_at: AwareDatetime
    state: State
    version: int


class ConflictView(BaseModel):
    """A promise that will not be kept in time as things stand."""

    plan: PlanView
    obstacle: Obstacle
    stay_id: UUID | None = Field(description="who has the bed")
    free_at: AwareDatetime | None = Field(description="when they are expected to leave")


@router.post("/plans", status_code=201, response_model=PlanView, dependencies=[may(Role.COORDINATOR)])
async def plan_bed(body: PlanBody, caller: CurrentCaller, policy: CurrentPolicy, commands: CommandRunner) -> Response:
    """Promise a bed to a waiting patient; 409 when it, the patient or the room is promised otherwise in that time."""
    command = PlanBed(
        request_id=body.request_id,
        bed_id=body.bed_id,
        from_at=body.from_at,
        until_at=body.until_at,
        policy=policy,
        by=caller.subject,
        override=override_of(body.override_reason, caller),
    )
    return await commands.run(planning.plan_bed, command, answer=PlanView)


@router.post("/closures", status_code=201, response_model=list[PlanView], dependencies=[may(*CLOSERS)])
async def plan_closure(body: ClosureBody, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """Close a bed, a room or a ward from an instant on, each bed as soon as it is free then."""
    span = Span(from_at=body.from_at, until_at=None)
    command = PlanClosure(place_id=body.place_id, span=span, reason=body.reason, by=caller.subject)
    return await commands.run(planned.plan_closure, command, answer=list[PlanView])


@router.post("/plans/{plan_id}/cancellation", response_model=PlanView, dependencies=[may(*CLOSERS)])
async def cancel_plan(plan_id: UUID, body: EndBody, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """End a promise before it is kept."""
    command = CancelPlan(plan_id=plan_id, reason=body.reason, by=caller.subject)
    return await commands.run(planned.cancel_plan, command, answer=PlanView)


@router.get("/plans", dependencies=[may(*READERS)])
async def plans(
    queries: QueryRunner, ward_id: str | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 200
) -> list[PlanView]:
    """Promises that are still to be kept, earliest first."""
    found = await queries.run(planned.plans, ward_id, limit)
    return [PlanView.model_validate(plan, from_attributes=True) for plan in found]


@router.get("/plans/conflicts", dependencies=[may(*READERS)])
async def conflicts(queries: QueryRunner, ward_id: str | None = None) -> list[ConflictView]:
    """Promises that will not be kept in time as things stand: who lies there longer, or what is not ready."""
    found = await queries.run(planning.conflicts, ward_id)
    return [ConflictView.model_validate(one, from_attributes=True) for one in found]
