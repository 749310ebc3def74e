"""The rules at the bedside: what each step needs, what it changes, and what it tells. Values in, values out.

Invariants: what is settled is what was signed; cash = deposit - refund + what is paid at the bedside; a refund goes
back the way its deposit came.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.discharge.accounts.model import Account, AccountState, Deposit
from services.discharge.clearance.model import Clearance, in_the_way
from services.discharge.insurance.model import CentreSettlement, Figures
from services.discharge.ledger import model as ledger
from services.discharge.ledger.model import Entry, Payment
from services.discharge.settlement.case_file import to_json
from services.discharge.settlement.quote import Quote, bill_of
from services.discharge.settlement.stages import (
    ASKING,
    FEES_CHANGED,
    PATIENCE,
    Confirm,
    Pay,
    Reason,
    Settlement,
    Stage,
    ledger_bill,
)
from shared.decision import Refused
from shared.messages.discharge.clearance import PatientLeft
from shared.messages.discharge.settlement import Presettled, Refunded, Settled, SettlementConfirmed

NOT_PRESETTLED = Refused(reason=Reason.NOT_PRESETTLED, remedy="presettle first")
NOT_CONFIRMED = Refused(reason=Reason.NOT_CONFIRMED, remedy="let the patient confirm the presettlement first")
NOT_SETTLED = Refused(reason=Reason.NOT_SETTLED, remedy="settle first")
UNDER_WAY = Refused(reason=Reason.SETTLING, remedy="read the settlement until the centre's answer is known")
SETTLED = Refused(reason=Reason.SETTLED, remedy="nothing is left to settle; read the settlement")


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """How a bill and the deposits come together, in fen: a refund, or something to pay, or neither."""

    deposit_fen: int
    refunds: tuple[Payment, ...]
    to_pay_fen: int

    @property
    def refund_fen(self) -> int:
        """What goes back in all."""
        return sum(payment.amount_fen for payment in self.refunds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What settling comes to: the settlement, its journal with the id that each entry tells of, and the events."""

    settlement: Settlement
    account: Account
    refunds: tuple[Payment, ...]
    entries: tuple[tuple[UUID, Entry], ...]
    events: tuple[Settled | Refunded, ...]


def money(figures: Figures, deposits: Sequence[Deposit]) -> Money:
    """The latest deposit goes back first, by its own channel."""
    bill = ledger_bill(figures)
    paid = [Payment(payment_id=one.payment_id, channel=one.channel, amount_fen=one.amount_fen) for one in deposits]
    return Money(
        deposit_fen=sum(payment.amount_fen for payment in paid),
        refunds=ledger.refunds(bill, paid),
        to_pay_fen=ledger.to_pay_fen(bill, paid),
    )


def unready(account: Account, clearance: Clearance) -> Refused | None:
    """Why the stay cannot be presettled now; None when it can."""
    if account.state is AccountState.SETTLING:
        return UNDER_WAY
    if account.state in (AccountState.SETTLED, AccountState.LEFT):
        return SETTLED
    return in_the_way(clearance)


def presettle(
    settlement_id: UUID,
    attempt: int,
    quote: Quote,
    deposits: Sequence[Deposit],
    *,
    first_screen_at: datetime,
    now: datetime,
) -> Settlement:
    """The settlement as the patient is shown it."""
    expected = money(quote.figures, deposits)
    pack = quote.answer.packs[0]
    return Settlement(
        settlement_id=settlement_id,
        stay_id=quote.stand.account.stay_id,
        patient_id=quote.stand.account.patient_id,
        attempt=attempt,
        stage=Stage.PRESETTLED,
        snapshot=quote.stand.snapshot,
        lines=len(quote.stand.charges),
        pack=pack.name,
        pack_version=pack.version,
        calculator_agrees=quote.calculator_agrees,
        case=to_json(quote.case),
        figures=quote.figures,
        bill=bill_of(quote.stand, quote.visit),
        deposit_fen=expected.deposit_fen,
        refund_fen=expected.refund_fen,
        to_pay_fen=expected.to_pay_fen,
        first_screen_at=first_screen_at,
        presettled_at=now,
    )


def presettled(account: Account, settlement: Settlement) -> Presettled:
    """The event, with the account's version."""
    return Presettled(
        stay_id=settlement.stay_id,
        patient_id=settlement.patient_id,
        settlement_id=settlement.settlement_id,
        snapshot=settlement.snapshot,
        lines_total_fen=settlement.figures.medfee_sumamt_fen,
        fund_pay_fen=settlement.figures.fund_pay_sumamt_fen,
        patient_pay_fen=settlement.figures.psn_part_amt_fen,
        presettled_at=settlement.presettled_at,
        aggregate_version=account.version,
    )


