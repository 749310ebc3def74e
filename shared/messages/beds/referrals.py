"""Two-way referral (双向转诊): patients who come from a partner, and patients who go on to a community bed.

A partner's letter and the rehabilitation plan are named by reference; neither travels.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralAccepted:
    """A partner's patient is taken: registration writes the admission request, whose id is the referral's.

    The fields are those of an admission request; `admit_on` is the day for which a bed was promised.
    """

    type: ClassVar = "beds.referral-accepted.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("referral", "referral_id")

    referral_id: UUID
    patient_id: UUID
    partner_id: str
    specialty: str
    campus_id: str
    reachable_campuses: tuple[str, ...]
    immediate: bool
    diagnosis_code: str | None
    procedure_code: str | None
    drg: str | None
    drg_version: str | None
    rw: float | None
    level4: bool
    department_cmi: float
    needs: tuple[str, ...]
    isolation: str
    expected_days: int
    admit_on: date
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralRefused:
    """A partner's patient cannot be taken; `alternative_partner_id` is where else to ask."""

    type: ClassVar = "beds.referral-refused.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("referral", "referral_id")

    referral_id: UUID
    patient_id: UUID
    partner_id: str
    reason: str
    alternative_partner_id: str | None
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralOutSent:
    """A community hospital is asked to take a patient with a rehabilitation plan; it answers by `answer_due_at`."""

    type: ClassVar = "beds.referral-out-sent.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("referral", "referral_id")

    referral_id: UUID
    patient_id: UUID
    stay_id: UUID
    partner_id: str
    diagnosis_code: str | None
    rehabilitation_codes: tuple[str, ...]
    plan_reference: str
    wanted_on: date
    answer_due_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralOutAnswered:
    """The community hospital has accepted, with the day from which it has a bed, or refused, with a reason."""

    type: ClassVar = "beds.referral-out-answered.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("referral", "referral_id")

    referral_id: UUID
    patient_id: UUID
    stay_id: UUID
    partner_id: str
    accepted: bool
    bed_on: date | None
    reason: str | None
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralOutCancelled:
    """The patient is not to be taken any more."""

    type: ClassVar = "beds.referral-out-cancelled.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("referral", "referral_id")

    referral_id: UUID
    patient_id: UUID
    partner_id: str
    aggregate_version: int


MESSAGES = (
    ReferralAccepted,
    ReferralRefused,
    ReferralOutSent,
    ReferralOutAnswered,
    ReferralOutCancelled,
)
