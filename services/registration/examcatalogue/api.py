"""The HTTP side of the exam catalogue: parse, authorise, run the handler, answer. No rule lives here."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from services.registration.examcatalogue import files, handlers
from services.registration.examcatalogue.model import Contrast, Modality, Network, Reason
from shared.auth import Role, may
from shared.commands import CommandRunner
from shared.csv_table import NoTable
from shared.http import QueryRunner, refusals
from shared.problem import problem

router = APIRouter(tags=["exam catalogue"], responses=refusals(Reason.ZONE_UNKNOWN))

LARGEST_FILE_BYTES = 4_000_000
PLANNERS = (Role.BACK_OFFICE, Role.OPERATOR)
READERS = (
    Role.FRONT_DESK,
    Role.CLINICIAN,
    Role.WARD_NURSE,
    Role.COORDINATOR,
    Role.BACK_OFFICE,
    Role.PATIENT_APP,
    Role.VIEWER,
    Role.OPERATOR,
    Role.SYSTEM,
)
CSV = Body(media_type="text/csv")

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]


class RejectedView(BaseModel):
    """One thing wrong with a line; the header is line 1."""

    line: int
    field: str
    reason: str
    remedy: str


class ImportView(BaseModel):
    """What the import did."""

    imported: int = Field(description="lines taken; what was there under the same code is written over")
    rejected_rows: list[RejectedView]


class ItemView(BaseModel):
    """An exam item."""

    item_code: str
    modality: Modality
    name_zh: str
    name_en: str
    minutes: int
    fasting_hours: int
    contrast: Contrast | None
    tags: list[str]
    preparations: list[str]
    price_fen: int
    recognition_days: int = Field(description="how long a partner's result may be used; 0 is never")
    source: str


class RuleView(BaseModel):
    """A rule between items that carry two tags."""

    rule_id: str
    earlier_tag: str
    later_tag: str
    minutes: int | None = Field(description="from the end of the one to the start of the other; null is never")
    source: str


class PreparationView(BaseModel):
    """What the patient is told."""

    preparation_code: str
    condition: str | None = Field(description="only patients with this condition are told; null is everybody")
    text_zh: str
    text_en: str
    source: str


class HoursView(BaseModel):
    """A line of a device's week; minutes count from midnight."""

    weekday: int
    from_minute: int
    to_minute: int


class DeviceView(BaseModel):
    """A device or room."""

    device_id: str
    campus_id: str
    room: str
    modality: Modality
    items: list[str] = Field(description="the items it does; empty for all of its modality")
    reading_campus_id: str = Field(description="where its exams are read and reported")
    hours: list[HoursView]


class WayBody(BaseModel, extra="forbid"):
    """The way from one campus to another."""

    from_campus_id: Code
    to_campus_id: Code
    minutes: int = Field(ge=0, le=1440)


class NetworkBody(BaseModel, extra="forbid"):
    """The hospital's zone and the ways between its campuses; a way that is left out is not gone."""

    zone: str = Field(max_length=64, examples=["Asia/Shanghai"])
    travel: list[WayBody] = Field(max_length=10_000)


class WayView(BaseModel):
    """The way from one campus to another."""

    from_campus_id: str
    to_campus_id: str
    minutes: int


def _ways(travel: object) -> object:
    """The ways as the catalogue keeps them, from campus and to campus → minutes, one by one."""
    if not isinstance(travel, Mapping):
        return travel
    return [
        {"from_campus_id": one, "to_campus_id": other, "minutes": minutes}
        for (one, other), minutes in sorted(travel.items())
    ]


class NetworkView(BaseModel):
    """The zone and the ways as they are now."""

    zone: str
    travel: Annotated[list[WayView], BeforeValidator(_ways)]


IMPORT: Mapping[str, Any] = {
    "response_model": ImportView,
    "responses": {413: {"description": f"more than {LARGEST_FILE_BYTES} bytes"}},
    "dependencies": [may(*PLANNERS)],
    "max_body_size": LARGEST_FILE_BYTES,
}
"""What every route has that takes a file."""


@router.post("/exam-items/import", **IMPORT)
async def import_items(content: Annotated[bytes, CSV], commands: CommandRunner) -> Response:
    """Take exam items from CSV; lines that cannot be taken are reported and the others go in."""
    return await _import(content, files.ITEMS, handlers.import_items, commands)


@router.post("/exam-rules/import", **IMPORT)
async def import_rules(content: Annotated[bytes, CSV], commands: CommandRunner) -> Response:
    """Take rules between items from CSV."""
    return await _import(content, files.RULES, handlers.import_rules, commands)


@router.post("/exam-preparations/import", **IMPORT)
async def import_preparations(content: Annotated[bytes, CSV], commands: CommandRunner) -> Response:
    """Take preparations from CSV."""
    return await _import(content, files.PREPARATIONS, handlers.import_preparations, commands)


@router.post("/exam-devices/import", **IMPORT)
async def import_devices(content: Annotated[bytes, CSV], commands: CommandRunner) -> Response:
    """Take devices and rooms with their week from CSV."""
    return await _import(content, files.DEVICES, handlers.import_devices, commands)


@router.put("/exam-network", response_model=NetworkView, dependencies=[may(*PLANNERS)])
async def put_network(body: NetworkBody, commands: CommandRunner) -> Response:
    """Write the hospital's zone and the minutes from campus to campus."""
    travel = {(way.from_campus_id, way.to_campus_id): way.minutes for way in body.travel}
    return await commands.run(handlers.put_network, Network(zone=body.zone, travel=travel), answer=NetworkView)


@router.get("/exam-items", dependencies=[may(*READERS)])
async def items(queries: QueryRunner) -> list[ItemView]:
    """All exam items."""
    return [ItemView.model_validate(one, from_attributes=True) for one in await queries.run(handlers.items)]


@router.get("/exam-rules", dependencies=[may(*READERS)])
async def rules(queries: QueryRunner) -> list[RuleView]:
    """All rules between items."""
    return [RuleView.model_validate(one, from_attributes=True) for one in await queries.run(handlers.rules)]


@router.get("/exam-preparations", dependencies=[may(*READERS)])
async def preparations(queries: QueryRunner) -> list[PreparationView]:
    """All preparations."""
    found = await queries.run(handlers.preparations)
    return [PreparationView.model_validate(one, from_attributes=True) for one in found]


@router.get("/exam-network", dependencies=[may(*READERS)])
async def network(queries: QueryRunner) -> NetworkView:
    """The hospital's zone, and the minutes from campus to campus."""
    return NetworkView.model_validate(await queries.run(handlers.network), from_attributes=True)


@router.get("/exam-devices", dependencies=[may(*READERS)])
async def devices(queries: QueryRunner) -> list[DeviceView]:
    """All devices and rooms."""
    return [DeviceView.model_validate(one, from_attributes=True) for one in await queries.run(handlers.devices)]


async def _import(
    content: bytes, table: files.Table[Any], handler: Callable[..., Any], commands: CommandRunner
) -> Response:
    try:
        lines, rejected = table.read(content)
    except NoTable as refused:
        fields = [{"field": fault.field, "reason": fault.reason, "remedy": fault.remedy} for fault in refused.faults]
        remedy = "mend the file as the fields say, then send it again with a new key"
        return problem(422, "invalid-input", "This is no such file", remedy=remedy, fields=fields)
    return await commands.run(handler, lines, rejected, answer=ImportView)
