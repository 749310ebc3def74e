"""The HTTP side of day surgery: parse, authorise, run the handler, answer. No rule lives here."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.beds.daysurgery import handlers
from services.beds.daysurgery.model import (
    BookBed,
    CancelReason,
    ConversionReason,
    Convert,
    Item,
    Phase,
    Reason,
    Status,
    TheatreList,
)
from services.beds.scoring.model import AdmissionClass
from shared.auth import Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

router = APIRouter(prefix="/day-surgery", tags=["day surgery"], responses=refusals(Reason))

READERS = (Role.COORDINATOR, Role.WARD_NURSE, Role.CLINICIAN, Role.BACK_OFFICE, Role.VIEWER, Role.SYSTEM)
PLANNERS = (Role.COORDINATOR, Role.CLINICIAN)

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]
BedId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Minutes = Annotated[int, Field(ge=5, le=1440)]


class ListBody(BaseModel, extra="forbid"):
    """A theatre's session for day surgery."""

    list_id: Code
    theatre_id: Code
    campus_id: Code
    starts_at: AwareDatetime
    minutes: Minutes


class ListView(BaseModel):
    """A theatre's session, and how much of it is taken."""

    list_id: str
    theatre_id: str
    campus_id: str
    starts_at: AwareDatetime
    minutes: int
    taken: int


class CaseBody(BaseModel, extra="forbid"):
    """A request of class day that is to be planned."""

    request_id: UUID
    minutes: Minutes = Field(description="of theatre, turnover included")


class CaseView(BaseModel):
    """A case and its four items. A change opens a confirmed case again."""

    case_id: UUID
    patient_id: UUID
    minutes: int
    phase: Phase
    exams: Status
    anaesthesia: Status
    theatre: Status
    bed: Status
    list_id: str | None
    bed_id: str | None
    bed_from_at: AwareDatetime | None
    bed_until_at: AwareDatetime | None
    reason: str | None
    version: int


class ItemBody(BaseModel, extra="forbid"):
    """How far an item is."""

    status: Status


class TheatreBody(BaseModel, extra="forbid"):
    """The list to be in."""

    list_id: Code


class BedBody(BaseModel, extra="forbid"):
    """A day bed and its hours, on one day by the hospital's clock."""

    bed_id: BedId
    from_at: AwareDatetime
    until_at: AwareDatetime


class ConversionBody(BaseModel, extra="forbid"):
    """What the stay is from now on."""

    admission_class: AdmissionClass
    triage: int | None = Field(None, ge=1, le=4, description="of an emergency")
    expected_days: int = Field(ge=1, le=3650)
    reason: ConversionReason


class CancellationBody(BaseModel, extra="forbid"):
    """Why the case will not be."""

    reason: CancelReason


@router.post("/theatre-lists", status_code=201, response_model=ListView, dependencies=[may(Role.COORDINATOR)])
async def open_list(body: ListBody, commands: CommandRunner) -> Response:
    """Open a theatre's session for day surgery."""
    return await commands.run(handlers.open_list, TheatreList(**body.model_dump(), taken=0), answer=ListView)


@router.get("/theatre-lists", dependencies=[may(*READERS)])
async def theatre_lists(on_day: date, queries: QueryRunner) -> list[ListView]:
    """The lists of a day with the minutes taken."""
    found = await queries.run(handlers.theatre_lists, on_day)
    return [ListView.model_validate(one, from_attributes=True) for one in found]


@router.post("/cases", status_code=201, response_model=CaseView, dependencies=[may(*PLANNERS)])
async def open_case(body: CaseBody, commands: CommandRunner) -> Response:
    """Plan a day-surgery request."""
    return await commands.run(handlers.open_case, body.request_id, body.minutes, answer=CaseView)


@router.get("/cases", dependencies=[may(*READERS)])
async def cases(
    queries: QueryRunner, phase: Phase | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 200
) -> list[CaseView]:
    """Cases, or those of a phase, the earliest first."""
    return [
        CaseView.model_validate(one, from_attributes=True) for one in await queries.run(handlers.cases, phase, limit)
    ]


@router.get("/cases/{case_id}", dependencies=[may(*READERS)])
async def case(case_id: UUID, queries: QueryRunner) -> CaseView:
    """One case."""
    return CaseView.model_validate(await queries.run(handlers.case, case_id), from_attributes=True)


@router.put("/cases/{case_id}/items/{item}", response_model=CaseView, dependencies=[may(*PLANNERS, Role.WARD_NURSE)])
async def set_item(case_id: UUID, item: Item, body: ItemBody, commands: CommandRunner) -> Response:
    """Exams or the anaesthesia assessment are booked, done or to be booked again; theatre or bed is done."""
    return await commands.run(handlers.set_item, case_id, item, body.status, answer=CaseView)


@router.post("/cases/{case_id}/theatre", response_model=CaseView, dependencies=[may(*PLANNERS)])
async def book_theatre(case_id: UUID, body: TheatreBody, commands: CommandRunner) -> Response:
    """Take theatre time in a list, or move to another."""
    return await commands.run(handlers.book_theatre, case_id, body.list_id, answer=CaseView)


@router.post("/cases/{case_id}/bed", response_model=CaseView, dependencies=[may(*PLANNERS)])
async def book_bed(case_id: UUID, body: BedBody, commands: CommandRunner) -> Response:
    """Keep a day bed for the hours of the case; when they begin it is reserved for the patient."""
    return await commands.run(handlers.book_bed, BookBed(case_id=case_id, **body.model_dump()), answer=CaseView)


@router.post("/cases/{case_id}/confirmation", response_model=CaseView, dependencies=[may(*PLANNERS)])
async def confirm_case(case_id: UUID, commands: CommandRunner) -> Response:
    """All four items stand."""
    return await commands.run(handlers.confirm_case, case_id, answer=CaseView)


@router.post("/cases/{case_id}/conversion", response_model=CaseView, dependencies=[may(*PLANNERS)])
async def convert_case(case_id: UUID, body: ConversionBody, commands: CommandRunner) -> Response:
    """The patient stays: transfer them to a normal bed, or let them wait for one."""
    return await commands.run(handlers.convert_case, Convert(case_id=case_id, **body.model_dump()), answer=CaseView)


@router.post("/cases/{case_id}/cancellation", response_model=CaseView, dependencies=[may(*PLANNERS)])
async def cancel_case(case_id: UUID, body: CancellationBody, commands: CommandRunner) -> Response:
    """The case will not be; theatre and bed are free for others."""
    return await commands.run(handlers.cancel_case, case_id, body.reason, answer=CaseView)
