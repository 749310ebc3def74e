"""The HTTP side of materials: parse, authorise, run the handler, answer. No rule lives here."""

from collections.abc import AsyncIterator
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from services.registration.materials import handlers
from services.registration.materials.links import Link
from services.registration.materials.model import (
    LARGEST_BYTES,
    PART_BYTES,
    BeginMaterial,
    Kind,
    Part,
    Reason,
    RejectReason,
    State,
)
from services.registration.materials.ports import Unavailable
from services.registration.materials.reading import Clinician, Outcome, Purpose
from services.registration.materials.reading import Reason as DeniedReason
from services.registration.materials.tally import Tally
from services.registration.materials.vault import Vault
from shared.auth import CurrentCaller, Role, may
from shared.clock import wall_now
from shared.commands import REPLAYED, CommandRunner, denied
from shared.decision import Denied
from shared.http import QueryRunner, refusals
from shared.ids import new_id
from shared.problem import problem

DENIED = (DeniedReason.CLINICS_CLAIM_MISSING, DeniedReason.NOT_TREATING, DeniedReason.LINK_INVALID)
router = APIRouter(tags=["materials"], responses=refusals(Reason, denied=DENIED))

UPLOADERS = (Role.PATIENT_APP, Role.FRONT_DESK)
READERS = (Role.CLINICIAN,)
OVERSEERS = (Role.BACK_OFFICE, Role.OPERATOR)
BYTES_TYPE = "application/octet-stream"
BYTES = {"requestBody": {"required": True, "content": {BYTES_TYPE: {}}}}
UNTRUSTED = {
    "Content-Disposition": "attachment",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox",
    "Cache-Control": "no-store",
}


class MaterialBody(BaseModel, extra="forbid"):
    """What is to be uploaded, and to which appointment or application of the patient's it belongs."""

    material_id: UUID | None = Field(None, description="chosen by the client, new for each material; else by us")
    patient_id: UUID
    appointment_id: UUID | None = None
    application_id: UUID | None = Field(None, description="where it was redirected, the answer names the new one")
    kind: Kind
    size_bytes: int = Field(ge=1, le=2**53, description=f"at most {LARGEST_BYTES}")
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$", description="compared with what has come, where given")

    @model_validator(mode="after")
    def belongs_to_one(self) -> Self:
        """Refuse a material that belongs to nothing or to two things."""
        if (self.appointment_id is None) == (self.application_id is None):
            raise ValueError("belongs to nothing or to two things: give appointment_id or application_id")
        return self


class MaterialView(BaseModel, from_attributes=True):
    """A material without its bytes. The next part begins at `received_bytes`. Instants are UTC."""

    material_id: UUID
    patient_id: UUID
    appointment_id: UUID | None
    application_id: UUID | None
    kind: Kind
    size_bytes: int
    received_bytes: int
    sha256: str | None
    media_type: str | None
    state: State
    reject_reason: RejectReason | None
    scans: int = Field(description="how often a scan was begun")
    scan_given_up: bool = Field(description="no scan came to an end; it waits for POST /materials/{id}/scan")
    begun_at: AwareDatetime
    closed_at: AwareDatetime | None


class MaterialList(BaseModel):
    """Materials in the order of coming."""

    materials: list[MaterialView]


class LinkView(BaseModel):
    """Where the caller, and nobody else, can read the bytes until `ends_at`."""

    url: str
    ends_at: AwareDatetime


