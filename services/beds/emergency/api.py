"""The HTTP side of the emergency channel: parse, authorise, run the handler, answer. No rule lives here."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.beds.emergency import handlers
from services.beds.emergency.handlers import Board
from services.beds.emergency.model import ChangeHold, HoldUp, MoveRoom, Reason, Room, Said, Stamp, StampTime
from services.beds.settings import CurrentPolicy
from shared.auth import CurrentCaller, Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

router = APIRouter(prefix="/emergency", tags=["emergency"], responses=refusals(Reason))

READERS = (
    *(Role.COORDINATOR, Role.WARD_NURSE, Role.CLINICIAN, Role.FRONT_DESK),
    *(Role.BACK_OFFICE, Role.VIEWER, Role.OPERATOR, Role.SYSTEM),
)
STAMPERS = (Role.FRONT_DESK, Role.CLINICIAN, Role.WARD_NURSE, Role.COORDINATOR, Role.SYSTEM)
BedId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)]


class Part(BaseModel, from_attributes=True):
    """Made from what a handler returns."""


class BoardingView(Part):
    """An emergency patient from the decision to admit on."""

    request_id: UUID
    patient_id: UUID
    campus_id: str
    triage: int | None
    room: Room
    decided_at: AwareDatetime
    arrived_at: AwareDatetime | None = Field(description="in the emergency room")
    since: AwareDatetime = Field(description="when the clock of this room began")
    transport_started_at: AwareDatetime | None
    transport_arrived_at: AwareDatetime | None
    alerted: Said = Field(description="the last alert of this room")
    policy_version: str


class ClockView(Part):
    """A boarding with its limit."""

    boarding: BoardingView
    warn_at: AwareDatetime
    limit_at: AwareDatetime


class LineView(Part):
    """Who boards, and what holds them up."""

    clock: ClockView
    boarding_minutes: int = Field(0, description="since the decision to admit")
    room_minutes: int = Field(0, description="since the clock of this room began")
    minutes_left: int = Field(0, description="until the limit; below 0 once it has passed")
    specialty: str
    bed_id: str | None = Field(description="the bed that is kept or proposed")
    hold_up: HoldUp


class HeldView(Part):
    """Beds that a campus holds for resuscitation."""

    campus_id: str
    target: int
    held: int
    free: int = Field(description="held and free")


class BoardView(BaseModel):
    """The emergency channel now."""

    now: AwareDatetime
    boarding: list[LineView] = Field(description="whose limit comes first on top")
    campuses: list[HeldView]


class HoldView(Part):
    """A bed held for resuscitation, and who said so, and who lifted it."""

    hold_id: UUID
    bed_id: str
    held_at: AwareDatetime
    held_by: str
    reason: str
    lifted_at: AwareDatetime | None
    lifted_by: str | None
    lift_reason: str | None


class StampBody(BaseModel, extra="forbid"):
    """What happened, and when; without an instant: now."""

    stamp: Stamp
    at: AwareDatetime | None = None


class RoomBody(BaseModel, extra="forbid"):
    """Where the patient is now."""

    room: Room


class HoldBody(BaseModel, extra="forbid"):
    """Which bed, and why; nothing about a patient."""

    bed_id: BedId
    reason: Words


@router.get("/board", dependencies=[may(*READERS)])
async def emergency_board(queries: QueryRunner, policy: CurrentPolicy, campus_id: str | None = None) -> BoardView:
    """Everybody who boards: clock, limit, and what holds them up; and the beds held for resuscitation."""
    board: Board = await queries.run(handlers.board, campus_id, policy)
    lines = [LineView.model_validate(line) for line in board.lines]
    for line in lines:
        clock = line.clock
        line.boarding_minutes = int((board.now - clock.boarding.decided_at).total_seconds() // 60)
        line.room_minutes = int((board.now - clock.boarding.since).total_seconds() // 60)
        line.minutes_left = int((clock.limit_at - board.now).total_seconds() // 60)
    return BoardView(now=board.now, boarding=lines, campuses=[HeldView.model_validate(one) for one in board.campuses])


@router.post("/patients/{request_id}/stamps", response_model=ClockView, dependencies=[may(*STAMPERS)])
async def stamp_time(request_id: UUID, body: StampBody, commands: CommandRunner) -> Response:
    """Note when the patient arrived in the emergency room, or when the transport left or arrived."""
    command = StampTime(request_id=request_id, stamp=body.stamp, at=body.at)
    return await commands.run(handlers.stamp, command, answer=ClockView)


@router.post(
    "/patients/{request_id}/room", response_model=ClockView, dependencies=[may(Role.CLINICIAN, Role.WARD_NURSE)]
)
async def move_room(request_id: UUID, body: RoomBody, commands: CommandRunner) -> Response:
    """The patient is brought to the other room, which has a clock of its own."""
    return await commands.run(handlers.move_room, MoveRoom(request_id=request_id, room=body.room), answer=ClockView)


@router.get("/holds", dependencies=[may(*READERS)])
async def bed_holds(
    queries: QueryRunner, bed_id: str | None = None, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> list[HoldView]:
    """Which beds are and were held for resuscitation, the latest first."""
    return [HoldView.model_validate(one) for one in await queries.run(handlers.holds, bed_id, limit)]


@router.post("/holds", status_code=201, response_model=HoldView, dependencies=[may(Role.COORDINATOR)])
async def hold_bed(body: HoldBody, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """Hold a bed for whoever goes before everybody else; who lies in it stays."""
    command = ChangeHold(bed_id=body.bed_id, reason=body.reason, by=caller.subject)
    return await commands.run(handlers.hold_bed, command, answer=HoldView)


@router.post("/holds/lift", response_model=HoldView, dependencies=[may(Role.COORDINATOR)])
async def lift_hold(body: HoldBody, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """Let everybody have the bed again; kept with the caller's name."""
    command = ChangeHold(bed_id=body.bed_id, reason=body.reason, by=caller.subject)
    return await commands.run(handlers.lift_hold, command, answer=HoldView)
