"""What is to be cleaned, and what has been."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CleaningRequested:
    """A bed is to be cleaned by `due_at`. `kind`: turnover, terminal or isolation, from the lightest to the strongest.

    Said again, with the next version, when a task has become a stronger one.
    """

    type: ClassVar = "beds.cleaning-requested.v1"
    key: ClassVar = "bed_id"
    subject: ClassVar = ("cleaning", "task_id")

    task_id: UUID
    bed_id: str
    ward_id: str
    kind: str
    requested_at: datetime
    due_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CleaningDone:
    """The bed is clean. `started_at` is None where nobody said when it began."""

    type: ClassVar = "beds.cleaning-done.v1"
    key: ClassVar = "bed_id"
    subject: ClassVar = ("cleaning", "task_id")

    task_id: UUID
    bed_id: str
    ward_id: str
    kind: str
    requested_at: datetime
    due_at: datetime
    started_at: datetime | None
    done_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CleaningCancelled:
    """Nobody needs to come: the patient has the bed again, or another task has taken the place of this one."""

    type: ClassVar = "beds.cleaning-cancelled.v1"
    key: ClassVar = "bed_id"
    subject: ClassVar = ("cleaning", "task_id")

    task_id: UUID
    bed_id: str
    ward_id: str
    cancelled_at: datetime
    aggregate_version: int


MESSAGES = (
    CleaningRequested,
    CleaningDone,
    CleaningCancelled,
)
