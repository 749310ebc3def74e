"""The HTTP side of referrals: parse, authorise, run the handler, answer. No rule lives here.

Partners' gateways call as `system`.
"""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.beds.referrals import handlers, partner_file
from services.beds.referrals.model import (
    Accept,
    Answer,
    AskPartner,
    AskUs,
    Direction,
    Kind,
    Need,
    Phase,
    Reason,
    RefusalReason,
    Refuse,
)
from services.beds.scoring.model import Isolation
from services.beds.scoring.table_file import NoTable
from shared.auth import CurrentCaller, Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals
from shared.problem import problem

router = APIRouter(tags=["referrals"], responses=refusals(Reason))

READERS = (Role.COORDINATOR, Role.CLINICIAN, Role.WARD_NURSE, Role.BACK_OFFICE, Role.VIEWER, Role.SYSTEM)
LARGEST_FILE_BYTES = 5_000_000

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]
Reference = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,100}$")]
PartnerId = Annotated[str, StringConstraints(pattern=r"^\w[\w.-]{0,63}$")]


class NeedBody(BaseModel, extra="forbid"):
    """What the patient needs. `materials` name letters and reports by reference."""

    specialty: Code
    diagnosis_code: Code | None = None
    procedure_code: Code | None = None
    needs: list[Code] = Field(default=[], max_length=50, description="equipment the bed must have")
    isolation: Isolation = Isolation.NONE
    expected_days: int = Field(ge=1, le=3650)
    immediate: bool = Field(False, description="a critical transfer")
    materials: list[Reference] = Field(default=[], max_length=100)


class AskUsBody(BaseModel, extra="forbid"):
    """A partner asks us to take a patient, whom its gateway has registered."""

    referral_id: UUID
    patient_id: UUID
    partner_id: PartnerId
    partner_reference: Reference
    campus_id: Code
    need: NeedBody


class AskPartnerBody(BaseModel, extra="forbid"):
    """We ask a community hospital to take a patient who lies here."""

    referral_id: UUID
    stay_id: UUID
    partner_id: PartnerId
    specialty: Code
    diagnosis_code: Code | None = None
    rehabilitation_codes: list[Code] = Field(min_length=1, max_length=50)
    plan_reference: Reference = Field(description="of the rehabilitation plan")
    wanted_on: date


class AcceptanceBody(BaseModel, extra="forbid"):
    """The day for which a bed is promised, and what the score needs to know."""

    admit_on: date
    department_cmi: float = Field(gt=0, le=1000)
    reachable_campuses: list[Code] = Field(default=[], max_length=100)
    drg: Code | None = None
    drg_version: Code | None = None
    rw: float | None = Field(None, gt=0, le=1000)
    level4: bool = False


class RefusalBody(BaseModel, extra="forbid"):
    """Why not, and who else might."""

    reason: RefusalReason
    alternative_partner_id: PartnerId | None = None


class AnsweredWithBed(BaseModel, extra="forbid"):
    """The partner takes the patient."""

    accepted: Literal[True]
    bed_on: date


class AnsweredWithReason(BaseModel, extra="forbid"):
    """The partner does not take the patient."""

    accepted: Literal[False]
    reason: RefusalReason


class NeedView(BaseModel):
    """What the patient needs."""

    specialty: str
    diagnosis_code: str | None
    procedure_code: str | None
    needs: list[str]
    isolation: Isolation
    expected_days: int
    immediate: bool
    materials: list[str]


class ReferralView(BaseModel):
    """A referral. The bed of an accepted one is read at `/stays/{referral_id}` once it is reserved."""

    referral_id: UUID
    direction: Direction
    patient_id: UUID
    stay_id: UUID | None
    partner_id: str
    reference: str = Field(description="in: the partner's own; out: of the rehabilitation plan")
    campus_id: str | None
    need: NeedView
    codes: list[str] = Field(description="out: what the rehabilitation plan holds")
    wanted_on: date | None
    phase: Phase
    sent_at: AwareDatetime
    due_at: AwareDatetime = Field(description="when an answer is due")
    answered_at: AwareDatetime | None
    answered_by: str | None
    bed_on: date | None = Field(description="the day that was promised")
    reason: RefusalReason | None
    alternative_partner_id: str | None
    version: int


class PartnerView(BaseModel):
    """A hospital of the network."""

    partner_id: str
    name: str
    kind: Kind
    specialties: list[str]
    active: bool


class RejectedPartnerView(BaseModel):
    """One thing wrong with a line of the file."""

    line: int
    field: str
    reason: str
    remedy: str


class PartnerImportView(BaseModel):
    """What the import did."""

    imported: int
    added: int = Field(description="new partners among them")
    rejected_rows: list[RejectedPartnerView]


