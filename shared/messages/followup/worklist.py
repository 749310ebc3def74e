"""What became of a task."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


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


MESSAGES = (TaskCompleted,)
