"""The HTTP side of the case mix: tables as CSV, and each department's CMI. No rule lives here."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Body, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.beds.casemix import handlers, table_content
from services.beds.casemix.model import Kind, LoadTable, Reason
from services.beds.scoring.table_file import NoTable
from services.beds.settings import CurrentPolicy
from shared.auth import CurrentCaller, Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals
from shared.problem import problem

router = APIRouter(tags=["case mix"], responses=refusals(Reason))

LARGEST_FILE_BYTES = 4_000_000
MOST_FAULTS = 200
KEEPERS = (Role.BACK_OFFICE, Role.OPERATOR)
READERS = (Role.COORDINATOR, Role.CLINICIAN, Role.BACK_OFFICE, Role.VIEWER, Role.OPERATOR, Role.SYSTEM)

Version = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class TableView(BaseModel):
    """A table that was loaded."""

    table_no: int
    kind: Kind
    name: str
    version: str = Field(description="the grouper's, as `drg_version` of a request names it; or the catalogue's own")
    valid_from: date
    codes: int
    loaded_at: AwareDatetime
    loaded_by: str


class Heading(BaseModel, extra="forbid"):
    """What a table is."""

    kind: Kind
    name: Name = Field(description="whose table it is", examples=["Chengdu 2026"])
    version: Version = Field(examples=["chs-drg-1.1"])
    valid_from: date


class DepartmentMixView(BaseModel):
    """A department's case mix."""

    as_of: date = Field(description="counts the stays that were settled before this day")
    specialty: str
    stays: int
    weighted: int = Field(description="stays of which an RW is known")
    cmi: float | None = Field(description="Σ(RW·n)/Σn of the weighted stays")
    median_rw: float | None
    in_use: bool = Field(description="false: too few stays, so that the score takes the value of the request")


class CaseMixView(BaseModel):
    """The case mix that scores are made with today."""

    hospital_cmi: float | None = Field(description="null: too few stays, or none that has an RW")
    days: int = Field(description="how long a settled stay counts")
    least_stays: int = Field(description="how many weighted stays a department needs")
    departments: list[DepartmentMixView]


@router.post(
    "/reference-tables",
    status_code=201,
    response_model=TableView,
    dependencies=[may(*KEEPERS)],
    responses={413: {"description": f"more than {LARGEST_FILE_BYTES} bytes"}},
)
async def load_table(
    heading: Annotated[Heading, Query()],
    content: Annotated[bytes, Body(media_type="text/csv")],
    caller: CurrentCaller,
    commands: CommandRunner,
) -> Response:
    """Load DRG weights (`drg, relative_weight`) or a level-4 catalogue (`procedure`); the whole table or nothing."""
    if len(content) > LARGEST_FILE_BYTES:
        return problem(413, "file-too-large", "The file is too large", remedy="send no columns but those that are read")
    try:
        entries = table_content.read(heading.kind, content)
    except NoTable as refused:
        fields = [
            {"field": f"line {fault.line}: {fault.field}", "reason": fault.reason, "remedy": fault.remedy}
            for fault in refused.faults[:MOST_FAULTS]
        ]
        remedy = "mend the file as the fields say, then send it again with a new key"
        return problem(422, "invalid-input", "This is no such table", remedy=remedy, fields=fields)
    command = LoadTable(**heading.model_dump(), entries=entries, by=caller.subject)
    return await commands.run(handlers.load_table, command, answer=TableView)


@router.get("/reference-tables", dependencies=[may(*READERS)])
async def tables(queries: QueryRunner) -> list[TableView]:
    """All tables, the latest first day first."""
    return [TableView.model_validate(one, from_attributes=True) for one in await queries.run(handlers.tables)]


@router.get("/case-mix", dependencies=[may(*READERS)])
async def case_mix(policy: CurrentPolicy, queries: QueryRunner) -> CaseMixView:
    """Each department's CMI, and whether the score takes it."""
    used = await queries.run(handlers.case_mix, policy)
    return CaseMixView(
        hospital_cmi=used.hospital_cmi,
        days=policy.case_mix_days,
        least_stays=policy.case_mix_stays,
        departments=[
            DepartmentMixView(
                as_of=one.as_of,
                specialty=one.specialty,
                stays=one.stays,
                weighted=one.weighted,
                cmi=one.cmi,
                median_rw=one.median_rw,
                in_use=one.specialty in used.cmi,
            )
            for one in await queries.run(handlers.departments)
        ],
    )
