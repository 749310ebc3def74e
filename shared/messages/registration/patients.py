"""Who exists: what the register tells the others. A name or contact never leaves it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRegistered:
    """A patient is known. `birth_month` is the first of the month; `insutype` 310 employee, 390 resident."""

    type: ClassVar = "registration.patient-registered.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("patient", "patient_id")

    patient_id: UUID
    sex: str
    birth_month: date
    insutype: str
    retired: bool
    low_income: bool
    registered_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientDeceased:
    """The patient has died; what was planned for them ends."""

    type: ClassVar = "registration.patient-deceased.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("patient", "patient_id")

    patient_id: UUID
    deceased_on: date
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactChosen:
    """The patient wants to be reminded by `channel` (sms, email), or by none. The register alone knows where to."""

    type: ClassVar = "registration.contact-chosen.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("contact", "patient_id")

    patient_id: UUID
    channel: str | None
    aggregate_version: int


MESSAGES = (
    PatientRegistered,
    PatientDeceased,
    ContactChosen,
)
