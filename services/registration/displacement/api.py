"""The HTTP side of displacement: parse, authorise, run the handler, answer. No rule lives here."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from services.registration.booking.model import Status
from services.registration.displacement import handlers
from services.registration.displacement.model import Cut, CutSession, Orphans, Reason, State
from services.registration.schedules.bodies import Code, SessionView
from services.registration.schedules.model import CutReason
from services.registration.schedules.model import Reason as SessionReason
from shared.auth import Role, may
from shared.commands import CommandRunner, refused
from shared.decision import Refused
from shared.http import QueryRunner, refusals

REFUSED = refusals(Reason, SessionReason.SESSION_CLOSED, SessionReason.SESSION_OVER, SessionReason.SPAN_BACKWARDS)
router = APIRouter(tags=["displacement"], responses=REFUSED)

PLANNERS = (Role.FRONT_DESK, Role.BACK_OFFICE, Role.OPERATOR)


class Span(BaseModel, extra="forbid"):
    """How many places each slot is to keep, and of which slots; of all without `from_at` and `to_at`."""

    capacity: int = Field(0, ge=0, le=1000)
    from_at: AwareDatetime | None = Field(None, description="the first start that is cut")
    to_at: AwareDatetime | None = Field(None, description="the first start that is not cut any more")


class ClosureBody(BaseModel, extra="forbid"):
    """Why, and what becomes of those who lose their place."""

    orphans: Orphans = Field(description="move at once, offer a slot, or only put on the worklist")
    reason: CutReason


class CutBody(Span, ClosureBody):
    """What is cut, why, and what becomes of those who lose their place."""


class OrphanView(BaseModel, from_attributes=True):
    """Somebody who would lose, or has changed, the place. Instants are UTC."""

    appointment_id: UUID
    patient_id: UUID
    session_id: UUID
    slot_starts_at: AwareDatetime
    ordinal: int
    status: Status


class PreviewView(BaseModel, from_attributes=True):
    """Who would lose the place, and how many places the slots would have left."""

    capacities: dict[AwareDatetime, int]
    orphans: list[OrphanView]


class RebookingView(BaseModel, from_attributes=True):
    """An entry of the worklist. The offered slot was free and is not kept."""

    appointment_id: UUID
    patient_id: UUID
    clinic_id: str
    session_id: UUID
    slot_starts_at: AwareDatetime
    reason: CutReason
    state: State
    offered_session_id: UUID | None
    offered_slot_starts_at: AwareDatetime | None
    displaced_at: AwareDatetime


class RebookingList(BaseModel):
    """Those to be rebooked, whoever was displaced first first."""

    rebookings: list[RebookingView]


class CutView(BaseModel):
    """The session as it is now, and what became of everybody who lost the place."""

    session: SessionView
    moved: list[OrphanView]
    rebookings: list[RebookingView]
    holds_given_up: list[UUID]


@router.get("/sessions/{session_id}/orphans", response_model=PreviewView, dependencies=[may(*PLANNERS)])
async def preview(session_id: UUID, span: Annotated[Span, Query()], queries: QueryRunner) -> Any:  # noqa: ANN401
    """Who would lose the place if the session was cut so; closed, with no capacity given. Nothing is changed."""
    plan = await queries.run(handlers.preview, Cut(session_id=session_id, **dict(span)))
    return refused(plan) if isinstance(plan, Refused) else PreviewView.model_validate(plan)


@router.post("/sessions/{session_id}/cut", response_model=CutView, dependencies=[may(*PLANNERS)])
async def cut_session(session_id: UUID, body: CutBody, commands: CommandRunner) -> Response:
    """Leave fewer places in a session; everybody who loses one is moved or put on the worklist, in one step."""
    cut = Cut(session_id=session_id, capacity=body.capacity, from_at=body.from_at, to_at=body.to_at)
    command = CutSession(cut=cut, close=False, orphans=body.orphans, reason=body.reason)
    return await commands.run(handlers.cut_session, command, answer=CutView)


@router.post("/sessions/{session_id}/closure", response_model=CutView, dependencies=[may(*PLANNERS)])
async def close_session(session_id: UUID, body: ClosureBody, commands: CommandRunner) -> Response:
    """Close a session; everybody who has not arrived is moved or put on the worklist, in one step."""
    cut = Cut(session_id=session_id, capacity=0)
    command = CutSession(cut=cut, close=True, orphans=body.orphans, reason=body.reason)
    return await commands.run(handlers.cut_session, command, answer=CutView)


@router.get("/rebookings", dependencies=[may(*PLANNERS, Role.CLINICIAN, Role.VIEWER)])
async def rebookings(
    queries: QueryRunner,
    clinic_id: Code | None = None,
    state: State | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> RebookingList:
    """The worklist of those who have lost their place; without a state those who still have none."""
    found = await queries.run(handlers.rebookings, clinic_id, state, limit)
    return RebookingList.model_validate({"rebookings": found}, from_attributes=True)
