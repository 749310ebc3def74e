"""Day surgery: planned as a whole, made a normal stay, or cancelled. A case has the id of its admission request."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySurgeryScheduled:
    """Exams, anaesthesia assessment, theatre and bed stand: the patient is expected at `arrive_at`.

    `theatre_from_at` is when the theatre's list begins, `leave_by` when the bed has to be left.
    """

    type: ClassVar = "beds.day-surgery-scheduled.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("day-surgery-case", "case_id")

    case_id: UUID
    patient_id: UUID
    theatre_id: str
    theatre_from_at: datetime
    bed_id: str
    arrive_at: datetime
    leave_by: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySurgeryConverted:
    """The case becomes a normal stay of another class. `admitted`: the patient lies in a day bed already."""

    type: ClassVar = "beds.day-surgery-converted.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("day-surgery-case", "case_id")

    case_id: UUID
    patient_id: UUID
    admission_class: str
    reason: str
    admitted: bool
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySurgeryCancelled:
    """The case will not be."""

    type: ClassVar = "beds.day-surgery-cancelled.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("day-surgery-case", "case_id")

    case_id: UUID
    patient_id: UUID
    reason: str
    aggregate_version: int


MESSAGES = (
    DaySurgeryScheduled,
    DaySurgeryConverted,
    DaySurgeryCancelled,
)
