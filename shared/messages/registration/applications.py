"""Places that are given by need (按需分配号源): who has applied, and what a clinician has decided."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationSubmitted:
    """A patient applies for one of a clinic's places; `decide_by` is when a clinician is to have decided.

    `redirected_from` is the application that another clinic has sent on.
    """

    type: ClassVar = "registration.application-submitted.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("application", "application_id")

    application_id: UUID
    patient_id: UUID
    clinic_id: str
    reason: str
    decide_by: datetime
    redirected_from: UUID | None
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationAccepted:
    """A clinician has accepted it: routine, urgent, asap or stat (FHIR priority).

    `appointment_id` is null where it waits for the next session with places for applicants.
    """

    type: ClassVar = "registration.application-accepted.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("application", "application_id")

    application_id: UUID
    patient_id: UUID
    clinic_id: str
    urgency: str
    appointment_id: UUID | None
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationDeclined:
    """A clinician has declined it, with a reason code."""

    type: ClassVar = "registration.application-declined.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("application", "application_id")

    application_id: UUID
    patient_id: UUID
    clinic_id: str
    reason: str
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRedirected:
    """A clinician has sent it on to another clinic, where it is a new application."""

    type: ClassVar = "registration.application-redirected.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("application", "application_id")

    application_id: UUID
    patient_id: UUID
    clinic_id: str
    redirected_to: UUID
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationWithdrawn:
    """The patient does not want the place any more, or has died."""

    type: ClassVar = "registration.application-withdrawn.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("application", "application_id")

    application_id: UUID
    patient_id: UUID
    clinic_id: str
    aggregate_version: int


MESSAGES = (
    ApplicationSubmitted,
    ApplicationAccepted,
    ApplicationDeclined,
    ApplicationRedirected,
    ApplicationWithdrawn,
)
