"""The HTTP side of the inventory: parse, authorise, run the handler, answer. No rule lives here.

A bed id is `campus/ward/room/bed`. Its slashes stand in the path as they are: `POST /beds/main/M-EM/01/1/closing`.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field, ValidationError
from pydantic_core import ErrorDetails

from services.beds.inventory import bed_file, handlers
from services.beds.inventory.model import Bed, Reason
from services.beds.scoring.model import AgeGroup, BedStatus, Isolation, SexPolicy
from services.beds.scoring.table_file import NoTable
from services.beds.settings import KnownAttributes
from shared.auth import Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals
from shared.problem import problem

REFUSED = refusals(Reason.BED_CLOSED, Reason.BED_IN_USE, Reason.BEDS_IN_USE, Reason.NOTHING_TO_OPEN)
router = APIRouter(tags=["inventory"], responses=REFUSED)

LARGEST_FILE_BYTES = 16_000_000
READERS = (
    Role.COORDINATOR,
    Role.WARD_NURSE,
    Role.CLINICIAN,
    Role.BACK_OFFICE,
    Role.VIEWER,
    Role.OPERATOR,
    Role.SYSTEM,
)
PLANNERS = (Role.COORDINATOR, Role.BACK_OFFICE, Role.OPERATOR)


class ListedBeds(BaseModel, extra="forbid"):
    """A bed file as JSON: one object a bed, its keys the columns of the CSV."""

    beds: list[dict[str, str | list[str] | None]]


LISTED_SCHEMA = {"schema": ListedBeds.model_json_schema()}


class BedView(BaseModel):
    """A bed as it stands. Instants are UTC."""

    bed_id: str = Field(description="campus/ward/room/bed", examples=["main/M-EM/01/1"])
    ward_id: str
    campus_id: str
    building: str | None
    room_id: str
    specialty: str
    overflow: list[str] = Field(description="further specialties that the bed is for, best first")
    stay_band: tuple[int, int] | None = Field(description="first and last day that a stay here should have")
    sex_policy: SexPolicy
    age_group: AgeGroup
    isolation: Isolation
    attributes: list[str]
    status: BedStatus = Field(description="HL7 table 0116")
    reserved: bool = Field(description="kept for a stay; the table has no code for it")
    stay_id: UUID | None
    patient_id: UUID | None
    changed_at: AwareDatetime
    version: int
    for_resuscitation: bool = Field(description="held for whoever goes before everybody else")


class BedStateView(BaseModel):
    """How a bed stands after a command."""

    bed_id: str
    ward_id: str
    status: BedStatus
    reserved: bool
    changed_at: AwareDatetime
    version: int


class WardView(BaseModel):
    """A ward and its mode."""

    ward_id: str
    campus_id: str
    building: str | None
    auto_accept: bool = Field(description="proposals for its beds are accepted without a coordinator")


class WardCountView(WardView):
    """A ward and how its beds stand."""

    beds: int
    by_status: dict[str, int] = Field(description="beds by HL7 table 0116, reserved ones under R", examples=[{"U": 3}])


class ModeBody(BaseModel, extra="forbid"):
    """Whether proposals for the ward's beds are accepted without a coordinator."""

    auto_accept: bool


class RejectedLineView(BaseModel):
    """One thing wrong with a line; the header is line 1."""

    line: int
    field: str
    reason: str
    remedy: str


class ImportView(BaseModel):
    """What the import did."""

    imported: int = Field(description="lines taken; a bed that was there has the file's traits now, and its own status")
    added: int = Field(description="new beds among them")
    rejected_rows: list[RejectedLineView]


@router.post(
    "/beds/import",
    max_body_size=LARGEST_FILE_BYTES,
    response_model=ImportView,
    dependencies=[may(*PLANNERS)],
    responses={413: {"description": f"more than {LARGEST_FILE_BYTES} bytes"}},
    openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {}, "application/json": LISTED_SCHEMA}}},
)
async def import_beds(request: Request, known: KnownAttributes, commands: CommandRunner) -> Response:
    """Take a file of beds (CSV, or JSON with the same words) into the pool; every line that cannot be taken is told.

    The others go in. Lines of JSON are counted from 1; those of CSV with the header as line 1.
    """
    content = await request.body()
    if len(content) > LARGEST_FILE_BYTES:
        return problem(413, "file-too-large", "The file is too large", remedy="send the wards in several files")
    try:
        if request.headers.get("content-type", "").partition(";")[0].strip() == "application/json":
            lines, rejected = bed_file.read_listed(ListedBeds.model_validate_json(content).beds)
        else:
            lines, rejected = bed_file.read(content)
    except NoTable as refused:
        fields = [{"field": fault.field, "reason": fault.reason, "remedy": fault.remedy} for fault in refused.faults]
        return _no_bed_file(fields)
    except ValidationError as refused:
        return _no_bed_file([_json_fault(fault) for fault in refused.errors(include_input=False)])
    return await commands.run(handlers.import_beds, lines, rejected, known, answer=ImportView)


