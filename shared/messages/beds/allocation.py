"""Which bed a round suggests for whom."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class BedProposed:
    """A round suggests this bed; a coordinator accepts it, or the ward is automatic. Why: the beds service tells.

    `available_from`: somebody still lies there or it is being cleaned, and it can be accepted when it is free.
    """

    type: ClassVar = "beds.bed-proposed.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("request", "request_id")

    request_id: UUID
    patient_id: UUID
    bed_id: str
    ward_id: str
    score: float
    policy_version: str
    proposed_at: datetime
    aggregate_version: int
    available_from: datetime | None = None


MESSAGES = (BedProposed,)