class GlassBody(BaseModel, extra="forbid"):
    """Why somebody who does not treat the patient must read it; kept in the audit trail for ever."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)]


class ReadView(BaseModel, from_attributes=True):
    """Somebody has asked for the bytes of a material: a line of the audit trail."""

    read_id: UUID
    material_id: UUID
    subject: str
    read_at: AwareDatetime
    purpose: Purpose = Field(description="treatment (HL7 TREAT), or break-glass (BTG)")
    outcome: Outcome = Field(description="given a link, has read, or was refused")
    reason: str | None = Field(description="why the glass was broken")


class ReadList(BaseModel):
    """Lines of the audit trail."""

    reads: list[ReadView]


class Signed(BaseModel, extra="forbid"):
    """What a link says of itself."""

    purpose: Purpose
    ends: int = Field(ge=0, le=2**53)
    signature: str = Field(pattern="^[0-9a-f]{64}$")


def _clinician(caller: CurrentCaller) -> Clinician:
    return Clinician(subject=caller.subject, practitioner=caller.practitioner, clinics=caller.clinics)


CurrentClinician = Annotated[Clinician, Depends(_clinician)]
"""For a route that a clinician calls: who it is, and where they work."""


@router.post("/materials", status_code=201, response_model=MaterialView, dependencies=[may(*UPLOADERS)])
async def begin_material(body: MaterialBody, commands: CommandRunner) -> Response:
    """Begin an upload; then send its parts."""
    if body.size_bytes > LARGEST_BYTES:
        remedy = f"send at most {LARGEST_BYTES} bytes, such as a smaller scan or a report in pieces"
        field = {"field": "size_bytes", "in": "body", "reason": "is too large", "remedy": remedy}
        return problem(413, "material-too-large", "The material is too large", remedy=remedy, fields=[field])
    command = BeginMaterial(**dict(body) | {"material_id": body.material_id or new_id()})
    return await commands.run(handlers.begin_material, command, answer=MaterialView)


@router.patch(
    "/materials/{material_id}/parts/{offset}",
    response_model=MaterialView,
    dependencies=[may(*UPLOADERS)],
    max_body_size=PART_BYTES,
    openapi_extra=BYTES,
)
async def take_part(
    material_id: UUID, offset: Annotated[int, Path(ge=0, le=LARGEST_BYTES)], request: Request, commands: CommandRunner
) -> Response:
    """Send the bytes from `offset` on, at most 1 MiB, as they are. The answer may say that the material is rejected."""
    if request.headers.get("Content-Type", BYTES_TYPE).partition(";")[0].strip().lower() != BYTES_TYPE:
        remedy = f"send the bytes alone, as {BYTES_TYPE}: no form and no JSON around them"
        return problem(415, "unsupported-media-type", "The body is no plain bytes", remedy=remedy)
    part = Part(material_id=material_id, offset=offset, content=await request.body())
    return await commands.run(handlers.take_part, part, answer=MaterialView)


@router.get("/materials/{material_id}", dependencies=[may(*UPLOADERS, *READERS, *OVERSEERS)])
async def material(material_id: UUID, queries: QueryRunner) -> MaterialView:
    """How far it is: where to go on with the upload, or what became of it."""
    return MaterialView.model_validate(await queries.run(handlers.material, material_id))


@router.get("/appointments/{appointment_id}/materials", dependencies=[may(*UPLOADERS, *READERS)])
async def materials_of_appointment(appointment_id: UUID, queries: QueryRunner) -> MaterialList:
    """What the patient brings along to the appointment, and what came with the application for it."""
    found = await queries.run(handlers.materials_of_appointment, appointment_id)
    return MaterialList.model_validate({"materials": found}, from_attributes=True)


@router.get("/quarantine", dependencies=[may(*READERS, *OVERSEERS)])
async def quarantine(queries: QueryRunner, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> MaterialList:
    """What waits for its scan, the oldest first."""
    found = await queries.run(handlers.quarantined, limit)
    return MaterialList.model_validate({"materials": found}, from_attributes=True)


@router.post("/materials/{material_id}/scan", response_model=MaterialView, dependencies=[may(*OVERSEERS)])
async def scan_again(material_id: UUID, commands: CommandRunner) -> Response:
    """Scan what waits in quarantine, after the scanner was mended."""
    return await commands.run(handlers.scan_again, material_id, answer=MaterialView)


@router.post("/materials/{material_id}/links", status_code=201, response_model=LinkView, dependencies=[may(*READERS)])
async def link_for(
    material_id: UUID, clinician: CurrentClinician, request: Request, commands: CommandRunner
) -> Response:
    """A link to the bytes for this caller, good for five minutes; for who treats the patient."""
    answer = await commands.run(handlers.link_for, material_id, clinician, wall_now(), answer=LinkView)
    _count(request, answer, Purpose.TREATMENT)
    return answer


@router.post(
    "/materials/{material_id}/break-glass", status_code=201, response_model=LinkView, dependencies=[may(*READERS)]
)
async def break_glass(
    material_id: UUID, body: GlassBody, clinician: CurrentClinician, request: Request, commands: CommandRunner
) -> Response:
    """The same for who does not treat the patient and has to read it (紧急访问): written down, and looked at later."""
    answer = await commands.run(handlers.break_glass, material_id, clinician, body.reason, wall_now(), answer=LinkView)
    _count(request, answer, Purpose.BREAK_GLASS)
    return answer


@router.get(
    "/materials/{material_id}/content",
    dependencies=[may(*READERS)],
    response_class=Response,
    responses={200: {"description": "the bytes", "content": {"application/octet-stream": {}}}},
)
async def content(
    material_id: UUID,
    signed: Annotated[Signed, Query()],
    caller: CurrentCaller,
    request: Request,
    queries: QueryRunner,
) -> Response:
    """The bytes behind a link; who reads is written down before the first of them leaves."""
    link = Link(material_id=material_id, subject=caller.subject, **dict(signed))
    found = await queries.run(handlers.open_material, link, wall_now())
    tally: Tally = request.app.state.tally
    if isinstance(found, Denied):
        tally.note(link.purpose, Outcome.REFUSED)
        return denied(found)
    tally.note(link.purpose, Outcome.READ)
    vault: Vault = request.app.state.vault
    pieces = vault.read(material_id)
    try:
        first = await anext(pieces, b"")
    except Unavailable:
        remedy = "ask for a new link in a minute; tell the operator if it stays so"
        return problem(503, "store-away", "The store of materials does not answer", remedy=remedy)
    headers = {**UNTRUSTED, "Content-Length": str(found.size_bytes)}
    return StreamingResponse(_joined(first, pieces), media_type=found.media_type, headers=headers)


@router.get("/materials/{material_id}/reads", dependencies=[may(*OVERSEERS)])
async def reads(material_id: UUID, queries: QueryRunner) -> ReadList:
    """Who has asked for its bytes, when, and what came of it; the first first."""
    found = await queries.run(handlers.reads, material_id)
    return ReadList.model_validate({"reads": found}, from_attributes=True)


@router.get("/material-reads", dependencies=[may(*OVERSEERS)])
async def reads_to_review(
    queries: QueryRunner,
    before: Annotated[UUID | None, Query(description="the last read_id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> ReadList:
    """What somebody should look at: refusals, and all that was done behind broken glass; the latest first."""
    found = await queries.run(handlers.reads_to_review, limit, before)
    return ReadList.model_validate({"reads": found}, from_attributes=True)


def _count(request: Request, answer: Response, purpose: Purpose) -> None:
    outcome = {201: Outcome.LINKED, 403: Outcome.REFUSED}.get(answer.status_code)
    if outcome and REPLAYED not in answer.headers:
        request.app.state.tally.note(purpose, outcome)


async def _joined(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in pieces:
        yield piece
