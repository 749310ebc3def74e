"""The rules of settling at the bedside, without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.discharge.accounts.model import Account, AccountState, Deposit
from services.discharge.clearance.model import Blocker, BlockerCode, Clearance, Disposition, Order, Owner
from services.discharge.insurance.model import BillToSettle, CentreSettlement, Figures
from services.discharge.ledger.model import Channel, balances
from services.discharge.settlement import bedside, stages
from services.discharge.settlement.quote import day_of
from services.discharge.settlement.stages import Confirm, Pay, Settlement, Stage
from shared.decision import Refused
from shared.messages.discharge.settlement import Refunded, Settled

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
STAY, PATIENT, SETTLEMENT, PAYMENT = (UUID(int=number) for number in range(1, 5))
SIGNED = "a" * 64
ORDER = Order(stay_id=STAY, disposition=Disposition.HOME, ordered_at=NOW)
CLEARED = Clearance(stay_id=STAY, order=ORDER, blockers=())
BILL = BillToSettle(psn_no="p", insutype="310", mdtrt_id="m", medfee_sumamt_fen=100_000, ended_on=date(2026, 3, 2))
FIELDS = Figures.__dataclass_fields__


def figures(cash_fen=100_000, account_fen=0, fund_fen=0):
    none = dict.fromkeys(FIELDS, 0)
    personal = cash_fen + account_fen
    return Figures(
        **{
            **none,
            "medfee_sumamt_fen": personal + fund_fen,
            "inscp_scp_amt_fen": personal + fund_fen,
            "hifp_pay_fen": fund_fen,
            "fund_pay_sumamt_fen": fund_fen,
            "psn_part_amt_fen": personal,
            "acct_pay_fen": account_fen,
            "psn_cash_pay_fen": cash_fen,
        }
    )


def attempt(stage=Stage.CONFIRMED, **changes):
    settlement = Settlement(
        settlement_id=SETTLEMENT,
        stay_id=STAY,
        patient_id=PATIENT,
        attempt=1,
        stage=stage,
        snapshot=SIGNED,
        lines=1,
        pack="beijing-employee",
        pack_version="1",
        calculator_agrees=True,
        case={},
        figures=figures(),
        bill=BillToSettle(
            psn_no="p", insutype="310", mdtrt_id="m", medfee_sumamt_fen=100_000, ended_on=date(2026, 3, 2)
        ),
        deposit_fen=0,
        refund_fen=0,
        to_pay_fen=100_000,
        first_screen_at=NOW,
        presettled_at=NOW,
    )
    return replace(settlement, **changes)


def account(state=AccountState.ORDERED):
    return Account(stay_id=STAY, patient_id=PATIENT, state=state, lines=1, opened_at=NOW, left_at=None, version=7)


def deposits(*amounts):
    return [
        Deposit(
            payment_id=UUID(int=100 + number),
            stay_id=STAY,
            channel=list(Channel)[number % 4],
            amount_fen=amount,
            received_at=NOW + timedelta(minutes=number),
        )
        for number, amount in enumerate(amounts)
    ]


def answer(**changes):
    return CentreSettlement(setl_id="S1", medins_setl_id="M1", figures=figures(**changes))


def test_what_is_settled_is_what_was_signed():
    begun = bedside.begin(attempt(), CLEARED, SIGNED, "M1", NOW)
    assert (begun.stage, begun.msgid, begun.sent_at) == (Stage.SETTLING, "M1", None)
    assert bedside.begin(attempt(), CLEARED, "b" * 64, "M1", NOW) is stages.FEES_CHANGED
    assert bedside.begin(attempt(Stage.PRESETTLED), CLEARED, SIGNED, "M1", NOW) is bedside.NOT_CONFIRMED


def test_a_blocker_stands_in_the_way_of_settling():
    blocker = Blocker(code=BlockerCode.UNRETURNED_MEDICINE, owner=Owner.WARD_NURSE, subject_id=PAYMENT)
    blocked = bedside.begin(attempt(), replace(CLEARED, blockers=(blocker,)), SIGNED, "M1", NOW)
    assert isinstance(blocked, Refused)
    assert blocked.reason == "blocked"


@pytest.mark.parametrize("stage", [*sorted(stages.ASKING), Stage.SETTLED])
def test_asking_again_gives_no_second_msgid(stage):
    asked = attempt(stage, msgid="M1")
    assert bedside.begin(asked, CLEARED, "changed", "M2", NOW) is asked


def test_the_sending_is_claimed_once():
    begun = bedside.begin(attempt(), CLEARED, SIGNED, "M1", NOW)
    claimed = stages.begin_sending(begun, NOW)
    assert claimed.sent_at == NOW
    assert stages.begin_sending(claimed, NOW) is None


def test_nothing_is_booked_once_a_reversal_has_begun():
    for stage in set(Stage) - {Stage.SETTLING, Stage.UNKNOWN}:
        assert bedside.settle(attempt(stage, msgid="M1"), account(), answer(), [], NOW) is None


STEPS = {
    "unanswered": lambda settlement: stages.unanswered(settlement, NOW),
    "never-sent": lambda settlement: stages.never_sent(settlement, NOW),
    "declined": lambda settlement: stages.declined(settlement, NOW),
    "not-found": lambda settlement: stages.begin_reversing(settlement, NOW),
    "reversed": lambda settlement: stages.reversed_for_good(settlement, NOW),
    "taken-up": lambda settlement: stages.take_up(settlement, NOW) if settlement.stage in stages.ASKING else None,
    "settled": lambda settlement: getattr(
        bedside.settle(settlement, account(AccountState.SETTLING), answer(), [], NOW), "settlement", None
    ),
}


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=12))
def test_whatever_comes_in_whatever_order_an_end_is_an_end(names):
    settlement = attempt(Stage.SETTLING, msgid="M1", sent_at=NOW, resolve_at=NOW)
    reversing = False
    for name in names:
        changed = STEPS[name](settlement)
        if changed is None:
            continue
        assert settlement.stage in stages.ASKING, "nothing follows an end"
        assert changed.version == settlement.version + 1
        assert (changed.resolve_at is not None) == (changed.stage in stages.ASKING)
        reversing = reversing or changed.stage is Stage.REVERSING
        assert not (reversing and changed.stage is Stage.SETTLED)
        settlement = changed


def test_the_recovery_looks_later_and_later():
    waiting = attempt(Stage.UNKNOWN, msgid="M1", resolve_at=NOW)
    pauses = []
    for _ in range(8):
        waiting = stages.take_up(waiting, NOW)
        pauses.append((waiting.resolve_at - NOW).total_seconds() / 60)
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]


def test_what_was_sent_without_an_answer_is_unknown_and_what_was_not_sent_is_not():
    assert stages.take_up(attempt(Stage.SETTLING, msgid="M1", sent_at=NOW), NOW).stage is Stage.UNKNOWN
    assert stages.take_up(attempt(Stage.SETTLING, msgid="M1"), NOW).stage is Stage.SETTLING


@given(
    st.integers(0, 10_000_000),
    st.integers(0, 1_000_000),
    st.integers(0, 1_000_000),
    st.lists(st.integers(1, 5_000_000), max_size=5),
)
def test_cash_is_deposit_less_refund_plus_what_is_to_be_paid(cash, from_account, fund, amounts):
    settling = attempt(Stage.SETTLING, msgid="M1")
    settled = answer(cash_fen=cash, account_fen=from_account, fund_fen=fund)
    done = bedside.settle(settling, account(AccountState.SETTLING), settled, deposits(*amounts), NOW)
    bill = done.settlement
    assert cash == bill.deposit_fen - bill.refund_fen + bill.to_pay_fen
    assert bill.refund_fen == 0 or bill.to_pay_fen == 0
    assert bill.refund_fen == sum(payment.amount_fen for payment in done.refunds)
    paid = {deposit.payment_id: deposit for deposit in deposits(*amounts)}
    assert all(paid[back.payment_id].channel is back.channel for back in done.refunds)
    assert all(paid[back.payment_id].amount_fen >= back.amount_fen for back in done.refunds)
    assert sum(balances(entry for _, entry in done.entries).values()) == 0
    assert [type(event) for event in done.events] == [Settled, *[Refunded] * len(done.refunds)]
    versions = [event.aggregate_version for event in done.events]
    assert versions == list(range(8, 8 + len(versions)))
    assert done.account.version == versions[-1]


def test_figures_that_differ_from_the_presettlement_are_marked():
    settling = attempt(Stage.SETTLING, msgid="M1", figures=figures(fund_fen=5))
    same = bedside.settle(settling, account(), answer(fund_fen=5), [], NOW).settlement
    other = bedside.settle(settling, account(), answer(fund_fen=6), [], NOW).settlement
    assert (same.calculator_agrees, other.calculator_agrees) == (True, False)


def test_no_more_is_taken_than_is_due():
    def pay(amount, settlement):
        return bedside.pay(settlement, Pay(stay_id=STAY, payment_id=PAYMENT, channel=Channel.CASH, amount_fen=amount))

    settled = attempt(Stage.SETTLED, paid_at_bedside_fen=40_000)
    assert pay(60_001, settled).reason == "payment-exceeds-due"
    assert pay(60_000, settled)[0].unpaid_fen == 0
    assert pay(1, attempt(Stage.CONFIRMED)) is bedside.NOT_SETTLED


def test_who_has_not_paid_does_not_leave():
    def leave(settlement, state=AccountState.SETTLED):
        return bedside.leave(account(state), settlement, CLEARED, NOW)

    assert leave(attempt(Stage.SETTLED)).reason == "unpaid"
    assert leave(None).reason == leave(attempt(Stage.CONFIRMED)).reason == "not-settled"
    left, event = leave(attempt(Stage.SETTLED, to_pay_fen=0))
    assert (left.state, left.left_at, left.version) == (AccountState.LEFT, NOW, 8)
    assert (event.disposition, event.aggregate_version) == ("home", 8)
    assert leave(attempt(Stage.SETTLED, to_pay_fen=0), AccountState.LEFT).reason == "already-left"


def test_a_patient_signs_the_latest_presettlement_of_the_latest_fees():
    def confirm(settlement, snapshot=SIGNED, fees=SIGNED):
        return bedside.confirm(settlement, account(), Confirm(stay_id=STAY, snapshot=snapshot), fees, NOW)

    confirmed, _, event = confirm(attempt(Stage.PRESETTLED))
    assert (confirmed.stage, confirmed.confirmed_at, event.aggregate_version) == (Stage.CONFIRMED, NOW, 8)
    assert confirm(attempt(Stage.PRESETTLED), snapshot="b" * 64).reason == "snapshot-differs"
    assert confirm(attempt(Stage.PRESETTLED), fees="b" * 64) is stages.FEES_CHANGED
    assert confirm(attempt(Stage.SETTLED)) is bedside.SETTLED
    assert confirm(attempt(Stage.UNKNOWN)) is bedside.UNDER_WAY


def test_the_day_of_a_stays_end_is_the_hospitals():
    assert day_of(datetime(2026, 12, 31, 16, tzinfo=UTC)) == date(2027, 1, 1)
    assert day_of(datetime(2026, 12, 31, 15, 59, tzinfo=UTC)) == date(2026, 12, 31)
