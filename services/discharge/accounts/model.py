"""The rules of a stay's account: when it takes charges and deposits. What a fee line comes to is in `posting`.

Values in, the next account and its events out. Every event of discharge belongs to an account, so `version` rises by
one with each of them; whoever changes an account holds its row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from services.discharge.ledger.model import Channel
from shared.decision import Refused
from shared.messages.beds.stays import LeaveUndone, PatientAdmitted
from shared.messages.discharge.accounts import AccountOpened, AccountVoided, DepositReceived


class AccountState(StrEnum):
    """How far the stay is. While settling nothing can be added: what is settled is what was signed."""

    OPEN = "open"
    ORDERED = "ordered"
    SETTLING = "settling"
    SETTLED = "settled"
    LEFT = "left"


TAKING = frozenset({AccountState.OPEN, AccountState.ORDERED})


class LineClass(StrEnum):
    """The reimbursement class of a fee line (收费项目等级): 01 甲, 02 乙, 03 丙 or 自费."""

    FULL = "01"
    PARTIAL = "02"
    OWN = "03"


class Reason(StrEnum):
    """Why a command was refused."""

    ACCOUNT_SETTLING = "account-settling"
    ACCOUNT_SETTLED = "account-settled"
    CHARGE_EXISTS = "charge-exists"
    RETURN_WITHOUT_ORIGINAL = "return-without-original"
    RETURN_DIFFERS = "return-differs-from-original"
    RETURN_TOO_LARGE = "return-exceeds-original"
    PAYMENT_EXISTS = "payment-exists"
    ACCOUNT_VOIDED = "account-voided"
    NOT_CANCELLED = "admission-not-cancelled"
    MONEY_STANDS = "money-stands-on-account"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeLine:
    """A fee line as it is asked for. A return has a negative count and names the line that it returns."""

    charge_id: UUID
    item_code: str
    line_class: LineClass
    price_fen: int
    count: Decimal
    price_limit_fen: int | None
    preself_ratio: Decimal
    encounter_id: UUID | None
    charged_at: datetime | None
    return_of: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostCharges:
    """Put fee lines on the account, all or none."""

    stay_id: UUID
    lines: tuple[ChargeLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveDeposit:
    """The patient pays in advance."""

    stay_id: UUID
    payment_id: UUID
    channel: Channel
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A fee line that stands on the account, the `line_no`th. It is never changed; a correction is a return."""

    charge_id: UUID
    stay_id: UUID
    line_no: int
    item_code: str
    line_class: LineClass
    price_fen: int
    count: Decimal
    price_limit_fen: int | None
    preself_ratio: Decimal
    amount_fen: int
    encounter_id: UUID | None
    return_of: UUID | None
    charged_at: datetime
    posted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """Money paid in advance."""

    payment_id: UUID
    stay_id: UUID
    channel: Channel
    amount_fen: int
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How the patient is insured, as the register said it. `insutype` 310 employee, 390 resident."""

    patient_id: UUID
    insutype: str
    retired: bool
    low_income: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account of a stay; `lines` counts its fee lines.

    `admission_cancelled_at` is set while the admission does not count, `voided_at` from when nothing stands on the
    account and it takes nothing; a new admission under the same id ends both.
    """

    stay_id: UUID
    patient_id: UUID
    state: AccountState
    lines: int
    opened_at: datetime
    left_at: datetime | None
    admission_cancelled_at: datetime | None = None
    voided_at: datetime | None = None
    version: int

    def told(self) -> "Account":
        """The account after one more event about it."""
        return replace(self, version=self.version + 1)

    def moved(self, state: AccountState) -> "Account":
        """The account in another state."""
        return replace(self, state=state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An account with its sums."""

    account: Account
    charges_fen: int
    deposits_fen: int

    @property
    def is_empty(self) -> bool:
        """Whether neither charges nor deposits stand on it."""
        return self.charges_fen == self.deposits_fen == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All accounts together."""

    by_state: Mapping[str, int]
    charges: int
    charges_fen: int
    deposits: int
    deposits_fen: int


def open_account(admitted: PatientAdmitted) -> tuple[Account, AccountOpened]:
    """The patient lies in the bed: charges and deposits are taken from now on."""
    account = Account(
        stay_id=admitted.stay_id,
        patient_id=admitted.patient_id,
        state=AccountState.OPEN,
        lines=0,
        opened_at=admitted.admitted_at,
        left_at=None,
        version=1,
    )
    return account, AccountOpened(
        stay_id=account.stay_id,
        patient_id=account.patient_id,
        opened_at=account.opened_at,
        aggregate_version=account.version,
    )


def open_again(account: Account, admitted: PatientAdmitted) -> tuple[Account, AccountOpened | None] | None:
    """The patient whose admission was cancelled has come; None where it was not. Said where the account was voided."""
    if account.admission_cancelled_at is None:
        return None
    again = replace(account, opened_at=admitted.admitted_at, admission_cancelled_at=None, voided_at=None)
    if account.voided_at is None:
        return again, None
    again = again.told()
    return again, AccountOpened(
        stay_id=again.stay_id,
        patient_id=again.patient_id,
        opened_at=again.opened_at,
        aggregate_version=again.version,
    )


def cancel_admission(standing: Standing, now: datetime) -> tuple[Account, AccountVoided | None]:
    """The admission does not count: nothing on the account, it is voided; something on it, the back office has work."""
    account = replace(standing.account, admission_cancelled_at=now)
    return void(account, now) if standing.is_empty else (account, None)


def void_by_hand(standing: Standing, now: datetime) -> tuple[Account, AccountVoided] | Refused:
    """The back office has cleared the account of a cancelled admission."""
    account = standing.account
    if account.admission_cancelled_at is None or account.voided_at is not None:
        return Refused(reason=Reason.NOT_CANCELLED, remedy="void accounts that GET /accounts/cancelled lists only")
    if not standing.is_empty:
        remedy = "return every charge; a deposit goes back by a discharge order and the settlement"
        return Refused(reason=Reason.MONEY_STANDS, remedy=remedy)
    return void(account, now)


def void(account: Account, now: datetime) -> tuple[Account, AccountVoided]:
    """Nothing stands on the account and it takes nothing."""
    voided = replace(account.told(), voided_at=now)
    return voided, AccountVoided(
        stay_id=voided.stay_id, patient_id=voided.patient_id, voided_at=now, aggregate_version=voided.version
    )


def undo_leaving(account: Account, undone: LeaveUndone) -> Account | None:
    """The patient has not left: they leave again when they really do. None where nobody said here that they had."""
    if account.state is not AccountState.LEFT or account.left_at is None or account.left_at > undone.undone_at:
        return None
    return replace(account.moved(AccountState.SETTLED), left_at=None)


def closed(account: Account) -> Refused | None:
    """Why nothing can be added to the account; None when it can."""
    if account.voided_at is not None:
        return Refused(reason=Reason.ACCOUNT_VOIDED, remedy="the admission was cancelled: admit the patient first")
    if account.state in TAKING:
        return None
    if account.state is AccountState.SETTLING:
        return Refused(reason=Reason.ACCOUNT_SETTLING, remedy="wait for the centre's answer, then use a new key")
    return Refused(reason=Reason.ACCOUNT_SETTLED, remedy="ask the back office to void the settlement first")


def receive_deposit(
    account: Account, command: ReceiveDeposit, now: datetime
) -> tuple[Account, Deposit, DepositReceived] | Refused:
    """Take money in advance; after the settlement it is a payment, not a deposit."""
    if refusal := closed(account):
        return refusal
    account = account.told()
    deposit = Deposit(
        payment_id=command.payment_id,
        stay_id=account.stay_id,
        channel=command.channel,
        amount_fen=command.amount_fen,
        received_at=now,
    )
    received = DepositReceived(
        stay_id=account.stay_id,
        patient_id=account.patient_id,
        payment_id=deposit.payment_id,
        amount_fen=deposit.amount_fen,
        channel=deposit.channel,
        received_at=now,
        aggregate_version=account.version,
    )
    return account, deposit, received
