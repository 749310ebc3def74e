"""Referrals of partner hospitals into the places that are kept for them."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralPlaced:
    """A referred patient has an appointment. `urgency` is urgent, soon or routine."""

    type: ClassVar = "registration.referral-placed.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("referral", "referral_id")

    referral_id: UUID
    patient_id: UUID
    partner_id: str
    specialty: str
    urgency: str
    appointment_id: UUID
    slot_starts_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralWaiting:
    """There is no kept place by `due_at`, when one was promised; somebody looks for one. `reason` is a code."""

    type: ClassVar = "registration.referral-waiting.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("referral", "referral_id")

    referral_id: UUID
    patient_id: UUID
    partner_id: str
    specialty: str
    urgency: str
    reason: str
    due_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralClosed:
    """Nothing more is done about a referral. `reason` is partner, patient, deceased or not-needed."""

    type: ClassVar = "registration.referral-closed.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("referral", "referral_id")

    referral_id: UUID
    patient_id: UUID
    partner_id: str
    reason: str
    aggregate_version: int


MESSAGES = (
    ReferralPlaced,
    ReferralWaiting,
    ReferralClosed,
)
