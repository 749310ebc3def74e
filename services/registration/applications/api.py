"""The HTTP side of applications: parse, authorise, run the handler, answer. No rule lives here."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from services.registration.applications import handlers
from services.registration.applications.model import (
    Accept,
    Decline,
    DeclineReason,
    Need,
    Reason,
    Redirect,
    State,
    Submit,
    Urgency,
    Wanted,
)
from services.registration.booking.model import Channel
from services.registration.materials.api import CurrentClinician, MaterialView
from services.registration.materials.reading import Reason as DeniedReason
from services.registration.patients.model import DECEASED
from services.registration.schedules.bodies import Code
from shared.auth import Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals
from shared.ids import new_id

DENIED = (DeniedReason.CLINICS_CLAIM_MISSING, DeniedReason.OTHER_CLINIC)
router = APIRouter(tags=["applications"], responses=refusals(Reason, DECEASED.reason, denied=DENIED))

APPLICANTS = (Role.PATIENT_APP, Role.FRONT_DESK)
DECIDERS = (Role.CLINICIAN,)


class ApplicationBody(BaseModel, extra="forbid"):
    """Who applies, where and why. Materials are uploaded to it with `POST /materials`."""

    application_id: UUID | None = Field(None, description="chosen by the client, new for each application; else by us")
    patient_id: UUID
    clinic_id: Code
    need: Need
    channel: Channel


class AcceptanceBody(BaseModel, extra="forbid"):
    """How soon the patient is to be seen."""

    urgency: Urgency


class DeclineBody(BaseModel, extra="forbid"):
    """Why the patient is not seen here."""

    reason: DeclineReason


class RedirectionBody(BaseModel, extra="forbid"):
    """Who is to look at it."""

    clinic_id: Code


class ApplicationView(BaseModel, from_attributes=True):
    """An application and what became of it. Instants are UTC."""

    application_id: UUID
    patient_id: UUID
    clinic_id: str
    need: Need
    channel: Channel
    state: State
    urgency: Urgency | None
    decline_reason: DeclineReason | None
    redirected_from: UUID | None
    redirected_to: UUID | None
    appointment_id: UUID | None
    submitted_at: AwareDatetime
    decide_by: AwareDatetime
    decided_at: AwareDatetime | None
    decided_by: str | None


class ApplicationWithMaterials(BaseModel, from_attributes=True):
    """An application and what was uploaded to it."""

    application: ApplicationView
    materials: list[MaterialView]


class ApplicationList(BaseModel):
    """Applications, whichever is to be decided first first."""

    applications: list[ApplicationWithMaterials]


class Filter(BaseModel, extra="forbid"):
    """Which to list; without a state those that are open."""

    clinic_id: Code | None = None
    state: State | None = None
    overdue: bool = Field(default=False, description="only those that are submitted and not decided in time")
    limit: int = Field(100, ge=1, le=1000)


@router.post("/applications", status_code=201, response_model=ApplicationView, dependencies=[may(*APPLICANTS)])
async def submit(body: ApplicationBody, commands: CommandRunner) -> Response:
    """Apply for one of the places that the clinic gives by need (按需分配号源)."""
    command = Submit(**dict(body) | {"application_id": body.application_id or new_id()})
    return await commands.run(handlers.submit, command, answer=ApplicationView)


@router.post("/applications/{application_id}/acceptance", response_model=ApplicationView, dependencies=[may(*DECIDERS)])
async def accept(
    application_id: UUID, body: AcceptanceBody, clinician: CurrentClinician, commands: CommandRunner
) -> Response:
    """See the patient: booked at once in the earliest fitting place, or once a session has one."""
    command = Accept(application_id=application_id, urgency=body.urgency, by=clinician)
    return await commands.run(handlers.accept, command, answer=ApplicationView)


@router.post("/applications/{application_id}/decline", response_model=ApplicationView, dependencies=[may(*DECIDERS)])
async def decline(
    application_id: UUID, body: DeclineBody, clinician: CurrentClinician, commands: CommandRunner
) -> Response:
    """Do not see the patient, and say why."""
    command = Decline(application_id=application_id, reason=body.reason, by=clinician)
    return await commands.run(handlers.decline, command, answer=ApplicationView)


@router.post(
    "/applications/{application_id}/redirection",
    status_code=201,
    response_model=ApplicationView,
    dependencies=[may(*DECIDERS)],
)
async def redirect(
    application_id: UUID, body: RedirectionBody, clinician: CurrentClinician, commands: CommandRunner
) -> Response:
    """Let another clinic look at it, with its materials; answers the new application there."""
    command = Redirect(application_id=application_id, clinic_id=body.clinic_id, by=clinician)
    return await commands.run(handlers.redirect, command, answer=ApplicationView)


@router.post(
    "/applications/{application_id}/withdrawal", response_model=ApplicationView, dependencies=[may(*APPLICANTS)]
)
async def withdraw(application_id: UUID, commands: CommandRunner) -> Response:
    """The patient does not want the place any more; an appointment that there is already is cancelled as any other."""
    return await commands.run(handlers.withdraw, application_id, answer=ApplicationView)


@router.get("/applications/{application_id}", dependencies=[may(*APPLICANTS, *DECIDERS, Role.BACK_OFFICE)])
async def application(application_id: UUID, queries: QueryRunner) -> ApplicationWithMaterials:
    """One application, and how its materials are."""
    return _view(await queries.run(handlers.application, application_id))


@router.get("/applications", dependencies=[may(Role.FRONT_DESK, *DECIDERS, Role.BACK_OFFICE)])
async def applications(chosen: Annotated[Filter, Query()], queries: QueryRunner) -> ApplicationList:
    """The clinician's list: what is open, with the state of its materials; `overdue` for what is late."""
    found = await queries.run(handlers.applications, Wanted(**dict(chosen)))
    return ApplicationList(applications=[_view(one) for one in found])


def _view(found: handlers.WithMaterials) -> ApplicationWithMaterials:
    application, materials = found
    return ApplicationWithMaterials.model_validate(
        {"application": application, "materials": materials}, from_attributes=True
    )
