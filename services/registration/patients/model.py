"""The rules of the patient register.

Values in, the next patient and its event out. What identifies a person stays here: the events carry an opaque id, the
sex, the month of birth and the scheme, nothing more.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from uuid import UUID

from shared.decision import Refused
from shared.messages.registration.patients import ContactChosen, PatientDeceased, PatientRegistered


class Sex(StrEnum):
    """FHIR AdministrativeGender, as far as a room's sex policy needs it."""

    FEMALE = "F"
    MALE = "M"


class Insutype(StrEnum):
    """The national insurance types (险种): 310 employee, 390 resident."""

    EMPLOYEE = "310"
    RESIDENT = "390"


class ContactChannel(StrEnum):
    """How a patient wants to be written to."""

    SMS = "sms"
    EMAIL = "email"


class Language(StrEnum):
    """In which language."""

    ZH = "zh"
    EN = "en"


class Reason(StrEnum):
    """Why a command was refused."""

    PATIENT_EXISTS = "patient-exists"
    BORN_IN_THE_FUTURE = "born-in-the-future"
    DECEASED_BEFORE_BIRTH = "deceased-before-birth"
    ALREADY_DECEASED = "already-deceased"
    DECEASED_IN_THE_FUTURE = "deceased-in-the-future"
    PATIENT_DECEASED = "patient-deceased"


DECEASED = Refused(reason=Reason.PATIENT_DECEASED, remedy="check the patient_id: this patient has died")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPatient:
    """A person becomes a patient. `patient_id` is chosen by the client, so that a repeat is the same patient."""

    patient_id: UUID
    name: str
    phone: str | None
    sex: Sex
    born_on: date
    insutype: Insutype
    retired: bool = False
    low_income: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDeath:
    """The patient died at `deceased_at`; the day is told to the others, the instant decides what is cancelled."""

    patient_id: UUID
    deceased_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A patient as the register knows them."""

    patient_id: UUID
    name: str
    phone: str | None
    sex: Sex
    born_on: date
    insutype: Insutype
    retired: bool
    low_income: bool
    deceased_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseContact:
    """The patient wants to be written to, there and in that language; without a channel not at all."""

    patient_id: UUID
    channel: ContactChannel | None
    address: str | None
    language: Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Where a patient wants to be written to. Nobody is written to who did not ask for it."""

    patient_id: UUID
    channel: ContactChannel | None
    address: str | None
    language: Language
    chosen_at: datetime
    version: int


def choose_contact(command: ChooseContact, present: Contact | None, now: datetime) -> tuple[Contact, ContactChosen]:
    """The contact from now on; an earlier address is forgotten."""
    contact = Contact(
        patient_id=command.patient_id,
        channel=command.channel,
        address=command.address,
        language=command.language,
        chosen_at=now,
        version=present.version + 1 if present else 1,
    )
    return contact, ContactChosen(
        patient_id=contact.patient_id, channel=contact.channel, aggregate_version=contact.version
    )


def register(command: RegisterPatient, now: datetime) -> tuple[Patient, PatientRegistered] | Refused:
    """Take a person into the register."""
    if command.born_on > now.date():
        return Refused(reason=Reason.BORN_IN_THE_FUTURE, remedy="give a born_on that is not after today")
    patient = Patient(
        patient_id=command.patient_id,
        name=command.name,
        phone=command.phone,
        sex=command.sex,
        born_on=command.born_on,
        insutype=command.insutype,
        retired=command.retired,
        low_income=command.low_income,
        deceased_at=None,
        version=1,
    )
    return patient, PatientRegistered(
        patient_id=patient.patient_id,
        sex=patient.sex,
        birth_month=patient.born_on.replace(day=1),
        insutype=patient.insutype,
        retired=patient.retired,
        low_income=patient.low_income,
        registered_at=now,
        aggregate_version=patient.version,
    )


def record_death(patient: Patient, deceased_at: datetime, now: datetime) -> tuple[Patient, PatientDeceased] | Refused:
    """Note the death; a second note is refused, since the first has already taken effect elsewhere."""
    if patient.deceased_at is not None:
        return Refused(reason=Reason.ALREADY_DECEASED, remedy="correct the recorded death with the back office")
    if deceased_at > now:
        return Refused(reason=Reason.DECEASED_IN_THE_FUTURE, remedy="give a deceased_at that is not after now")
    deceased_on = deceased_at.astimezone(UTC).date()
    if deceased_on < patient.born_on:
        return Refused(reason=Reason.DECEASED_BEFORE_BIRTH, remedy="give a deceased_at that is not before born_on")
    deceased = replace(patient, deceased_at=deceased_at, version=patient.version + 1)
    return deceased, PatientDeceased(
        patient_id=patient.patient_id, deceased_on=deceased_on, aggregate_version=deceased.version
    )


def age_years(born_on: date, on: date) -> int:
    """Whole years; who is born on 29 February has the birthday on 1 March in other years."""
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))
