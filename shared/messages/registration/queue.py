"""Who is called in, and who has to be called again."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientCalled:
    """The patient with this number of the session is called to a desk or room; `calls` above 1 is a repeat."""

    type: ClassVar = "registration.patient-called.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("queue-ticket", "appointment_id")

    appointment_id: UUID
    patient_id: UUID
    session_id: UUID
    number: int
    desk: str
    calls: int
    called_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientSkipped:
    """Nobody came when called (过号): the patient is called again after a few others."""

    type: ClassVar = "registration.patient-skipped.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("queue-ticket", "appointment_id")

    appointment_id: UUID
    patient_id: UUID
    session_id: UUID
    number: int
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientReturned:
    """The patient is in the queue again: back with results (回诊)."""

    type: ClassVar = "registration.patient-returned.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("queue-ticket", "appointment_id")

    appointment_id: UUID
    patient_id: UUID
    session_id: UUID
    number: int
    aggregate_version: int


MESSAGES = (
    PatientCalled,
    PatientSkipped,
    PatientReturned,
)
