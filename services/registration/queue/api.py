"""The HTTP side of the queue: parse, authorise, run the handler, answer. No rule lives here.

Invariant: what a screen or a patient's app is shown holds numbers only, no name and no id of somebody else.
"""

from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.registration.booking.refusals import Reason as BookingReason
from services.registration.queue import handlers
from services.registration.queue.model import CallNext, Queue, Reason, Status
from services.registration.queue.pace import Estimate
from shared.auth import Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

router = APIRouter(tags=["queue"], responses=refusals(Reason, BookingReason.NOT_EXPECTED))

CALLERS = (Role.FRONT_DESK, Role.CLINICIAN)
SCREENS = (*CALLERS, Role.PATIENT_APP, Role.BACK_OFFICE, Role.VIEWER, Role.SYSTEM)
COUNTERS = (Role.FRONT_DESK, Role.BACK_OFFICE, Role.OPERATOR, Role.VIEWER, Role.SYSTEM)

Desk = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]


class CallBody(BaseModel, extra="forbid"):
    """Which desk or room is free."""

    desk: Desk = Field(description="a code, such as 3 or B-12")


class TicketView(BaseModel):
    """A patient's place in the queue, in its latest version. Instants are UTC."""

    appointment_id: UUID
    patient_id: UUID
    session_id: UUID
    number: int = Field(description="in order of checking in, for all pools of the sitting together")
    arrived_at: AwareDatetime
    turn_at: AwareDatetime = Field(description="the slot whose turn it is")
    late: bool
    returning: bool = Field(description="back with results (回诊)")
    status: Status
    desk: str | None
    calls: int
    called_at: AwareDatetime | None
    seen_at: AwareDatetime | None
    version: int


class WaitView(BaseModel):
    """Minutes that are probably left until the call; four in five wait from `low` to `high`."""

    minutes: int
    low: int
    high: int

    @classmethod
    def of(cls, wait: Estimate) -> Self:
        """In whole minutes."""
        return cls(minutes=round(wait.minutes), low=round(wait.low), high=round(wait.high))


class LineView(BaseModel):
    """Somebody who waits: 1 is next."""

    position: int
    wait: WaitView
    ticket: TicketView


class QueueView(BaseModel):
    """A session's queue for those who work it."""

    called: list[TicketView]
    waiting: list[LineView]
    pace_minutes: float = Field(description="a visit at a desk, as the session goes")
    desks: int


class CalledNumber(BaseModel):
    """A number that is called, and where to."""

    number: int
    desk: str


class WaitingNumber(BaseModel):
    """A number that waits, in the order of calling."""

    number: int
    wait: WaitView


class ScreenView(BaseModel):
    """What hangs in the waiting room: numbers and desks."""

    called: list[CalledNumber]
    waiting: list[WaitingNumber]

    @classmethod
    def of(cls, queue: Queue) -> Self:
        """What of the queue everybody may see."""
        return cls(
            called=[CalledNumber(number=one.number, desk=one.desk or "") for one in queue.called],
            waiting=[WaitingNumber(number=line.ticket.number, wait=WaitView.of(line.wait)) for line in queue.waiting],
        )


class StandingView(BaseModel):
    """A patient's own place; `position` and `wait` while they wait, `desk` when called."""

    number: int
    status: Status
    desk: str | None
    position: int | None
    wait: WaitView | None


class Summary(BaseModel):
    """What has come of all check-ins. No patient is named."""

    checked_in: int
    called: int
    mean_wait_minutes: float | None = Field(description="from check-in to the first call")
    within_target: int = Field(description="called within the policy's target, 20 minutes")


@router.post("/sessions/{session_id}/calls", response_model=TicketView, dependencies=[may(*CALLERS)])
async def call_next(session_id: UUID, body: CallBody, commands: CommandRunner) -> Response:
    """Call the next patient to a desk: of the session or of another pool of its sitting, which have one queue."""
    return await commands.run(handlers.call_next, CallNext(session_id=session_id, desk=body.desk), answer=TicketView)


@router.post("/queue/{appointment_id}/recall", response_model=TicketView, dependencies=[may(*CALLERS)])
async def recall(appointment_id: UUID, commands: CommandRunner) -> Response:
    """Call the same patient again."""
    return await commands.run(handlers.recall, appointment_id, answer=TicketView)


@router.post("/queue/{appointment_id}/skip", response_model=TicketView, dependencies=[may(*CALLERS)])
async def skip(appointment_id: UUID, commands: CommandRunner) -> Response:
    """Nobody came: this patient is called again after a few others."""
    return await commands.run(handlers.skip, appointment_id, answer=TicketView)


@router.post("/queue/{appointment_id}/no-show", response_model=TicketView, dependencies=[may(*CALLERS)])
async def miss(appointment_id: UUID, commands: CommandRunner) -> Response:
    """The patient was called and is not there: the appointment is missed."""
    return await commands.run(handlers.miss, appointment_id, answer=TicketView)


@router.post("/queue/{appointment_id}/return", response_model=TicketView, dependencies=[may(*CALLERS)])
async def come_back(appointment_id: UUID, commands: CommandRunner) -> Response:
    """Back with results."""
    return await commands.run(handlers.come_back, appointment_id, answer=TicketView)


@router.post("/queue/{appointment_id}/end", response_model=TicketView, dependencies=[may(*CALLERS)])
async def end_return(appointment_id: UUID, commands: CommandRunner) -> Response:
    """The patient who came back with results has been seen again."""
    return await commands.run(handlers.end_return, appointment_id, answer=TicketView)


@router.get("/sessions/{session_id}/queue", dependencies=[may(*CALLERS, Role.BACK_OFFICE)])
async def queue(session_id: UUID, queries: QueryRunner) -> QueueView:
    """Who is called and who waits, in the order of calling; any pool of a sitting shows the same queue."""
    found: Queue = await queries.run(handlers.queue, session_id)
    return QueueView.model_validate(
        {
            "called": found.called,
            "waiting": [
                {"position": line.position, "wait": WaitView.of(line.wait), "ticket": line.ticket}
                for line in found.waiting
            ],
            "pace_minutes": found.pace.mean,
            "desks": found.pace.desks,
        },
        from_attributes=True,
    )


@router.get("/sessions/{session_id}/queue/screen", dependencies=[may(*SCREENS)])
async def screen(session_id: UUID, queries: QueryRunner) -> ScreenView:
    """Numbers and desks, for the screen in the waiting room."""
    return ScreenView.of(await queries.run(handlers.queue, session_id))


@router.get("/queue/summary", dependencies=[may(*COUNTERS)])
async def summary(queries: QueryRunner) -> Summary:
    """How many checked in, were called, and how long they waited."""
    return Summary.model_validate(await queries.run(handlers.summary), from_attributes=True)


@router.get("/queue/{appointment_id}", dependencies=[may(*CALLERS, Role.PATIENT_APP)])
async def standing(appointment_id: UUID, queries: QueryRunner) -> StandingView:
    """A patient's own number, position and wait."""
    mine, found = await queries.run(handlers.ticket, appointment_id)
    line = next((one for one in found.waiting if one.ticket.appointment_id == appointment_id), None)
    return StandingView(
        number=mine.number,
        status=mine.status,
        desk=mine.desk if mine.status is Status.CALLED else None,
        position=line.position if line else None,
        wait=WaitView.of(line.wait) if line else None,
    )
