"""Exams that are planned together: held, booked, moved, given back, done; and those that precede an admission.

An exam order for an admission has the id of the admission request.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamPlanHeld:
    """All devices of a plan are kept for a patient until `held_until`."""

    type: ClassVar = "registration.exam-plan-held.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("exam-order", "order_id")

    order_id: UUID
    patient_id: UUID
    item_codes: tuple[str, ...]
    visits: int
    first_starts_at: datetime
    last_ends_at: datetime
    held_until: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamPlanBooked:
    """A plan is the patient's: `item_codes` in the order of time, in `visits` comings to `campus_ids`.

    `visits_before`: when the visits were to begin that the plan before asked for.
    """

    type: ClassVar = "registration.exam-plan-booked.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("exam-order", "order_id")

    order_id: UUID
    patient_id: UUID
    item_codes: tuple[str, ...]
    campus_ids: tuple[str, ...]
    visits: int
    first_starts_at: datetime
    last_ends_at: datetime
    aggregate_version: int
    visits_before: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamPlanChanged:
    """One exam of a plan has another place; the others stay as they were.

    `visits_before`: when the visits were to begin that the plan before asked for.
    """

    type: ClassVar = "registration.exam-plan-changed.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("exam-order", "order_id")

    order_id: UUID
    patient_id: UUID
    item_code: str
    campus_id: str
    starts_at: datetime
    previous_starts_at: datetime
    aggregate_version: int
    visits_before: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamPlanCancelled:
    """The devices are free again. `reason` is a code: patient, hospital, deceased, expired, bed-given-back.

    `visits_before`: when the visits were to begin that the plan asked for; none where it was not booked.
    """

    type: ClassVar = "registration.exam-plan-cancelled.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("exam-order", "order_id")

    order_id: UUID
    patient_id: UUID
    reason: str
    aggregate_version: int
    visits_before: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamDone:
    """One exam of a plan was done; `reading_campus_id` is where it is read and reported."""

    type: ClassVar = "registration.exam-done.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("exam-order", "order_id")

    order_id: UUID
    patient_id: UUID
    item_code: str
    campus_id: str
    reading_campus_id: str
    done_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionExamsBooked:
    """All `exams` that an admission request asks for have their places, the last one over at `last_ends_at` (BED-7).

    None, over since then, where recognised results stand for all that were left.
    """

    type: ClassVar = "registration.admission-exams-booked.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("exam-order", "request_id")

    request_id: UUID
    patient_id: UUID
    exams: int
    last_ends_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionExamsUnplanned:
    """The exams of an admission request have no places; a person must see to it (BED-7).

    `reason` is a code: no-plan (nothing fits before the end of the admission day), places-taken, or what planning lacks
    (network-missing, item-unknown).
    """

    type: ClassVar = "registration.admission-exams-unplanned.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("exam-order", "request_id")

    request_id: UUID
    patient_id: UUID
    exams: int
    reason: str
    aggregate_version: int


MESSAGES = (
    ExamPlanHeld,
    ExamPlanBooked,
    ExamPlanChanged,
    ExamPlanCancelled,
    ExamDone,
    AdmissionExamsBooked,
    AdmissionExamsUnplanned,
)
