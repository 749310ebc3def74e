"""The HTTP side of the register: parse, authorise, run the handler, answer. No rule lives here."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.registration.patients import handlers
from services.registration.patients.model import (
    ChooseContact,
    ContactChannel,
    Insutype,
    Language,
    Reason,
    RecordDeath,
    RegisterPatient,
    Sex,
)
from shared.auth import Role, may
from shared.clock import utc
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

router = APIRouter(prefix="/patients", tags=["patients"], responses=refusals(Reason))

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9 -]{5,20}$")]


Email = Annotated[str, StringConstraints(pattern=r"^[!-?A-~]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", max_length=254)]


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


class SmsBody(BaseModel, extra="forbid"):
    """The patient wants to be written to by text message."""

    channel: Literal[ContactChannel.SMS]
    address: Phone
    language: Language = Language.ZH


class EmailBody(BaseModel, extra="forbid"):
    """The patient wants to be written to by e-mail."""

    channel: Literal[ContactChannel.EMAIL]
    address: Email
    language: Language = Language.ZH


class ContactView(BaseModel):
    """Where the patient wants to be written to; nowhere without a channel."""

    patient_id: UUID
    channel: ContactChannel | None
    address: str | None
    language: Language
    chosen_at: AwareDatetime


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


@router.put("/{patient_id}/contact", response_model=ContactView, dependencies=[may(Role.FRONT_DESK, Role.PATIENT_APP)])
async def choose_contact(
    patient_id: UUID, body: Annotated[SmsBody | EmailBody, Field(discriminator="channel")], commands: CommandRunner
) -> Response:
    """The patient agrees to be written to there (opt-in), for reminders of visits."""
    command = ChooseContact(patient_id=patient_id, **dict(body))
    return await commands.run(handlers.choose_contact, command, answer=ContactView)


@router.delete(
    "/{patient_id}/contact", response_model=ContactView, dependencies=[may(Role.FRONT_DESK, Role.PATIENT_APP)]
)
async def choose_no_contact(patient_id: UUID, commands: CommandRunner) -> Response:
    """The patient does not want to be written to any more; the address is forgotten."""
    command = ChooseContact(patient_id=patient_id, channel=None, address=None, language=Language.ZH)
    return await commands.run(handlers.choose_contact, command, answer=ContactView)


@router.get("/{patient_id}/contact", dependencies=[may(Role.FRONT_DESK)])
async def contact(patient_id: UUID, queries: QueryRunner) -> ContactView:
    """What a patient chose; 404 where they never did."""
    return ContactView.model_validate(await queries.run(handlers.chosen_contact, patient_id), from_attributes=True)


@router.get("/summary", dependencies=[may(Role.FRONT_DESK, Role.BACK_OFFICE, Role.OPERATOR, Role.VIEWER, Role.SYSTEM)])
async def summary(queries: QueryRunner) -> Count:
    """How many patients the register knows."""
    patients, deceased = await queries.run(handlers.summary)
    return Count(patients=patients, deceased=deceased)


@router.get("/{patient_id}", dependencies=[may(Role.FRONT_DESK, Role.CLINICIAN, Role.WARD_NURSE, Role.FOLLOWUP_NURSE)])
async def patient(patient_id: UUID, queries: QueryRunner) -> PatientView:
    """One patient, with name and contact."""
    return PatientView.model_validate(await queries.run(handlers.patient, patient_id), from_attributes=True)
