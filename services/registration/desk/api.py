"""The HTTP side of the one-stop desk: parse, authorise, run the handler, answer. No rule lives here."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.registration.desk import handlers
from services.registration.desk.model import (
    Kind,
    OpenTicket,
    Outcome,
    Reason,
    RejectReason,
    State,
    Ticket,
    Wanted,
    Worker,
)
from shared.auth import Caller, CurrentCaller, Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals
from shared.ids import new_id

router = APIRouter(prefix="/desk", tags=["one-stop desk"], responses=refusals(Reason))

WORKERS = (Role.FRONT_DESK, Role.BACK_OFFICE, Role.CLINICIAN)
ASKERS = (Role.FRONT_DESK, Role.BACK_OFFICE, Role.PATIENT_APP)
COUNTERS = (*WORKERS, Role.OPERATOR, Role.VIEWER, Role.SYSTEM)

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Subject = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,200}$")]


class KindView(BaseModel):
    """A kind of service, who carries it out, and how long it takes in working time."""

    code: str
    name_zh: str
    name_en: str
    role: Role
    due_hours: int | None = Field(description="working hours from the opening, or null")
    due_days: int | None = Field(description="until the end of so many working days after, or null")


class KindList(BaseModel):
    """Every kind of service."""

    kinds: list[KindView]


class TicketView(BaseModel):
    """A ticket. Instants are UTC."""

    ticket_id: UUID
    patient_id: UUID
    kind: str
    catalogue_version: str
    role: Role = Field(description="who carries it out")
    state: State
    owner: str | None = Field(description="the account that works on it")
    note: str | None
    answer: str | None
    outcome: Outcome | None
    reject_reason: RejectReason | None
    opened_by: str
    opened_at: AwareDatetime
    due_at: AwareDatetime
    taken_at: AwareDatetime | None
    closed_at: AwareDatetime | None


class WorkView(TicketView):
    """A ticket on the worklist."""

    overdue: bool = Field(description="not closed, and its due time is past")


class TicketPage(BaseModel):
    """A page of tickets, the earliest due first."""

    tickets: list[WorkView]
    next: UUID | None = Field(description="give it as `after` for the next page; null on the last")


class NewTicket(BaseModel, extra="forbid"):
    """What is asked for."""

    ticket_id: UUID | None = Field(None, description="chosen by the client, new for each ticket; else by us")
    patient_id: UUID
    kind: Code = Field(description="of GET /desk/kinds")
    note: Note | None = Field(None, description="what the desk should know; it stays there")


class HandoverBody(BaseModel, extra="forbid"):
    """Who goes on with it."""

    owner: Subject | None = Field(description="an account; null puts it back for anybody of its role")


class CompletionBody(BaseModel, extra="forbid"):
    """What came of it."""

    outcome: Outcome
    answer: Note | None = None


class RejectionBody(BaseModel, extra="forbid"):
    """Why it is not carried out."""

    reason: RejectReason
    answer: Note | None = None


class Page(BaseModel, extra="forbid"):
    """Which tickets, and which page of them."""

    state: State | None = None
    role: Role | None = None
    kind: Code | None = None
    owner: Subject | None = None
    patient_id: UUID | None = None
    overdue: bool = False
    after: UUID | None = Field(None, description="the last ticket_id of the page before")
    limit: int = Field(100, ge=1, le=1000)


class Count(BaseModel):
    """How the tickets of one kind fared."""

    kind: str
    role: str
    opened: int
    unfinished: int
    overdue: int = Field(description="of those unfinished")
    completed: int
    in_time: int = Field(description="of those completed")
    rejected: int


@router.get("/kinds", dependencies=[may(*ASKERS, Role.CLINICIAN, Role.VIEWER)])
async def kinds() -> KindList:
    """What can be asked for at the desk."""
    return KindList(kinds=[_kind(kind) for kind in handlers.kinds()])


@router.post("/tickets", status_code=201, response_model=TicketView, dependencies=[may(*ASKERS)])
async def open_ticket(body: NewTicket, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """Ask for a service."""
    fields = dict(body) | {"ticket_id": body.ticket_id or new_id(), "opened_by": caller.subject}
    return await commands.run(handlers.open_ticket, OpenTicket(**fields), answer=TicketView)


@router.post("/tickets/{ticket_id}/taking", response_model=TicketView, dependencies=[may(*WORKERS)])
async def take(ticket_id: UUID, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """Take a ticket to work on it."""
    return await commands.run(handlers.take, ticket_id, _worker(caller), answer=TicketView)


@router.post("/tickets/{ticket_id}/handover", response_model=TicketView, dependencies=[may(*WORKERS)])
async def hand_over(ticket_id: UUID, body: HandoverBody, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """Let another account go on with a ticket, or anybody of its role."""
    return await commands.run(handlers.hand_over, ticket_id, _worker(caller), body.owner, answer=TicketView)


@router.post("/tickets/{ticket_id}/completion", response_model=TicketView, dependencies=[may(*WORKERS)])
async def complete(ticket_id: UUID, body: CompletionBody, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """Close a ticket as done; its owner does."""
    worker = _worker(caller)
    return await commands.run(handlers.complete, ticket_id, worker, body.outcome, body.answer, answer=TicketView)


@router.post("/tickets/{ticket_id}/rejection", response_model=TicketView, dependencies=[may(*WORKERS)])
async def reject(ticket_id: UUID, body: RejectionBody, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """Close a ticket as not to be done; its owner does."""
    worker = _worker(caller)
    return await commands.run(handlers.reject, ticket_id, worker, body.reason, body.answer, answer=TicketView)


@router.post("/tickets/{ticket_id}/withdrawal", response_model=TicketView, dependencies=[may(*ASKERS)])
async def withdraw(ticket_id: UUID, commands: CommandRunner) -> Response:
    """Close a ticket that is no longer wanted."""
    return await commands.run(handlers.withdraw, ticket_id, answer=TicketView)


@router.get("/tickets", dependencies=[may(*WORKERS)])
async def tickets(page: Annotated[Page, Query()], queries: QueryRunner) -> TicketPage:
    """The worklist, the earliest due first; with `overdue=true` what should have been done."""
    found: list[Ticket] = await queries.run(handlers.tickets, Wanted(**dict(page)))
    now = queries.database.clock.now()
    views = [WorkView.model_validate({**_fields(one), "overdue": one.is_overdue(now)}) for one in found]
    return TicketPage(tickets=views, next=views[-1].ticket_id if len(views) == page.limit else None)


@router.get("/tickets/{ticket_id}", dependencies=[may(*WORKERS)])
async def ticket(ticket_id: UUID, queries: QueryRunner) -> TicketView:
    """One ticket."""
    return TicketView.model_validate(await queries.run(handlers.ticket, ticket_id), from_attributes=True)


@router.get("/summary", dependencies=[may(*COUNTERS)])
async def summary(queries: QueryRunner) -> list[Count]:
    """How the tickets of each kind fared. No patient is named."""
    return [Count(**count) for count in await queries.run(handlers.summary)]


def _worker(caller: Caller) -> Worker:
    return Worker(subject=caller.subject, roles=caller.roles)


def _fields(ticket: Ticket) -> dict[str, object]:
    return {name: getattr(ticket, name) for name in TicketView.model_fields}


def _kind(kind: Kind) -> KindView:
    return KindView(
        code=kind.code,
        name_zh=kind.name_zh,
        name_en=kind.name_en,
        role=Role(kind.role),
        due_hours=None if kind.work is None else int(kind.work.total_seconds()) // 3600,
        due_days=kind.days,
    )
