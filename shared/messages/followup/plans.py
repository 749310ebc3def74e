"""What is planned for a patient after a stay, and what falls due."""

from dataclasses import dataclass
from datetime import datetime
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


MESSAGES = (
    PlanOpened,
    TaskDue,
    PlanClosed,
)
