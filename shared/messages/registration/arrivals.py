"""Who has come, and who has been seen."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientArrived:
    """The patient has checked in for the appointment, at the desk, at a kiosk or by phone."""

    type: ClassVar = "registration.patient-arrived.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("appointment", "appointment_id")

    appointment_id: UUID
    patient_id: UUID
    session_id: UUID
    arrived_at: datetime
    aggregate_version: int
    source: str = "desk"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitCompleted:
    """The clinician has seen the patient."""

    type: ClassVar = "registration.visit-completed.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("appointment", "appointment_id")

    appointment_id: UUID
    patient_id: UUID
    session_id: UUID
    completed_at: datetime
    aggregate_version: int


MESSAGES = (
    PatientArrived,
    VisitCompleted,
)
