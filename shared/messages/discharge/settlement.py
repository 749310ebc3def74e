"""How a stay is settled, from the first proposal to the money that goes back."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Presettled:
    """What the patient would pay, for the fees whose hash is `snapshot`."""

    type: ClassVar = "discharge.presettled.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("account", "stay_id")

    stay_id: UUID
    patient_id: UUID
    settlement_id: UUID
    snapshot: str
    lines_total_fen: int
    fund_pay_fen: int
    patient_pay_fen: int
    presettled_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementConfirmed:
    """The patient has agreed to the fees whose hash is `snapshot`."""

    type: ClassVar = "discharge.settlement-confirmed.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("account", "stay_id")

    stay_id: UUID
    patient_id: UUID
    settlement_id: UUID
    snapshot: str
    confirmed_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The insurance centre has settled. fund + patient = lines total; account + cash = patient."""

    type: ClassVar = "discharge.settled.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("account", "stay_id")

    stay_id: UUID
    patient_id: UUID
    settlement_id: UUID
    pack: str
    pack_version: str
    lines_total_fen: int
    in_scope_fen: int
    fund_pay_fen: int
    patient_pay_fen: int
    account_pay_fen: int
    cash_fen: int
    settled_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refunded:
    """Part of a deposit has gone back the way it came."""

    type: ClassVar = "discharge.refunded.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("account", "stay_id")

    stay_id: UUID
    patient_id: UUID
    settlement_id: UUID
    payment_id: UUID
    amount_fen: int
    channel: str
    refunded_at: datetime
    aggregate_version: int


MESSAGES = (
    Presettled,
    SettlementConfirmed,
    Settled,
    Refunded,
)
