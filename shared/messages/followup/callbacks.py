"""Calls to patients who wait for a bed."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBackDue:
    """Who waits for a bed is to be called now, at the latest by `late_at`; null `next_due_at`: no further call."""

    type: ClassVar = "followup.call-back-due.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("call-backs", "request_id")

    call_back_id: UUID
    request_id: UUID
    patient_id: UUID
    occurrence: int
    due_at: datetime
    late_at: datetime
    next_due_at: datetime | None
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBackRecorded:
    """Somebody has tried to call who waits for a bed. `status` ready: the call is still to be made.

    `outcome` is a code: reached, wants_to_wait, condition_worse, withdrawn_wish, dead, call_later, no_answer,
    wrong_number, unreachable.
    """

    type: ClassVar = "followup.call-back-recorded.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("call-backs", "request_id")

    call_back_id: UUID
    request_id: UUID
    patient_id: UUID
    outcome: str
    status: str
    recorded_at: datetime
    next_due_at: datetime | None
    aggregate_version: int


MESSAGES = (
    CallBackDue,
    CallBackRecorded,
)
