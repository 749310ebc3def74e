"""The rules of the simulated insurance centre, without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from services.discharge.settlement import packs
from services.discharge.settlement.model import LineClass, YearToDate
from services.simulator.centre import model
from services.simulator.centre.model import Asked, FeeLine, Insured, No, SettlementState, YearSums

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PERSON = Insured(psn_no="p", insutype="310", retired=False, low_income=False, account_balance_fen=30_000)
FIRST = YearSums(settlements=0, used=YearToDate())
ASKED = Asked(msgid="M1", psn_no="p", mdtrt_id="V1", medfee_sumamt_fen=1_000_000, ended_on=date(2026, 3, 2))
PACK = packs.load("beijing-employee", date(2026, 3, 2))


def fee(sn="1", price_fen=1_000_000, count="1", original=None, amount_fen=None):
    return FeeLine(
        feedetl_sn=sn,
        init_feedetl_sn=original,
        item_code="drug-1",
        line_class=LineClass.FULL,
        price_fen=price_fen,
        count=Decimal(count),
        price_limit_fen=None,
        preself_ratio=Decimal(0),
        amount_fen=int(price_fen * Decimal(count)) if amount_fen is None else amount_fen,
    )


def test_a_settlement_takes_from_the_account_and_gives_back_when_it_is_taken_back():
    computed = model.compute(PERSON, FIRST, [fee()], ASKED, PACK)
    settled, after = model.settlement(PERSON, ASKED, "S1", computed, NOW)
    assert (settled.account_fen, after.account_balance_fen) == (30_000, 0)
    assert settled.fund_fen + settled.personal_fen == settled.medfee_fen == 1_000_000
    assert settled.account_fen + settled.cash_fen == settled.personal_fen
    undone, before = model.taken_back(settled, after, SettlementState.UNDONE)
    assert (undone.state, before) == (SettlementState.UNDONE, PERSON)


def test_a_second_settlement_of_the_year_has_the_second_deductible():
    second = YearSums(settlements=1, used=YearToDate(hifp_pay_fen=739_500))
    answer, burden = model.compute(PERSON, second, [fee()], ASKED, PACK)
    assert answer.act_pay_dedc_fen == 65_000
    assert burden == answer.inscp_scp_amt_fen - answer.hifp_pay_fen


def test_a_bill_that_is_not_the_sum_of_its_lines_is_refused():
    with pytest.raises(No, match="medfee_sumamt"):
        model.compute(PERSON, FIRST, [fee()], replace(ASKED, medfee_sumamt_fen=1), PACK)


def test_more_returned_than_charged_makes_no_sense():
    lines = [fee(), fee("2", count="-2", original="1")]
    with pytest.raises(No, match="lines"):
        model.compute(PERSON, FIRST, lines, replace(ASKED, medfee_sumamt_fen=-1_000_000), PACK)


def test_a_line_is_new_known_or_contradicts_what_is_known():
    known = {"1": fee()}
    assert model.check_line(fee("2"), known)
    assert not model.check_line(fee(), known)
    assert model.check_line(fee("3", count="-1", original="1"), known)
    for wrong in (fee(price_fen=5), fee("4", amount_fen=1), fee("5", count="-1", original="9"), fee("6", count="-1")):
        with pytest.raises(No):
            model.check_line(wrong, known)
