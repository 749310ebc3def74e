"""What a patient answers to the bed that is kept for them."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationAnswered:
    """The patient has said whether they come to the reserved bed. `answer` is confirmed or declined.

    `self_service`: by app, and not to somebody of the hospital.
    """

    type: ClassVar = "beds.reservation-answered.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("desk-entry", "request_id")

    request_id: UUID
    patient_id: UUID
    bed_id: str
    answer: str
    self_service: bool
    answered_at: datetime
    aggregate_version: int


MESSAGES = (ReservationAnswered,)
