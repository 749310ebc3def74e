"""Which beds are promised from a date on."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class BedPlanned:
    """A bed is promised to a waiting patient from `from_at` until `until_at`."""

    type: ClassVar = "beds.bed-planned.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("plan", "plan_id")

    plan_id: UUID
    request_id: UUID
    patient_id: UUID
    bed_id: str
    ward_id: str
    from_at: datetime
    until_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BedPlanEnded:
    """The promise is over. `outcome`: kept (the bed is reserved now), or cancelled (the patient waits as before)."""

    type: ClassVar = "beds.bed-plan-ended.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("plan", "plan_id")

    plan_id: UUID
    request_id: UUID
    patient_id: UUID
    bed_id: str
    outcome: str
    ended_at: datetime
    aggregate_version: int


MESSAGES = (
    BedPlanned,
    BedPlanEnded,
)