@router.get("/beds", dependencies=[may(*READERS)])
async def beds(
    queries: QueryRunner,
    ward_id: str | None = None,
    status: Annotated[BedStatus | None, Query(description="HL7 table 0116, or R for reserved")] = None,
) -> list[BedView]:
    """All beds, or those of a ward or status."""
    return [_view(bed) for bed in await queries.run(handlers.beds, ward_id, status)]


@router.post("/beds/{bed_id:path}/closing", response_model=BedStateView, dependencies=[may(*PLANNERS)])
async def close_bed(bed_id: str, commands: CommandRunner) -> Response:
    """Take the bed out of the pool; refused with a patient in it or on the way to it."""
    return await commands.run(handlers.close_bed, bed_id, answer=BedStateView)


@router.post("/beds/{bed_id:path}/opening", response_model=BedStateView, dependencies=[may(*PLANNERS)])
async def open_bed(bed_id: str, commands: CommandRunner) -> Response:
    """Bring a closed or isolated bed back into the pool, clean and ready."""
    return await commands.run(handlers.open_bed, bed_id, answer=BedStateView)


@router.get("/beds/{bed_id:path}", dependencies=[may(*READERS)])
async def bed(bed_id: str, queries: QueryRunner) -> BedView:
    """One bed."""
    return _view(await queries.run(handlers.bed, bed_id))


@router.post("/wards/{ward_id:path}/closing", response_model=list[BedStateView], dependencies=[may(*PLANNERS)])
async def close_ward(ward_id: str, commands: CommandRunner) -> Response:
    """Take all beds of a ward out of the pool, or none: refused while anybody has one. `POST /closures` plans it."""
    return await commands.run(handlers.close_ward, ward_id, answer=list[BedStateView])


@router.post("/rooms/{room_id:path}/closing", response_model=list[BedStateView], dependencies=[may(*PLANNERS)])
async def close_room(room_id: str, commands: CommandRunner) -> Response:
    """Take all beds of a room out of the pool, or none: refused while anybody has one. `POST /closures` plans it."""
    return await commands.run(handlers.close_room, room_id, answer=list[BedStateView])


@router.get("/wards", dependencies=[may(*READERS)])
async def wards(queries: QueryRunner) -> list[WardCountView]:
    """Every ward with its beds by status."""
    return [WardCountView.model_validate(ward, from_attributes=True) for ward in await queries.run(handlers.wards)]


@router.put("/wards/{ward_id:path}/mode", response_model=WardView, dependencies=[may(*PLANNERS)])
async def set_automatic(ward_id: str, body: ModeBody, commands: CommandRunner) -> Response:
    """Switch a ward's automatic mode."""
    return await commands.run(handlers.set_automatic, ward_id, body.auto_accept, answer=WardView)


def _no_bed_file(fields: list[dict[str, str]]) -> Response:
    remedy = "mend the file as the fields say, then send it again with a new key"
    return problem(422, "invalid-input", "This is no bed file", remedy=remedy, fields=fields)


def _json_fault(fault: ErrorDetails) -> dict[str, str]:
    place = ".".join(str(part) for part in fault["loc"]) or "body"
    remedy = 'send {"beds": [{"campus": …}, …]} with the columns of a bed file; a value is text or a list of texts'
    return {"field": place, "reason": fault["msg"], "remedy": remedy}


def _view(bed: Bed) -> BedView:
    return BedView(
        bed_id=bed.bed_id,
        ward_id=bed.ward_id,
        campus_id=bed.campus_id,
        building=bed.building,
        room_id=bed.room.room_id,
        specialty=bed.specialty,
        overflow=list(bed.overflow),
        stay_band=bed.stay_band,
        sex_policy=bed.room.sex_policy,
        age_group=bed.room.age_group,
        isolation=bed.room.isolation,
        attributes=sorted(bed.room.attributes),
        status=bed.status,
        reserved=bed.reserved,
        stay_id=bed.stay_id,
        patient_id=bed.patient_id,
        changed_at=bed.changed_at,
        version=bed.version,
        for_resuscitation=bed.for_resuscitation,
    )
