"""Visits that are wanted in a clinic."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRequested:
    """The patient should be seen between two days; registration books it. FHIR ServiceRequest."""

    type: ClassVar = "followup.visit-requested.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("plan", "plan_id")

    visit_request_id: UUID
    plan_id: UUID
    patient_id: UUID
    clinic_id: str
    earliest_on: date
    latest_on: date
    reason: str
    aggregate_version: int


MESSAGES = (VisitRequested,)
