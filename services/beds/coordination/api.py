"""The HTTP side of the coordinator's desk: parse, authorise, run the handler, answer. No rule lives here."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from services.beds.coordination import handlers
from services.beds.coordination.entries import CallState, Filters
from services.beds.coordination.handlers import Shown
from services.beds.coordination.model import (
    Acknowledge,
    Answer,
    AnswerReservation,
    Figures,
    Reason,
    Withdraw,
    WithdrawalReason,
)
from services.beds.coordination.views import DoneView, EntryView, FiguresView, WorklistView
from services.beds.requests.model import Phase
from services.beds.requests.model import Reason as RequestReason
from services.beds.settings import CurrentPolicy
from shared.auth import CurrentCaller, Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

router = APIRouter(prefix="/desk", tags=["coordination"], responses=refusals(Reason, RequestReason.NOT_WAITING))

READERS = (
    *(Role.COORDINATOR, Role.WARD_NURSE, Role.FRONT_DESK, Role.CLINICIAN, Role.FOLLOWUP_NURSE),
    *(Role.BACK_OFFICE, Role.VIEWER, Role.OPERATOR, Role.SYSTEM),
)


class Asked(BaseModel, extra="forbid"):
    """Which entries, and which page of them."""

    campus_id: str | None = None
    specialty: str | None = None
    ward_id: str | None = Field(None, description="of the bed that is kept or suggested")
    tier: int | None = Field(None, ge=0, le=1)
    phase: Phase | None = Field(None, description="waiting or reserved")
    attention: bool | None = Field(None, description="true: only what asks for a person")
    call: CallState | None = None
    prepared: bool | None = Field(None, description="false: only where a mandatory item is open")
    offset: int = Field(0, ge=0, le=1_000_000)
    limit: int = Field(100, ge=1, le=500)


class AnswerBody(BaseModel, extra="forbid"):
    """What the patient says to the reserved bed."""

    answer: Answer


class WithdrawalBody(BaseModel, extra="forbid"):
    """Why the patient will not be admitted."""

    reason: WithdrawalReason


@router.get("/worklist", dependencies=[may(*READERS)])
async def worklist(asked: Annotated[Asked, Query()], policy: CurrentPolicy, queries: QueryRunner) -> WorklistView:
    """Everybody who waits or has a bed reserved: what asks for a person first, then by rank with reasons."""
    page = {"offset": asked.offset, "limit": asked.limit}
    filters = Filters(**asked.model_dump(exclude=set(page)))
    shown: Shown = await queries.run(handlers.worklist, filters, asked.offset, asked.limit, policy)
    entries = [EntryView.of(entry) for entry in shown.entries]
    return WorklistView(total=shown.total, attention=shown.attention, entries=entries, **page)


@router.get("/figures", dependencies=[may(*READERS)])
async def figures(
    queries: QueryRunner, since: Annotated[AwareDatetime | None, Query(description="reservations since then")] = None
) -> FiguresView:
    """How many patients confirmed the reserved bed by themselves."""
    found: Figures = await queries.run(handlers.figures, since)
    share = found.confirmed_by_app / found.reserved if found.reserved else None
    return FiguresView(
        reserved=found.reserved,
        confirmed_by_app=found.confirmed_by_app,
        declined=found.declined,
        self_service_share=share,
    )


@router.get("/requests/{request_id}", dependencies=[may(*READERS)])
async def desk_entry(request_id: UUID, policy: CurrentPolicy, queries: QueryRunner) -> EntryView:
    """One line of the list."""
    return EntryView.of(await queries.run(handlers.entry, request_id, policy))


@router.post(
    "/requests/{request_id}/answer",
    response_model=DoneView,
    dependencies=[may(Role.PATIENT_APP, Role.COORDINATOR, Role.FRONT_DESK)],
)
async def answer_reservation(
    request_id: UUID, body: AnswerBody, caller: CurrentCaller, commands: CommandRunner
) -> Response:
    """The patient comes to the reserved bed, or not; who declines waits again."""
    by_app = caller.roles.isdisjoint({Role.COORDINATOR, Role.FRONT_DESK})
    command = AnswerReservation(request_id=request_id, answer=body.answer, self_service=by_app)
    return await commands.run(handlers.answer_reservation, command, answer=DoneView)


@router.post("/requests/{request_id}/withdrawal", response_model=DoneView, dependencies=[may(Role.COORDINATOR)])
async def withdraw(request_id: UUID, body: WithdrawalBody, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """The patient will not be admitted; a reserved bed is free at once."""
    command = Withdraw(request_id=request_id, reason=body.reason, by=caller.subject)
    return await commands.run(handlers.withdraw, command, answer=DoneView)


@router.post("/requests/{request_id}/acknowledgement", response_model=DoneView, dependencies=[may(Role.COORDINATOR)])
async def acknowledge(request_id: UUID, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """A person has seen to what asked for one."""
    return await commands.run(
        handlers.acknowledge, Acknowledge(request_id=request_id, by=caller.subject), answer=DoneView
    )
