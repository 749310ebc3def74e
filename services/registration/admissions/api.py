"""The HTTP side of admission requests: parse, authorise, run the handler, answer. No rule lives here."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.registration.admissions import handlers
from services.registration.admissions.model import (
    AdmissionClass,
    CoveredEncounter,
    Isolation,
    Need,
    Reason,
    RequestAdmission,
    Source,
)
from services.registration.examcatalogue.model import UNKNOWN_ITEM
from services.registration.patients.model import DECEASED
from shared.auth import Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

router = APIRouter(
    prefix="/admission-requests", tags=["admissions"], responses=refusals(Reason, DECEASED.reason, UNKNOWN_ITEM.reason)
)

READERS = (Role.FRONT_DESK, Role.CLINICIAN, Role.COORDINATOR, Role.BACK_OFFICE, Role.VIEWER)
COUNTERS = (Role.FRONT_DESK, Role.BACK_OFFICE, Role.OPERATOR, Role.VIEWER, Role.SYSTEM)

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]
WardId = Annotated[str, StringConstraints(pattern=r"^[^/\s]{1,40}/[^/\s]{1,40}$")]
EncounterId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,100}$")]


class EncounterBody(BaseModel, extra="forbid"):
    """An encounter of another system that belongs to the stay."""

    encounter_id: EncounterId
    encounter_class: Code


class NeedBody(BaseModel, extra="forbid"):
    """What kind of bed, and how urgently (BED-2)."""

    source: Source
    specialty: Code
    campus_id: Code
    reachable_campuses: list[Code] = Field(default=[], max_length=100, description="other campuses that would do")
    triage: int | None = Field(None, ge=1, le=4, description="of an emergency")
    admission_class: AdmissionClass
    immediate: bool = Field(False, description="tier 0: resuscitation, critical transfer, or a coordinator's flag")
    diagnosis_code: Code | None = None
    procedure_code: Code | None = None
    drg: Code | None = None
    drg_version: Code | None = Field(None, description="the grouper's, such as chs-drg-1.1; a must with a drg")
    rw: float | None = Field(None, gt=0, le=1000, description="weight of the DRG; null where it is not known yet")
    level4: bool = Field(False, description="the planned operation is in the level-4 catalogue")
    department_cmi: float = Field(gt=0, le=1000)
    social_points: float = Field(0, ge=0, le=1)
    needs: list[Code] = Field(default=[], max_length=50, description="equipment the bed must have")
    isolation: Isolation = Isolation.NONE
    expected_days: int = Field(ge=1, le=3650)
    wanted_ward_id: WardId | None = Field(None, description="a wish, not a rule", examples=["main/M-CA"])


class AdmissionBody(NeedBody):
    """An admission request (入院证) as it is written."""

    request_id: UUID
    patient_id: UUID
    encounters: list[EncounterBody] = Field(min_length=1, max_length=1000)
    exams: list[Code] = Field(
        default=[], max_length=8, description="exam items to be done before admission; booked when a bed is reserved"
    )


class EncounterView(BaseModel):
    """An encounter that the request covers."""

    encounter_id: str
    encounter_class: str


class NeedView(BaseModel):
    """What kind of bed, and how urgently."""

    source: Source
    specialty: str
    campus_id: str
    reachable_campuses: list[str]
    triage: int | None
    admission_class: AdmissionClass
    immediate: bool
    diagnosis_code: str | None
    procedure_code: str | None
    drg: str | None
    drg_version: str | None
    rw: float | None
    level4: bool
    department_cmi: float
    social_points: float
    needs: list[str]
    isolation: Isolation
    expected_days: int
    wanted_ward_id: str | None


class AdmissionView(BaseModel):
    """An admission request. `request_id` is also the id of the stay that follows."""

    request_id: UUID
    patient_id: UUID
    need: NeedView
    encounters: list[EncounterView]
    exams: list[str]
    requested_at: AwareDatetime


class AdmissionPage(BaseModel):
    """A page of admission requests."""

    admission_requests: list[AdmissionView]
    next: UUID | None = Field(description="give it as `after` for the next page; null on the last")


class Page(BaseModel, extra="forbid"):
    """Which page."""

    after: UUID | None = Field(None, description="the last request_id of the page before")
    limit: int = Field(100, ge=1, le=1000)


class Counts(BaseModel):
    """How many admission requests there are. No patient is named."""

    requests_by_source: dict[str, int]
    encounters_by_class: dict[str, int]


@router.post("", status_code=201, response_model=AdmissionView, dependencies=[may(Role.CLINICIAN)])
async def request_admission(body: AdmissionBody, commands: CommandRunner) -> Response:
    """Write an admission request (入院证); beds hears of it."""
    command = RequestAdmission(
        request_id=body.request_id,
        patient_id=body.patient_id,
        need=_need(body),
        encounters=tuple(CoveredEncounter(**dict(one)) for one in body.encounters),
        exams=tuple(body.exams),
    )
    return await commands.run(handlers.request_admission, command, answer=AdmissionView)


@router.get("/summary", dependencies=[may(*COUNTERS)])
async def summary(queries: QueryRunner) -> Counts:
    """How many requests by source, and how many encounters they cover by class."""
    by_source, by_class = await queries.run(handlers.summary)
    return Counts(requests_by_source=by_source, encounters_by_class=by_class)


@router.get("", dependencies=[may(*READERS)])
async def admission_requests(page: Annotated[Page, Query()], queries: QueryRunner) -> AdmissionPage:
    """A page of requests by id."""
    found = await queries.run(handlers.admission_requests, page.after, page.limit)
    views = [AdmissionView.model_validate(one, from_attributes=True) for one in found]
    return AdmissionPage(admission_requests=views, next=views[-1].request_id if len(views) == page.limit else None)


@router.get("/{request_id}", dependencies=[may(*READERS)])
async def admission_request(request_id: UUID, queries: QueryRunner) -> AdmissionView:
    """One request."""
    return AdmissionView.model_validate(await queries.run(handlers.admission_request, request_id), from_attributes=True)


def _need(body: NeedBody) -> Need:
    values = {name: getattr(body, name) for name in NeedBody.model_fields}
    lists = {name: tuple(values[name]) for name in ("reachable_campuses", "needs")}
    return Need(**values | lists)
