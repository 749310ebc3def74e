"""What the discharge service tells the others: the account of a stay, its settlement, and that the patient has left.

Money is integer fen. Every event belongs to the account, whose id is the stay's.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOpened:
    """Charges and deposits of the stay are taken from now on."""

    type: ClassVar = "discharge.account-opened.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("account", "stay_id")

    stay_id: UUID
    patient_id: UUID
    opened_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargePosted:
    """A fee line stands on the account. `line_class` 01 甲, 02 乙, 03 丙; a return is negative."""

    type: ClassVar = "discharge.charge-posted.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("account", "stay_id")

    stay_id: UUID
    patient_id: UUID
    charge_id: UUID
    item_code: str
    line_class: str
    amount_fen: int
    posted_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositReceived:
    """The patient has paid in advance. `channel` is how: cash, card, wechat, alipay."""

    type: ClassVar = "discharge.deposit-received.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("account", "stay_id")

    stay_id: UUID
    patient_id: UUID
    payment_id: UUID
    amount_fen: int
    channel: str
    received_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DischargeOrdered:
    """The patient is medically discharged. `blockers` are the codes of what stands in the way of settling."""

    type: ClassVar = "discharge.discharge-ordered.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("account", "stay_id")

    stay_id: UUID
    patient_id: UUID
    disposition: str
    blockers: tuple[str, ...]
    ordered_at: datetime
    aggregate_version: int


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientLeft:
    """The patient has left the ward. `disposition` in FHIR words: home, other-hcf, rehab, aadvice, exp (died)."""

    type: ClassVar = "discharge.patient-left.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("account", "stay_id")

    stay_id: UUID
    patient_id: UUID
    disposition: str
    left_at: datetime
    aggregate_version: int


MESSAGES = (
    AccountOpened,
    ChargePosted,
    DepositReceived,
    DischargeOrdered,
    Presettled,
    SettlementConfirmed,
    Settled,
    Refunded,
    PatientLeft,
)
