"""Who is to be admitted (入院证)."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionRequested:
    """A clinician has written an admission request (入院证, BED-2). Its id stays the id of the stay that follows.

    `source` is clinic, emergency, referral or day-surgery; `triage` 1-4 for emergencies; `admission_class` A, B, C
    (elective: 30, 90, 365 days), day, transfer or emergency; `rw` is null where the DRG is not known yet, and a `drg`
    has the version of its grouper. `wanted_ward_id` is a wish, not a rule.
    """

    type: ClassVar = "registration.admission-requested.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("admission-request", "request_id")

    request_id: UUID
    patient_id: UUID
    source: str
    specialty: str
    campus_id: str
    reachable_campuses: tuple[str, ...]
    sex: str
    age_years: int
    triage: int | None
    admission_class: str
    immediate: bool
    diagnosis_code: str | None
    procedure_code: str | None
    drg: str | None
    drg_version: str | None
    rw: float | None
    level4: bool
    department_cmi: float
    social_points: float
    needs: tuple[str, ...]
    isolation: str
    expected_days: int
    requested_at: datetime
    aggregate_version: int
    wanted_ward_id: str | None = None


MESSAGES = (AdmissionRequested,)
