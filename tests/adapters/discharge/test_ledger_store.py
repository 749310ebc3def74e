"""What the database promises about the journal, whatever the code above it does."""

import asyncpg
import pytest

from services.discharge.ledger import handlers, model
from services.discharge.ledger.model import Account, Channel, Payment
from shared.decision import Refused
from shared.ids import new_id
from tests.adapters.discharge.conftest import line

JOURNAL = "INSERT INTO journal (journal_id, stay_id, kind, written_at) VALUES ($1, $2, 'charge', '2026-03-02T00:00Z')"
SIDE = (
    "INSERT INTO journal_entry (journal_id, entry_no, account, debit_fen, credit_fen)"
    " VALUES ($1, $2, 'revenue', $3, $4)"
)


async def written(discharge, *sides):
    """A journal with those sides, past all code of ours."""
    journal = new_id()
    async with discharge.database.work() as work:
        connection = await work.sql()
        await connection.execute(JOURNAL, journal, new_id())
        for number, (debit, credit) in enumerate(sides):
            await connection.execute(SIDE, journal, number, debit, credit)
    return journal


async def test_a_journal_that_does_not_balance_is_refused_at_commit(discharge):
    for sides in (((5, 0), (0, 4)), ((5, 0),), (), ((5, 0), (0, 5), (0, 1))):
        with pytest.raises(Exception, match="does not balance"):
            await written(discharge, *sides)
    assert await discharge.sql("SELECT * FROM journal") == []


async def test_an_entry_has_exactly_one_side(discharge):
    for sides in (((5, 5),), ((0, 0),), ((-5, 0), (0, -5))):
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await written(discharge, *sides)
        assert refused.value.constraint_name == "journal_entry_one_side"


async def test_an_old_journal_takes_no_side_that_unbalances_it(discharge):
    journal = await written(discharge, (5, 0), (0, 5))
    with pytest.raises(Exception, match="does not balance"):
        await discharge.sql(SIDE, journal, 9, 1, 0)


async def test_money_is_never_changed_or_removed(discharge):
    for table in ("journal", "journal_entry", "charge", "deposit", "refund", "bedside_payment"):
        column = {"journal": "kind", "journal_entry": "account"}.get(table, "amount_fen")
        for change in ("UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"):
            with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
                await discharge.sql(change.format(table, column))


async def test_a_journal_is_reversed_once_and_a_reversal_never(discharge):
    stay, cause = new_id(), new_id()
    payment = Payment(payment_id=cause, channel=Channel.CARD, amount_fen=500)
    async with discharge.database.work() as work:
        await handlers.post(stay, [(cause, model.deposit(payment))], work)
    (row,) = await discharge.sql("SELECT journal_id FROM journal")
    async with discharge.database.work() as work:
        reversal = await handlers.reverse(row["journal_id"], work)
    async with discharge.database.work() as work:
        again = await handlers.reverse(row["journal_id"], work)
        assert isinstance(again, Refused)
        assert again.reason == "already-reversed"
        balances = (await handlers.balances([stay], work))[stay]
        assert set(balances.values()) == {0}
        assert set(balances) == set(Account)
    with pytest.raises(ValueError, match="never reversed"):
        async with discharge.database.work() as work:
            await handlers.reverse(reversal, work)


async def test_every_charge_deposit_and_payment_has_its_journal(ward, discharge):
    stay = await ward.admit()
    returned = line(1_000)
    await ward.charge(stay, returned, line(0), line(1_000, "-1", return_of=returned["charge_id"]), line(9_000))
    await ward.deposit(stay, 1_000)
    await ward.up_to_signed(stay)
    settled = await ward.settle(stay)
    payment = {"payment_id": str(new_id()), "channel": "cash", "amount_fen": settled["to_pay_fen"]}
    await ward.post(stay, "payments", payment, status=201)
    kinds = await discharge.sql("SELECT kind, count(*)::int AS found FROM journal GROUP BY kind ORDER BY kind")
    assert {row["kind"]: row["found"] for row in kinds} == {
        "bedside-payment": 1,
        "charge": 3,
        "deposit": 1,
        "settlement": 1,
    }
    (record,) = (await ward.records())["settlements"]
    assert (record["journal_balanced"], record["receivable_fen"], record["deposit_left_fen"]) == (True, 0, 0)


async def test_the_database_refuses_a_settlement_whose_identities_do_not_hold(ward, discharge):
    stay = await ward.admit()
    await ward.charge(stay, line(200_000))
    await ward.up_to_signed(stay)
    await ward.settle(stay)
    for change, constraint in (
        ("inscp_scp_amt_fen = inscp_scp_amt_fen + 1", "settlement_identity_a"),
        ("hifp_pay_fen = hifp_pay_fen + 1", "settlement_identity_b"),
        ("acct_pay_fen = acct_pay_fen + 1", "settlement_identity_d"),
        ("deposit_fen = deposit_fen + 1", "settlement_cash_adds_up"),
        ("paid_at_bedside_fen = to_pay_fen + 1", "settlement_no_more_taken_than_due"),
        ("setl_id = NULL", "settlement_settled_says_when"),
        ("resolve_at = settled_at", "settlement_asked_is_looked_after"),
    ):
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await discharge.sql(f"UPDATE settlement SET {change}")  # noqa: S608 - written above
        assert refused.value.constraint_name == constraint
    with pytest.raises(asyncpg.UniqueViolationError) as twice:
        await second_live(discharge)
    assert twice.value.constraint_name == "one_live_settlement_a_stay"


async def second_live(discharge):
    async with discharge.database.work() as work:
        connection = await work.sql()
        await connection.execute("CREATE TEMPORARY TABLE another ON COMMIT DROP AS SELECT * FROM settlement")
        await connection.execute("UPDATE another SET settlement_id = $1, attempt = 2, msgid = NULL", new_id())
        await connection.execute(
            "UPDATE another SET stage = 'presettled', setl_id = NULL, settled_at = NULL, paid_at_bedside_fen = 0"
        )
        await connection.execute("INSERT INTO settlement SELECT * FROM another")
