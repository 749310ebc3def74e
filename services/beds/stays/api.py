"""The HTTP side of stays: parse, authorise, run the handler, answer. No rule lives here.

A ward's nurse acts for patients of the wards in her token; the coordinator for all.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.beds.preparation.model import Reason as PreparationReason
from services.beds.settings import CurrentPolicy, HoldTime
from services.beds.stays import handlers, moving
from services.beds.stays.changes import By
from services.beds.stays.handlers import AdmitPatient
from services.beds.stays.model import Override, Phase, Reason, ReserveBed
from services.beds.stays.moving import TransferPatient
from shared.auth import Caller, CurrentCaller, Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

REFUSED = refusals(
    *handlers.WHY_NOT_RESERVED,
    Reason.NOT_RESERVED,
    Reason.HOLD_EXPIRED,
    Reason.NOT_ADMITTED,
    Reason.SAME_BED,
    PreparationReason.PREPARATION_OPEN,
    denied=[Reason.OTHER_WARD],
)
router = APIRouter(prefix="/stays", tags=["stays"], responses=REFUSED)

READERS = (
    Role.COORDINATOR,
    Role.WARD_NURSE,
    Role.CLINICIAN,
    Role.BACK_OFFICE,
    Role.VIEWER,
    Role.OPERATOR,
    Role.SYSTEM,
)

BedId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)]
ReasonCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
OVERRIDE = "why a hard rule is passed over; kept with the caller's name. Without it a broken rule is a refusal"


class StayView(BaseModel):
    """A stay as the ward sees it. Instants are UTC."""

    stay_id: UUID
    patient_id: UUID
    bed_id: str
    ward_id: str
    campus_id: str
    specialty: str
    source: str
    phase: Phase
    reserved_at: AwareDatetime
    held_until: AwareDatetime
    admitted_at: AwareDatetime | None
    left_at: AwareDatetime | None
    bed_days: int | None = Field(description="midnights crossed in the hospital's zone, at least 1; null until left")
    overridden_rule: str | None = Field(description="the hard rule that somebody decided to pass over")
    override_reason: str | None
    override_by: str | None
    care_team: str | None = Field(description="the team that answers for the patient, where it is said")
    previous_bed_id: str | None = Field(description="where the last transfer came from, while it can be cancelled")
    proposed_at: AwareDatetime | None = Field(description="when a round proposed the bed; null where it was chosen")
    discharge_ordered_at: AwareDatetime | None
    expected_leave_at: AwareDatetime | None = Field(description="when the ward expects the patient to leave")
    leave_undone_at: AwareDatetime | None
    leaving: bool = Field(description="lies in the bed and is to leave it")
    version: int


class ReservationBody(BaseModel, extra="forbid"):
    """A bed that a coordinator has chosen for a waiting patient."""

    request_id: UUID
    bed_id: BedId
    override_reason: Words | None = Field(None, description=OVERRIDE)


class AdmissionBody(BaseModel, extra="forbid"):
    """What is said on arrival."""

    open_items_reason: ReasonCode | None = Field(
        None, description="why the patient is admitted with mandatory preparation items open; kept with the caller"
    )


class TransferBody(BaseModel, extra="forbid"):
    """The bed to move to."""

    bed_id: BedId
    override_reason: Words | None = Field(None, description=OVERRIDE)


class SummaryView(BaseModel):
    """How many stays there are and were."""

    admissions: int
    by_source: dict[str, int] = Field(description="admissions by where the request came from")
    reserved: int
    open: int = Field(description="patients who lie in a bed")
    left: int
    bed_days: int = Field(description="of all who have left")


@router.post("", status_code=201, response_model=StayView, dependencies=[may(Role.COORDINATOR)])
async def reserve_bed(
    body: ReservationBody, caller: CurrentCaller, policy: CurrentPolicy, hold: HoldTime, commands: CommandRunner
) -> Response:
    """Keep a chosen bed for a waiting patient; 409 when somebody else has it or a hard rule forbids it."""
    command = ReserveBed(
        request_id=body.request_id,
        bed_id=body.bed_id,
        hold=hold,
        policy=policy,
        override=override_of(body.override_reason, caller),
    )
    return await commands.run(handlers.reserve_bed, command, answer=StayView)


@router.post("/{stay_id}/admission", response_model=StayView, dependencies=[may(Role.WARD_NURSE)])
async def admit_patient(
    stay_id: UUID, caller: CurrentCaller, commands: CommandRunner, body: AdmissionBody | None = None
) -> Response:
    """The patient has arrived at the reserved bed; 409 names the mandatory preparation items that are open."""
    reason = body.open_items_reason if body else None
    command = AdmitPatient(stay_id=stay_id, open_items_reason=reason, by=by_of(caller))
    return await commands.run(handlers.admit_prepared, command, answer=StayView)


@router.post("/{stay_id}/transfer", response_model=StayView, dependencies=[may(Role.WARD_NURSE, Role.COORDINATOR)])
async def transfer_patient(
    stay_id: UUID, body: TransferBody, caller: CurrentCaller, policy: CurrentPolicy, commands: CommandRunner
) -> Response:
    """Move the patient to another free bed; the old one is to be cleaned."""
    command = TransferPatient(
        stay_id=stay_id,
        bed_id=body.bed_id,
        policy=policy,
        by=by_of(caller),
        override=override_of(body.override_reason, caller),
    )
    return await commands.run(moving.transfer_patient, command, answer=StayView)


@router.post("/{stay_id}/leave", response_model=StayView, dependencies=[may(Role.WARD_NURSE)])
async def leave_bed(stay_id: UUID, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """The patient has left the bed, where the discharge service does not say so."""
    return await commands.run(handlers.leave_bed, stay_id, by_of(caller), answer=StayView)


@router.get("", dependencies=[may(*READERS)])
async def stays(
    queries: QueryRunner,
    ward_id: str | None = None,
    phase: Phase | None = None,
    leaving: Annotated[bool | None, Query(description="who is to leave, or who is not")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[StayView]:
    """Stays, or those of a ward or phase, the latest reservation first."""
    found = await queries.run(handlers.stays, ward_id, phase, leaving, limit)
    return [StayView.model_validate(stay, from_attributes=True) for stay in found]


@router.get("/summary", dependencies=[may(*READERS)])
async def summary(queries: QueryRunner) -> SummaryView:
    """Admissions, open stays and bed days."""
    return SummaryView.model_validate(await queries.run(handlers.summary), from_attributes=True)


@router.get("/{stay_id}", dependencies=[may(*READERS)])
async def stay(stay_id: UUID, queries: QueryRunner) -> StayView:
    """One stay."""
    return StayView.model_validate(await queries.run(handlers.stay, stay_id), from_attributes=True)


def override_of(reason: str | None, caller: Caller) -> Override | None:
    """The caller's decision to pass over a hard rule, where they gave a reason."""
    return None if reason is None else Override(reason=reason, by=caller.subject)


def by_of(caller: Caller) -> By:
    """Who decides, and in which wards they may."""
    return By(subject=caller.subject, wards=caller.wards)
