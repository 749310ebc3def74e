"""Who waits for a bed."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionQueued:
    """The patient waits for a bed. `tier` 0 goes before everybody of tier 1."""

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


MESSAGES = (AdmissionQueued,)
