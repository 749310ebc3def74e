"""The HTTP side of the register: parse, authorise, run the handler, answer. No rule lives here."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.registration.patients import handlers
from services.registration.patients.model import Insutype, RecordDeath, RegisterPatient, Sex
from shared.auth import Role, may
from shared.clock import utc
from shared.commands import CommandRunner
from shared.http import REFUSALS, QueryRunner

router = APIRouter(prefix="/patients", tags=["patients"], responses=REFUSALS)

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9 -]{5,20}$")]


class PatientView(BaseModel):
    """A patient as those see them who may know the name."""

    patient_id: UUID
    name: str
    phone: str | None
    sex: Sex
    born_on: date
    insutype: Insutype
    retired: bool
    low_income: bool
    deceased_at: AwareDatetime | None
    version: int


class Count(BaseModel):
    """How many patients the register knows. Nobody is named."""

    patients: int
    deceased: int = Field(description="of those patients")


class Registration(BaseModel, extra="forbid"):
    """Who the person is."""

    patient_id: UUID
    name: Name
    phone: Phone | None = None
    sex: Sex
    born_on: date
    insutype: Insutype
    retired: bool = False
    low_income: bool = False


class Death(BaseModel, extra="forbid"):
    """When the patient died, UTC."""

    deceased_at: AwareDatetime


@router.post("", status_code=201, response_model=PatientView, dependencies=[may(Role.FRONT_DESK)])
async def register_patient(body: Registration, commands: CommandRunner) -> Response:
    """Take a person into the register."""
    return await commands.run(handlers.register_patient, RegisterPatient(**dict(body)), answer=PatientView)


@router.post("/{patient_id}/death", response_model=PatientView, dependencies=[may(Role.FRONT_DESK, Role.WARD_NURSE)])
async def record_death(patient_id: UUID, body: Death, commands: CommandRunner) -> Response:
    """Note that a patient has died; later bookings are cancelled and plans are closed."""
    command = RecordDeath(patient_id=patient_id, deceased_at=utc(body.deceased_at))
    return await commands.run(handlers.record_death, command, answer=PatientView)


@router.get("/summary", dependencies=[may(Role.FRONT_DESK, Role.BACK_OFFICE, Role.OPERATOR, Role.VIEWER, Role.SYSTEM)])
async def summary(queries: QueryRunner) -> Count:
    """How many patients the register knows."""
    patients, deceased = await queries.run(handlers.summary)
    return Count(patients=patients, deceased=deceased)


@router.get("/{patient_id}", dependencies=[may(Role.FRONT_DESK, Role.CLINICIAN, Role.WARD_NURSE, Role.FOLLOWUP_NURSE)])
async def patient(patient_id: UUID, queries: QueryRunner) -> PatientView:
    """One patient, with name and contact."""
    return PatientView.model_validate(await queries.run(handlers.patient, patient_id), from_attributes=True)
