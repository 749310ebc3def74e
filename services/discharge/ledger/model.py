"""The journal of a stay as double entry in integer fen.

An entry is a list of moves, each from one account to another, so it balances by construction and cannot be written
otherwise. Nothing is ever changed: a correction is the reversal of an entry, and then a new one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Account(StrEnum):
    """The accounts of the hospital's side of a stay; the last four are the channels that money comes and goes by."""

    PATIENT_RECEIVABLE = "patient-receivable"
    REVENUE = "revenue"
    DEPOSIT_LIABILITY = "deposit-liability"
    FUND_RECEIVABLE = "fund-receivable"
    PERSONAL_ACCOUNT_RECEIVABLE = "personal-account-receivable"
    INSURER_RECEIVABLE = "insurer-receivable"
    CASH = "cash"
    CARD = "card"
    WECHAT = "wechat"
    ALIPAY = "alipay"


class EntryKind(StrEnum):
    """What happened; a reversal undoes an entry of any other kind."""

    CHARGE = "charge"
    DEPOSIT = "deposit"
    SETTLEMENT = "settlement"
    BEDSIDE_PAYMENT = "bedside-payment"
    REFUND = "refund"
    REVERSAL = "reversal"


class Channel(StrEnum):
    """How a patient pays and is refunded."""

    CASH = "cash"
    CARD = "card"
    WECHAT = "wechat"
    ALIPAY = "alipay"

    @property
    def account(self) -> Account:
        """Where this channel's money lies."""
        return Account(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """`amount_fen` debited to one account and credited to another; never negative, never nothing."""

    debit: Account
    credit: Account
    amount_fen: int

    def __post_init__(self) -> None:
        """Refuse what is no move: it would hide a wrong sign or a wrong account."""
        if self.amount_fen <= 0:
            raise ValueError(f"amount_fen: {self.amount_fen} is no move; give more than 0, or swap debit and credit")
        if self.debit is self.credit:
            raise ValueError(f"credit: {self.credit} is debited too; name another account")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One happening in the journal. `payment_id` ties a deposit and its refunds to the original payment."""

    kind: EntryKind
    moves: tuple[Move, ...]
    payment_id: UUID | None = None
    reversal_of: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that the patient paid by one channel, or that goes back by it."""

    payment_id: UUID
    channel: Channel
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A settlement as the ledger needs it: who pays the fees. Supplementary insurance is settled after 2304."""

    medfee_sumamt_fen: int
    fund_pay_sumamt_fen: int
    acct_pay_fen: int
    insurer_pay_fen: int = 0

    def __post_init__(self) -> None:
        """Refuse shares below zero and shares that exceed the fees."""
        for field in ("fund_pay_sumamt_fen", "acct_pay_fen", "insurer_pay_fen"):
            if getattr(self, field) < 0:
                raise ValueError(f"{field}: {getattr(self, field)} is negative; give fen, 0 or more")
        if self.due_fen < 0:
            raise ValueError(f"medfee_sumamt_fen: {self.medfee_sumamt_fen} is less than what is paid of it")

    @property
    def due_fen(self) -> int:
        """What the patient pays: first out of the deposit, the rest at the bedside."""
        return self.medfee_sumamt_fen - self.fund_pay_sumamt_fen - self.acct_pay_fen - self.insurer_pay_fen


def charge(amount_fen: int) -> Entry:
    """A fee line; a return has a negative amount and goes the other way. A line of 0.00 moves nothing."""
    if amount_fen < 0:
        moves = _moves((Account.REVENUE, Account.PATIENT_RECEIVABLE, -amount_fen))
    else:
        moves = _moves((Account.PATIENT_RECEIVABLE, Account.REVENUE, amount_fen))
    return Entry(kind=EntryKind.CHARGE, moves=moves)


def deposit(payment: Payment) -> Entry:
    """Money paid in advance: the hospital owes it to the patient."""
    move = Move(debit=payment.channel.account, credit=Account.DEPOSIT_LIABILITY, amount_fen=payment.amount_fen)
    return Entry(kind=EntryKind.DEPOSIT, moves=(move,), payment_id=payment.payment_id)


def settlement(bill: Bill, deposit_fen: int) -> Entry:
    """Funds, personal account, insurer and as much of the deposit as is due clear the patient's receivable."""
    receivable = Account.PATIENT_RECEIVABLE
    moves = _moves(
        (Account.FUND_RECEIVABLE, receivable, bill.fund_pay_sumamt_fen),
        (Account.PERSONAL_ACCOUNT_RECEIVABLE, receivable, bill.acct_pay_fen),
        (Account.INSURER_RECEIVABLE, receivable, bill.insurer_pay_fen),
        (Account.DEPOSIT_LIABILITY, receivable, min(bill.due_fen, deposit_fen)),
    )
    return Entry(kind=EntryKind.SETTLEMENT, moves=moves)


def bedside_payment(payment: Payment) -> Entry:
    """What the deposit did not cover, paid at the bedside."""
    move = Move(debit=payment.channel.account, credit=Account.PATIENT_RECEIVABLE, amount_fen=payment.amount_fen)
    return Entry(kind=EntryKind.BEDSIDE_PAYMENT, moves=(move,), payment_id=payment.payment_id)


def refund(payment: Payment) -> Entry:
    """Deposit that was not needed goes back by the channel of the payment it came with."""
    move = Move(debit=Account.DEPOSIT_LIABILITY, credit=payment.channel.account, amount_fen=payment.amount_fen)
    return Entry(kind=EntryKind.REFUND, moves=(move,), payment_id=payment.payment_id)


def reversal(entry: Entry, entry_id: UUID) -> Entry:
    """Undoes the entry `entry_id` move by move. Raises `ValueError` for a reversal, which is never reversed."""
    if entry.kind is EntryKind.REVERSAL:
        raise ValueError("entry: a reversal is never reversed; write the entry anew")
    moves = tuple(Move(debit=move.credit, credit=move.debit, amount_fen=move.amount_fen) for move in entry.moves)
    return Entry(kind=EntryKind.REVERSAL, moves=moves, payment_id=entry.payment_id, reversal_of=entry_id)


def to_pay_fen(bill: Bill, deposits: Iterable[Payment]) -> int:
    """What the deposits leave to pay at the bedside, in fen; 0 when they are enough."""
    return max(0, bill.due_fen - sum(payment.amount_fen for payment in deposits))


def refunds(bill: Bill, deposits: Sequence[Payment]) -> tuple[Payment, ...]:
    """What goes back, each part by the channel of its original payment; the latest payment goes back first."""
    left = max(0, sum(payment.amount_fen for payment in deposits) - bill.due_fen)
    back = []
    for payment in reversed(deposits):
        if part := min(left, payment.amount_fen):
            back.append(Payment(payment_id=payment.payment_id, channel=payment.channel, amount_fen=part))
            left -= part
    return tuple(back)


def entries_for(bill: Bill, deposits: Sequence[Payment], bedside: Payment | None) -> tuple[Entry, ...]:
    """The journal of settling a stay whose charges and deposits stand already.

    `bedside` is what the patient pays now, exactly `to_pay_fen`; None when the deposits are enough.
    Raises `ValueError`, naming `bedside`, when it is more or less than that.
    """
    paid, due = (bedside.amount_fen if bedside else 0), to_pay_fen(bill, deposits)
    if paid != due:
        raise ValueError(f"bedside: {paid} fen are paid and {due} are due; take exactly what is due")
    entries = [settlement(bill, sum(payment.amount_fen for payment in deposits))]
    if bedside is not None:
        entries.append(bedside_payment(bedside))
    return (*entries, *(refund(payment) for payment in refunds(bill, deposits)))


def balances(entries: Iterable[Entry]) -> dict[Account, int]:
    """Debits less credits of each account that was touched, in fen; together they are always 0."""
    sums: dict[Account, int] = {}
    for entry in entries:
        for move in entry.moves:
            sums[move.debit] = sums.get(move.debit, 0) + move.amount_fen
            sums[move.credit] = sums.get(move.credit, 0) - move.amount_fen
    return sums


def _moves(*sides: tuple[Account, Account, int]) -> tuple[Move, ...]:
    return tuple(Move(debit=debit, credit=credit, amount_fen=fen) for debit, credit, fen in sides if fen)
