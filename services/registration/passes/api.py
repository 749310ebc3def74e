"""The HTTP side of arrival passes: parse, authorise, run the handler, answer. No plate is shown whole. No rule here."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, StringConstraints

from services.registration.passes import handlers
from services.registration.passes.model import Reason, ReleaseReason, State, Wanted
from shared.auth import Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

router = APIRouter(tags=["arrival passes"], responses=refusals(Reason))

ASKERS = (Role.FRONT_DESK, Role.PATIENT_APP)
READERS = (Role.FRONT_DESK, Role.BACK_OFFICE, Role.OPERATOR, Role.VIEWER)
PLANNERS = (Role.FRONT_DESK, Role.BACK_OFFICE, Role.OPERATOR)
BETWEEN = str.maketrans("", "", " ·.-")

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


def _plain(plate: object) -> object:
    """As the cameras read it: capitals, without what stands between them."""
    return plate.translate(BETWEEN).upper() if isinstance(plate, str) else plate


Plate = Annotated[
    str,
    BeforeValidator(_plain),
    StringConstraints(pattern=r"^[\u4e00-\u9fffA-Z0-9]{5,10}$"),
    Field(examples=["川A12345"]),
]


class PassBody(BaseModel, extra="forbid"):
    """Which car comes to which appointment."""

    appointment_id: UUID
    plate: Plate


class EntryBody(BaseModel, extra="forbid"):
    """Which car stands at the gate."""

    plate: Plate


class CapacityBody(BaseModel, extra="forbid"):
    """How many places there are."""

    capacity: int = Field(ge=0, le=100_000)


class PassView(BaseModel):
    """A pass. Instants are UTC, the day is the campus's."""

    appointment_id: UUID
    patient_id: UUID
    campus_id: str
    day: date
    opens_at: AwareDatetime = Field(description="from then on the gate lets the car in")
    closes_at: AwareDatetime
    shown_plate: str | None = Field(description="the plate without its middle; null once the pass is released")
    state: State
    release_reason: ReleaseReason | None
    reserved_at: AwareDatetime
    used_at: AwareDatetime | None


class PassPage(BaseModel):
    """A page of passes."""

    passes: list[PassView]
    next: UUID | None = Field(description="give it as `after` for the next page; null on the last")


class LotView(BaseModel):
    """A campus's parking places on a day."""

    campus_id: str
    day: date
    capacity: int
    reserved: int


class Page(BaseModel, extra="forbid"):
    """Which passes, and which page of them."""

    campus_id: Code | None = None
    day: date | None = None
    state: State | None = None
    after: UUID | None = Field(None, description="the last appointment_id of the page before")
    limit: int = Field(100, ge=1, le=1000)


@router.post("/arrival-passes", status_code=201, response_model=PassView, dependencies=[may(*ASKERS)])
async def reserve(body: PassBody, commands: CommandRunner) -> Response:
    """Reserve a parking place with a booked appointment, while places last."""
    return await commands.run(handlers.reserve, body.appointment_id, body.plate, answer=PassView)


@router.delete("/arrival-passes/{appointment_id}", response_model=PassView, dependencies=[may(*ASKERS)])
async def give_back(appointment_id: UUID, commands: CommandRunner) -> Response:
    """Give the place back; the appointment stays."""
    return await commands.run(handlers.give_back, appointment_id, answer=PassView)


@router.get("/arrival-passes", dependencies=[may(*READERS)])
async def passes(page: Annotated[Page, Query()], queries: QueryRunner) -> PassPage:
    """A page of passes by appointment."""
    found = await queries.run(handlers.passes, Wanted(**dict(page)))
    views = [PassView.model_validate(one, from_attributes=True) for one in found]
    return PassPage(passes=views, next=views[-1].appointment_id if len(views) == page.limit else None)


@router.get("/arrival-passes/{appointment_id}", dependencies=[may(*ASKERS)])
async def arrival_pass(appointment_id: UUID, queries: QueryRunner) -> PassView:
    """An appointment's pass."""
    return PassView.model_validate(await queries.run(handlers.pass_of, appointment_id), from_attributes=True)


@router.get("/parking/{campus_id}/{day}", dependencies=[may(*READERS, Role.PATIENT_APP, Role.SYSTEM)])
async def lot(campus_id: Code, day: date, queries: QueryRunner) -> LotView:
    """How many places a campus has on a day, and how many are reserved."""
    return LotView.model_validate(await queries.run(handlers.lot, campus_id, day), from_attributes=True)


@router.put("/parking/{campus_id}/{day}", response_model=LotView, dependencies=[may(*PLANNERS)])
async def set_capacity(campus_id: Code, day: date, body: CapacityBody, commands: CommandRunner) -> Response:
    """Say how many places a campus has on a day; not fewer than are reserved."""
    return await commands.run(handlers.set_capacity, campus_id, day, body.capacity, answer=LotView)


@router.post("/parking/{campus_id}/entries", response_model=PassView, dependencies=[may(Role.SYSTEM, Role.FRONT_DESK)])
async def enter(campus_id: Code, body: EntryBody, commands: CommandRunner) -> Response:
    """The gate asks whether a car may come in. The plate stands in the body, and in no address."""
    return await commands.run(handlers.enter, campus_id, body.plate, answer=PassView)