def confirm(
    settlement: Settlement, account: Account, command: Confirm, fees: str, now: datetime
) -> tuple[Settlement, Account, SettlementConfirmed] | Refused:
    """The patient signs. `fees` is the hash of the fee lines as they are now."""
    if settlement.stage in ASKING:
        return UNDER_WAY
    if settlement.stage is Stage.SETTLED:
        return SETTLED
    if settlement.snapshot != command.snapshot:
        return Refused(reason=Reason.SNAPSHOT_DIFFERS, remedy="show the patient the latest presettlement")
    if settlement.snapshot != fees:
        return FEES_CHANGED
    confirmed, account = settlement.next(Stage.CONFIRMED, confirmed_at=now), account.told()
    event = SettlementConfirmed(
        stay_id=settlement.stay_id,
        patient_id=settlement.patient_id,
        settlement_id=settlement.settlement_id,
        snapshot=settlement.snapshot,
        confirmed_at=now,
        aggregate_version=account.version,
    )
    return confirmed, account, event


def begin(settlement: Settlement, clearance: Clearance, fees: str, msgid: str, now: datetime) -> Settlement | Refused:
    """Store the msgid of the one 2304 that this settlement will ever send, unless it has been asked for already."""
    if settlement.stage in ASKING or settlement.stage is Stage.SETTLED:
        return settlement
    if settlement.stage is not Stage.CONFIRMED:
        return NOT_CONFIRMED
    if refusal := in_the_way(clearance):
        return refusal
    if settlement.snapshot != fees:
        return FEES_CHANGED
    return settlement.next(Stage.SETTLING, msgid=msgid, resolve_at=now + PATIENCE)


def settle(
    settlement: Settlement, account: Account, centre: CentreSettlement, deposits: Sequence[Deposit], now: datetime
) -> Done | None:
    """The centre has settled. None when this settlement is being reversed, or over: then it is not to be booked."""
    if settlement.stage not in (Stage.SETTLING, Stage.UNKNOWN):
        return None
    parts = money(centre.figures, deposits)
    settled = settlement.next(
        Stage.SETTLED,
        figures=centre.figures,
        calculator_agrees=settlement.calculator_agrees and centre.figures == settlement.figures,
        setl_id=centre.setl_id,
        settled_at=now,
        deposit_fen=parts.deposit_fen,
        refund_fen=parts.refund_fen,
        to_pay_fen=parts.to_pay_fen,
    )
    account = account.told().moved(AccountState.SETTLED)
    events: list[Settled | Refunded] = [_settled(settled, account, now)]
    for payment in parts.refunds:
        account = account.told()
        events.append(_refunded(settled, account, payment, now))
    booked = (settled.settlement_id, ledger.settlement(settled.ledger_bill, parts.deposit_fen))
    back = ((payment.payment_id, ledger.refund(payment)) for payment in parts.refunds)
    return Done(
        settlement=settled, account=account, refunds=parts.refunds, entries=(booked, *back), events=tuple(events)
    )


def pay(settlement: Settlement, command: Pay) -> tuple[Settlement, Payment] | Refused:
    """Take what is due, or a part of it."""
    if settlement.stage is not Stage.SETTLED:
        return NOT_SETTLED
    if command.amount_fen > settlement.unpaid_fen:
        return Refused(reason=Reason.PAYMENT_TOO_LARGE, remedy="take no more than what the settlement says is unpaid")
    paid = settlement.paid_at_bedside_fen + command.amount_fen
    payment = Payment(payment_id=command.payment_id, channel=command.channel, amount_fen=command.amount_fen)
    return settlement.next(Stage.SETTLED, paid_at_bedside_fen=paid), payment


def leave(
    account: Account, settlement: Settlement | None, clearance: Clearance, now: datetime
) -> tuple[Account, PatientLeft] | Refused:
    """The patient leaves the ward, settled and paid."""
    if account.state is AccountState.LEFT:
        return Refused(reason=Reason.ALREADY_LEFT, remedy="nothing is left to do")
    if settlement is None or settlement.stage is not Stage.SETTLED or clearance.order is None:
        return NOT_SETTLED
    if settlement.unpaid_fen:
        return Refused(reason=Reason.UNPAID, remedy="take the payment that the settlement says is unpaid first")
    account = replace(account.told().moved(AccountState.LEFT), left_at=now)
    return account, PatientLeft(
        stay_id=account.stay_id,
        patient_id=account.patient_id,
        disposition=clearance.order.disposition,
        left_at=now,
        aggregate_version=account.version,
    )


def _settled(settlement: Settlement, account: Account, now: datetime) -> Settled:
    figures = settlement.figures
    return Settled(
        stay_id=settlement.stay_id,
        patient_id=settlement.patient_id,
        settlement_id=settlement.settlement_id,
        pack=settlement.pack,
        pack_version=settlement.pack_version,
        lines_total_fen=figures.medfee_sumamt_fen,
        in_scope_fen=figures.inscp_scp_amt_fen,
        fund_pay_fen=figures.fund_pay_sumamt_fen,
        patient_pay_fen=figures.psn_part_amt_fen,
        account_pay_fen=figures.acct_pay_fen,
        cash_fen=figures.psn_cash_pay_fen,
        settled_at=now,
        aggregate_version=account.version,
    )


def _refunded(settlement: Settlement, account: Account, payment: Payment, now: datetime) -> Refunded:
    return Refunded(
        stay_id=settlement.stay_id,
        patient_id=settlement.patient_id,
        settlement_id=settlement.settlement_id,
        payment_id=payment.payment_id,
        amount_fen=payment.amount_fen,
        channel=payment.channel,
        refunded_at=now,
        aggregate_version=account.version,
    )
