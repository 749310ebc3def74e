"""What a stay costs and what has been paid on account."""

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
class AccountVoided:
    """The admission does not count and nothing stands on the account: it takes nothing until the patient comes."""

    type: ClassVar = "discharge.account-voided.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("account", "stay_id")

    stay_id: UUID
    patient_id: UUID
    voided_at: datetime
    aggregate_version: int


MESSAGES = (
    AccountOpened,
    ChargePosted,
    DepositReceived,
    AccountVoided,
)
