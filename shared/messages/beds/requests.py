"""Who waits for a bed."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionQueued:
    """The patient waits for a bed. `tier` 0 goes before everybody of tier 1.

    `admission_class` is A, B, C, day, transfer or emergency; null in what was said before it was told.
    """

    type: ClassVar = "beds.admission-queued.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("request", "request_id")

    request_id: UUID
    patient_id: UUID
    specialty: str
    campus_id: str
    tier: int
    queued_at: datetime
    aggregate_version: int
    admission_class: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionWithdrawn:
    """The patient waits for a bed no more and will not be admitted.

    `reason` is a code: patient-wish, admitted-elsewhere, no-longer-needed, not-reachable.
    """

    type: ClassVar = "beds.admission-withdrawn.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("request", "request_id")

    request_id: UUID
    patient_id: UUID
    reason: str
    withdrawn_at: datetime
    aggregate_version: int


MESSAGES = (
    AdmissionQueued,
    AdmissionWithdrawn,
)
