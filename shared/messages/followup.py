"""What the followup service tells the others: a plan after the stay, its tasks, and the visits it asks for."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOpened:
    """The patient is followed up by this template version. FHIR CarePlan."""

    type: ClassVar = "followup.plan-opened.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("plan", "plan_id")

    plan_id: UUID
    patient_id: UUID
    stay_id: UUID
    template: str
    template_version: str
    opened_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDue:
    """A step of the plan is to be done now. FHIR Task, status ready."""

    type: ClassVar = "followup.task-due.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("plan", "plan_id")

    task_id: UUID
    plan_id: UUID
    patient_id: UUID
    step: str
    due_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCompleted:
    """The patient was contacted; `outcome` is the code of what came of it."""

    type: ClassVar = "followup.task-completed.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("plan", "plan_id")

    task_id: UUID
    plan_id: UUID
    patient_id: UUID
    outcome: str
    completed_at: datetime
    aggregate_version: int


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanClosed:
    """No more steps will come. `reason` is a code: completed, deceased, readmitted, superseded, moved, refused."""

    type: ClassVar = "followup.plan-closed.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("plan", "plan_id")

    plan_id: UUID
    patient_id: UUID
    reason: str
    closed_at: datetime
    aggregate_version: int


MESSAGES = (PlanOpened, TaskDue, TaskCompleted, VisitRequested, PlanClosed)
