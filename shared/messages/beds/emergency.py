"""How long an emergency patient has waited for a bed beside what is allowed."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyLimitNear:
    """The patient's time in the emergency room will soon be over. `room` is resuscitation or observation."""

    type: ClassVar = "beds.emergency-limit-near.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("boarding", "request_id")

    request_id: UUID
    patient_id: UUID
    room: str
    triage: int | None
    since: datetime
    limit_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyLimitPassed:
    """The patient has been in the emergency room for longer than is allowed, and has no bed yet."""

    type: ClassVar = "beds.emergency-limit-passed.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("boarding", "request_id")

    request_id: UUID
    patient_id: UUID
    room: str
    triage: int | None
    since: datetime
    limit_at: datetime
    aggregate_version: int


MESSAGES = (
    EmergencyLimitNear,
    EmergencyLimitPassed,
)
