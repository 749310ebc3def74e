"""Who is to leave, and who has left."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class DischargeOrdered:
    """The patient is medically discharged. `blockers` are the codes of what stands in the way of settling."""

    type: ClassVar = "discharge.discharge-ordered.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("account", "stay_id")

    stay_id: UUID
    patient_id: UUID
    disposition: str
    blockers: tuple[str, ...]
    ordered_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientLeft:
    """The patient has left the ward. `disposition` in FHIR words: home, other-hcf, rehab, aadvice, exp (died)."""

    type: ClassVar = "discharge.patient-left.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("account", "stay_id")

    stay_id: UUID
    patient_id: UUID
    disposition: str
    left_at: datetime
    aggregate_version: int


MESSAGES = (
    DischargeOrdered,
    PatientLeft,
)
