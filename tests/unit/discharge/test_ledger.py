"""The journal of a stay balances, and the worked example comes out to the fen."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.discharge.ledger.model import (
    Account,
    Bill,
    Channel,
    Entry,
    EntryKind,
    Move,
    Payment,
    balances,
    bedside_payment,
    charge,
    deposit,
    entries_for,
    refund,
    refunds,
    reversal,
    settlement,
    to_pay_fen,
)

FIRST, SECOND, BEDSIDE = (UUID(int=number) for number in (1, 2, 3))
LINES = (1_200_000, 800_000, 1_800_000, 600_000, 950_000, 80_000, 220_000, 133_333)
W1 = Bill(medfee_sumamt_fen=5_783_333, fund_pay_sumamt_fen=4_137_500, acct_pay_fen=200_000, insurer_pay_fen=476_666)


def paid(amount_fen, channel=Channel.WECHAT, payment_id=FIRST):
    return Payment(payment_id=payment_id, channel=channel, amount_fen=amount_fen)


def test_the_worked_example_clears_the_receivable_and_refunds_the_rest_of_the_deposit():
    advance = paid(1_200_000)
    settling = entries_for(W1, [advance], None)
    assert settling == (
        Entry(
            kind=EntryKind.SETTLEMENT,
            moves=(
                Move(debit=Account.FUND_RECEIVABLE, credit=Account.PATIENT_RECEIVABLE, amount_fen=4_137_500),
                Move(debit=Account.PERSONAL_ACCOUNT_RECEIVABLE, credit=Account.PATIENT_RECEIVABLE, amount_fen=200_000),
                Move(debit=Account.INSURER_RECEIVABLE, credit=Account.PATIENT_RECEIVABLE, amount_fen=476_666),
                Move(debit=Account.DEPOSIT_LIABILITY, credit=Account.PATIENT_RECEIVABLE, amount_fen=969_167),
            ),
        ),
        refund(paid(230_833)),
    )
    assert balances([*map(charge, LINES), deposit(advance), *settling]) == {
        Account.PATIENT_RECEIVABLE: 0,
        Account.REVENUE: -5_783_333,
        Account.FUND_RECEIVABLE: 4_137_500,
        Account.PERSONAL_ACCOUNT_RECEIVABLE: 200_000,
        Account.INSURER_RECEIVABLE: 476_666,
        Account.DEPOSIT_LIABILITY: 0,
        Account.WECHAT: 969_167,
    }


def test_what_the_deposit_does_not_cover_is_paid_at_the_bedside():
    advance, rest = paid(900_000), paid(69_167, Channel.ALIPAY, BEDSIDE)
    assert to_pay_fen(W1, [advance]) == 69_167
    found = entries_for(W1, [advance], rest)
    assert [entry.kind for entry in found] == [EntryKind.SETTLEMENT, EntryKind.BEDSIDE_PAYMENT]
    after = balances([charge(5_783_333), deposit(advance), *found])
    assert (after[Account.PATIENT_RECEIVABLE], after[Account.DEPOSIT_LIABILITY]) == (0, 0)
    assert after[Account.ALIPAY] == 69_167


@pytest.mark.parametrize("bedside", [None, paid(1), paid(69_168)], ids=["nothing", "too little", "too much"])
def test_a_bedside_payment_is_exactly_what_is_due(bedside):
    with pytest.raises(ValueError, match=r"bedside: .* 69167 are due"):
        entries_for(W1, [paid(900_000)], bedside)


def test_a_refund_goes_back_by_the_channel_of_its_payment_and_the_latest_payment_first():
    deposits = [paid(1_000_000, Channel.CARD, FIRST), paid(150_000, Channel.WECHAT, SECOND)]
    assert refunds(W1, deposits) == (paid(150_000, Channel.WECHAT, SECOND), paid(30_833, Channel.CARD, FIRST))


def test_a_return_goes_the_other_way():
    (move,) = charge(-500).moves
    assert move == Move(debit=Account.REVENUE, credit=Account.PATIENT_RECEIVABLE, amount_fen=500)


def test_a_line_of_nothing_moves_nothing():
    assert charge(0).moves == ()


def test_a_reversal_undoes_its_entry_and_names_it():
    entry, entry_id = settlement(W1, 1_200_000), UUID(int=9)
    undone = reversal(entry, entry_id)
    assert (undone.kind, undone.reversal_of) == (EntryKind.REVERSAL, entry_id)
    assert set(balances([entry, undone]).values()) == {0}


def test_a_reversal_is_never_reversed():
    with pytest.raises(ValueError, match="never reversed"):
        reversal(reversal(charge(1), FIRST), SECOND)


@pytest.mark.parametrize("amount", [0, -1])
def test_money_in_or_out_is_more_than_nothing(amount):
    for entry in (deposit, refund, bedside_payment):
        with pytest.raises(ValueError, match="amount_fen"):
            entry(paid(amount))


def test_a_move_within_one_account_is_none():
    with pytest.raises(ValueError, match="credit: cash"):
        Move(debit=Account.CASH, credit=Account.CASH, amount_fen=1)


@pytest.mark.parametrize(
    ("shares", "field"),
    [({"fund_pay_sumamt_fen": 101}, "medfee_sumamt_fen"), ({"acct_pay_fen": -1}, "acct_pay_fen")],
)
def test_a_bill_that_is_paid_more_than_once_is_refused(shares, field):
    with pytest.raises(ValueError, match=field):
        Bill(**({"medfee_sumamt_fen": 100, "fund_pay_sumamt_fen": 0, "acct_pay_fen": 0} | shares))


def test_every_channel_has_its_account():
    assert {channel.account.value for channel in Channel} == {channel.value for channel in Channel}


amounts = st.integers(1, 10**9)


@given(st.lists(amounts, min_size=1), st.lists(amounts, max_size=4), st.data())
def test_every_settled_stay_balances_and_owes_nothing(charges, deposited, data):
    total = sum(charges)
    fund = data.draw(st.integers(0, total))
    account = data.draw(st.integers(0, total - fund))
    bill = Bill(medfee_sumamt_fen=total, fund_pay_sumamt_fen=fund, acct_pay_fen=account)
    deposits = [paid(fen, payment_id=UUID(int=place)) for place, fen in enumerate(deposited)]
    due = to_pay_fen(bill, deposits)
    settling = entries_for(bill, deposits, paid(due, Channel.CASH, BEDSIDE) if due else None)
    after = balances([*map(charge, charges), *map(deposit, deposits), *settling])
    assert sum(after.values()) == 0
    assert after.get(Account.PATIENT_RECEIVABLE, 0) == 0
    assert after.get(Account.DEPOSIT_LIABILITY, 0) == 0
    backs = refunds(bill, deposits)
    cash = sum(deposited) - sum(back.amount_fen for back in backs) + due
    assert cash == bill.due_fen