@router.post(
    "/partners/import",
    response_model=PartnerImportView,
    dependencies=[may(Role.BACK_OFFICE, Role.COORDINATOR)],
    responses={413: {"description": f"more than {LARGEST_FILE_BYTES} bytes"}},
)
async def import_partners(content: Annotated[bytes, Body(media_type="text/csv")], commands: CommandRunner) -> Response:
    """Take a CSV file (partner, name, kind, specialties, active); lines that cannot be taken are reported."""
    if len(content) > LARGEST_FILE_BYTES:
        return problem(413, "file-too-large", "The file is too large", remedy="send it in several files")
    try:
        lines, rejected = partner_file.read(content)
    except NoTable as refused:
        fields = [{"field": fault.field, "reason": fault.reason, "remedy": fault.remedy} for fault in refused.faults]
        remedy = "mend the file as the fields say, then send it again with a new key"
        return problem(422, "invalid-input", "This is no partner file", remedy=remedy, fields=fields)
    return await commands.run(handlers.import_partners, lines, rejected, answer=PartnerImportView)


@router.get("/partners", dependencies=[may(*READERS)])
async def partners(queries: QueryRunner) -> list[PartnerView]:
    """All partners."""
    return [PartnerView.model_validate(one, from_attributes=True) for one in await queries.run(handlers.partners)]


@router.post("/referrals/in", status_code=201, response_model=ReferralView, dependencies=[may(Role.SYSTEM)])
async def ask_us(body: AskUsBody, commands: CommandRunner) -> Response:
    """A partner's gateway asks us to take a patient."""
    need = body.need.model_dump() | {"needs": tuple(body.need.needs), "materials": tuple(body.need.materials)}
    command = AskUs(**body.model_dump(exclude={"need"}), need=Need(**need))
    return await commands.run(handlers.ask_us, command, answer=ReferralView)


@router.post(
    "/referrals/in/{referral_id}/acceptance", response_model=ReferralView, dependencies=[may(Role.COORDINATOR)]
)
async def accept(referral_id: UUID, body: AcceptanceBody, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """We take the patient: the admission request follows under the same id, and the pool finds the bed."""
    values = body.model_dump() | {"reachable_campuses": tuple(body.reachable_campuses)}
    command = Accept(referral_id=referral_id, by=caller.subject, **values)
    return await commands.run(handlers.accept, command, answer=ReferralView)


@router.post("/referrals/in/{referral_id}/refusal", response_model=ReferralView, dependencies=[may(Role.COORDINATOR)])
async def refuse(referral_id: UUID, body: RefusalBody, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """We do not take the patient."""
    command = Refuse(referral_id=referral_id, by=caller.subject, **body.model_dump())
    return await commands.run(handlers.refuse, command, answer=ReferralView)


@router.post("/referrals/in/{referral_id}/cancellation", response_model=ReferralView, dependencies=[may(Role.SYSTEM)])
async def cancel_in(referral_id: UUID, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """The partner asks no more."""
    return await commands.run(handlers.cancel, referral_id, Direction.IN, caller.subject, answer=ReferralView)


@router.post(
    "/referrals/out",
    status_code=201,
    response_model=ReferralView,
    dependencies=[may(Role.COORDINATOR, Role.CLINICIAN, Role.WARD_NURSE)],
)
async def ask_partner(body: AskPartnerBody, commands: CommandRunner) -> Response:
    """We ask a community hospital to take a patient who lies here."""
    command = AskPartner(**body.model_dump() | {"rehabilitation_codes": tuple(body.rehabilitation_codes)})
    return await commands.run(handlers.ask_partner, command, answer=ReferralView)


@router.post("/referrals/out/{referral_id}/answer", response_model=ReferralView, dependencies=[may(Role.SYSTEM)])
async def answer(
    referral_id: UUID,
    body: AnsweredWithBed | AnsweredWithReason,
    caller: CurrentCaller,
    commands: CommandRunner,
) -> Response:
    """The partner's gateway says yes, with a day, or no, with a reason."""
    bed_on = body.bed_on if isinstance(body, AnsweredWithBed) else None
    reason = body.reason if isinstance(body, AnsweredWithReason) else None
    command = Answer(referral_id=referral_id, bed_on=bed_on, reason=reason, by=caller.subject)
    return await commands.run(handlers.answer, command, answer=ReferralView)


@router.post(
    "/referrals/out/{referral_id}/cancellation",
    response_model=ReferralView,
    dependencies=[may(Role.COORDINATOR, Role.CLINICIAN)],
)
async def cancel_out(referral_id: UUID, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """We ask no more; the partner is told."""
    return await commands.run(handlers.cancel, referral_id, Direction.OUT, caller.subject, answer=ReferralView)


@router.get("/referrals", dependencies=[may(*READERS)])
async def referrals(
    queries: QueryRunner,
    direction: Direction | None = None,
    phase: Phase | None = None,
    partner_id: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[ReferralView]:
    """The worklist: referrals, or those of a direction, phase or partner, the first due first."""
    found = await queries.run(handlers.referrals, direction, phase, partner_id, limit)
    return [ReferralView.model_validate(one, from_attributes=True) for one in found]


@router.get("/referrals/{referral_id}", dependencies=[may(*READERS)])
async def referral(referral_id: UUID, queries: QueryRunner) -> ReferralView:
    """One referral."""
    return ReferralView.model_validate(await queries.run(handlers.referral, referral_id), from_attributes=True)
