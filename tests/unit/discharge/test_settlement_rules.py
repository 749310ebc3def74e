"""The calculator's rules as sentences, for cases that nobody wrote down."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.discharge.settlement import packs
from services.discharge.settlement.calculate import calculate, year_after
from services.discharge.settlement.model import (
    Case,
    Line,
    LineClass,
    Person,
    Referral,
    Unacceptable,
    YearToDate,
)
from services.discharge.settlement.policy import LimitOrder, LineRule
from services.discharge.settlement.rounding import half_up, shown

DAY = date(2026, 3, 1)
PACKS = {name: packs.load(name, DAY) for name in packs.names()}
BEIJING, RESIDENT = PACKS["beijing-employee"], PACKS["resident-tertiary"]


def line(price_fen, count="1", line_class="01", limit=None, ratio="0"):
    return Line(
        name="item",
        line_class=LineClass(line_class),
        price_fen=price_fen,
        count=Decimal(count),
        price_limit_fen=limit,
        preself_ratio=Decimal(ratio),
    )


def case(*lines, pack=BEIJING, **given):
    usual = Case(
        pack=pack.name,
        on=DAY,
        hospital_level=3,
        admission_number=1,
        person=Person(retired=False, low_income=False),
        referral=None,
        year_to_date=YearToDate(),
        account_balance_fen=0,
        lines=lines,
    )
    return replace(usual, **given)


def answer(*lines, pack=BEIJING, **given):
    return calculate(case(*lines, pack=pack, **given), pack)


def money(most):
    return st.integers(min_value=0, max_value=most)


lines = st.builds(
    line,
    money(30_000_000),
    st.decimals("-2", "20", places=3).map(str),
    st.sampled_from(LineClass),
    st.none() | money(20_000_000),
    st.decimals("0", "1", places=3).map(str),
)
years = st.builds(
    YearToDate,
    hifp_pay_fen=money(30_000_000),
    hifob_pay_fen=money(60_000_000),
    compliant_burden_fen=money(30_000_000),
    maf_pay_fen=money(6_000_000),
)
circumstances = st.fixed_dictionaries(
    {
        "pack": st.sampled_from(list(PACKS.values())),
        "admission_number": st.integers(1, 5),
        "person": st.builds(Person, retired=st.booleans(), low_income=st.booleans()),
        "referral": st.none() | st.sampled_from(Referral),
        "year_to_date": years,
        "account_balance_fen": money(5_000_000),
    }
)


def attempted(given_lines, given_case):
    try:
        return answer(*given_lines, **given_case)
    except Unacceptable as refused:
        assert all("below zero" in fault.problem for fault in refused.faults)  # noqa: PT017 (only this fault may come)
        return None


@given(st.lists(lines, max_size=12), circumstances)
def test_identities_a_to_d_hold_to_the_fen(given_lines, given_case):
    found = attempted(given_lines, given_case)
    if found is None:
        return
    for part in (*found.lines, found):
        total = part.amount_fen if part is not found else found.medfee_sumamt_fen
        parts = (part.overlmt_selfpay_fen, part.preselfpay_amt_fen, part.inscp_scp_amt_fen)
        assert total == part.fulamt_ownpay_amt_fen + sum(parts)
    funds = (found.hifp_pay_fen, found.hifob_pay_fen, found.hifmi_pay_fen, found.maf_pay_fen)
    assert found.fund_pay_sumamt_fen == sum(funds)
    assert found.psn_part_amt_fen == found.medfee_sumamt_fen - found.fund_pay_sumamt_fen
    assert found.psn_cash_pay_fen == found.psn_part_amt_fen - found.acct_pay_fen
    assert min(*funds, found.acct_pay_fen, found.psn_cash_pay_fen, found.act_pay_dedc_fen) >= 0


@given(st.lists(lines, max_size=12), circumstances)
def test_no_fund_pays_beyond_its_yearly_cap_or_the_money_in_scope(given_lines, given_case):
    found = attempted(given_lines, given_case)
    if found is None:
        return
    pack, year = given_case["pack"], given_case["year_to_date"]
    assert found.hifp_pay_fen <= max(0, pack.pool_cap_fen - year.hifp_pay_fen)
    if pack.large_amount:
        assert found.hifob_pay_fen <= max(0, pack.large_amount.cap_fen - year.hifob_pay_fen)
    if pack.low_income_assistance:
        assert found.maf_pay_fen <= max(0, pack.low_income_assistance.cap_fen - year.maf_pay_fen)
    assert found.fund_pay_sumamt_fen <= found.inscp_scp_amt_fen


@given(money(60_000_000), money(1_000_000), circumstances)
def test_a_larger_bill_never_lowers_what_the_funds_pay_nor_what_the_patient_bears(price, more, given_case):
    smaller, larger = answer(line(price), **given_case), answer(line(price + more), **given_case)
    assert smaller.hifp_pay_fen <= larger.hifp_pay_fen
    rounded_fields = 4
    assert smaller.fund_pay_sumamt_fen <= larger.fund_pay_sumamt_fen + rounded_fields
    assert smaller.psn_part_amt_fen <= larger.psn_part_amt_fen + rounded_fields


@given(money(60_000_000), circumstances)
def test_a_referral_and_retirement_never_cost_the_patient_more(price, given_case):
    plain = answer(line(price), **(given_case | {"referral": None, "person": Person(retired=False, low_income=False)}))
    kinder = answer(
        line(price), **(given_case | {"referral": Referral.UP, "person": Person(retired=True, low_income=False)})
    )
    assert kinder.hifp_pay_fen >= plain.hifp_pay_fen


@given(lines, st.sampled_from(LimitOrder))
def test_a_full_return_leaves_nothing_of_a_line(charged, order):
    pack = replace(BEIJING, line=LineRule(limit_order=order))
    back = replace(charged, count=-charged.count)
    found = answer(charged, back, pack=pack)
    assert (found.medfee_sumamt_fen, found.inscp_scp_amt_fen, found.psn_part_amt_fen) == (0, 0, 0)
    assert (found.overlmt_selfpay_fen, found.preselfpay_amt_fen, found.fulamt_ownpay_amt_fen) == (0, 0, 0)


@given(lines, st.sampled_from(LimitOrder))
def test_no_part_of_a_line_has_the_other_sign_than_its_amount(charged, order):
    part = calculate(
        case(replace(charged, count=abs(charged.count))), replace(BEIJING, line=LineRule(limit_order=order))
    )
    (found,) = part.lines
    assert min(found.overlmt_selfpay_fen, found.preselfpay_amt_fen, found.inscp_scp_amt_fen) >= 0


@pytest.mark.parametrize(
    ("fen", "whole"),
    [("0.5", 1), ("-0.5", -1), ("1.5", 2), ("2.5", 3), ("-2.5", -3), ("2.49", 2), ("-2.49", -2), ("0", 0)],
)
def test_exactly_half_a_fen_goes_away_from_zero(fen, whole):
    assert half_up(Decimal(fen)) == whole
    assert half_up(Fraction(fen)) == whole


@pytest.mark.parametrize(
    ("fen", "text"),
    [("4137500", "4137500"), ("145961.150", "145961.15"), ("1/3", "0.333333"), ("99.99999999", "100"), ("0", "0")],
)
def test_an_unrounded_amount_is_shown_in_plain_digits(fen, text):
    assert str(shown(Fraction(fen))) == text


def test_a_return_of_half_a_fen_rounds_away_from_zero():
    found = answer(line(101, "10"), line(101, "-0.5", "02", ratio="0.5"))
    assert found.lines[1].amount_fen == -51
    assert found.lines[1].preselfpay_amt_fen == -26


def test_a_price_limit_cuts_before_the_ratio_or_after_it_as_the_pack_says():
    stent = line(1_800_000, "1", "02", limit=1_500_000, ratio="0.20")
    first = answer(stent).lines[0]
    assert (first.overlmt_selfpay_fen, first.preselfpay_amt_fen, first.inscp_scp_amt_fen) == (
        300_000,
        300_000,
        1_200_000,
    )
    ratio_first = replace(BEIJING, line=LineRule(limit_order=LimitOrder.RATIO_FIRST))
    after = answer(stent, pack=ratio_first).lines[0]
    assert (after.overlmt_selfpay_fen, after.preselfpay_amt_fen, after.inscp_scp_amt_fen) == (0, 360_000, 1_440_000)


def test_a_ratio_counts_in_class_02_only():
    assert answer(line(10_000, ratio="0.5")).preselfpay_amt_fen == 0
    assert answer(line(10_000, line_class="03", limit=1, ratio="0.5")).fulamt_ownpay_amt_fen == 10_000


def test_where_the_cap_is_reached_inside_a_band_the_rest_goes_on_unrounded():
    year = YearToDate(hifp_pay_fen=9_999_999)
    found = answer(line(130_002), year_to_date=year)
    assert found.hifp_pay_fen == 1
    assert found.hifob_pay_fen == half_up((2 - 1 / Fraction("0.85")) * Fraction("0.80"))


def test_a_cap_reached_exactly_at_a_bands_end_leaves_the_next_band_to_the_large_amount_fund():
    first_band_fen = 2_439_500
    year = YearToDate(hifp_pay_fen=BEIJING.pool_cap_fen - first_band_fen)
    found = answer(line(3_500_000), year_to_date=year)
    assert (found.hifp_pay_fen, found.hifob_pay_fen) == (first_band_fen, 400_000)


def test_points_never_lift_the_fund_ratio_above_the_ceiling():
    found = answer(line(20_000_000), person=Person(retired=True, low_income=False), referral=Referral.DOWN)
    bands = [step for step in found.steps if "fund_ratio" in step.gives]
    assert [step.gives["fund_ratio"] for step in bands] == [1, 1, 1]


@given(st.lists(money(20_000_000), min_size=1, max_size=5))
def test_over_a_year_serious_illness_pays_the_tiers_of_the_years_burden_but_for_rounding(prices):
    year, paid = YearToDate(), 0
    for number, price in enumerate(prices, start=1):
        stay = case(line(price), pack=RESIDENT, year_to_date=year, admission_number=number)
        found = calculate(stay, RESIDENT)
        year, paid = year_after(stay, found, RESIDENT), paid + found.hifmi_pay_fen
    above = max(0, year.compliant_burden_fen - 1_800_000)
    tiers = ((0, 5_000_000, "0.60"), (5_000_000, 10_000_000, "0.70"), (10_000_000, above, "0.80"))
    due = sum(max(0, min(above, upper) - lower) * Decimal(ratio) for lower, upper, ratio in tiers)
    assert abs(paid - due) <= Decimal("0.5") * len(prices)


def test_a_year_adds_up_what_its_stays_used():
    year = YearToDate(hifp_pay_fen=10, hifob_pay_fen=20, compliant_burden_fen=30, maf_pay_fen=40)
    stay = case(line(1_000_000), year_to_date=year)
    after = year_after(stay, calculate(stay, BEIJING), BEIJING)
    assert after == YearToDate(
        hifp_pay_fen=10 + 739_500, hifob_pay_fen=20, compliant_burden_fen=30 + 260_500, maf_pay_fen=40
    )


def test_a_pack_may_count_what_is_borne_first_as_burden():
    counting = replace(RESIDENT, burden_counts_preself=True)
    stay = line(12_000_000, "1", "02", ratio="0.5")
    assert answer(stay, pack=counting).hifmi_pay_fen > answer(stay, pack=RESIDENT).hifmi_pay_fen


def test_retired_acts_in_one_pack_and_low_income_in_the_other():
    both, none = Person(retired=True, low_income=True), Person(retired=False, low_income=False)
    assert answer(line(9_000_000), person=both) == replace(
        answer(line(9_000_000), person=replace(none, retired=True)),
    )
    resident = answer(line(9_000_000), person=replace(none, retired=True), pack=RESIDENT)
    assert resident == answer(line(9_000_000), person=none, pack=RESIDENT)


def test_each_pack_ignores_the_others_year_to_date():
    others = YearToDate(compliant_burden_fen=9_000_000, maf_pay_fen=5_000_000)
    assert calculated(BEIJING, others) == calculated(BEIJING, YearToDate())
    assert calculated(RESIDENT, YearToDate(hifob_pay_fen=50_000_000)) == calculated(RESIDENT, YearToDate())


def calculated(pack, year):
    return replace(answer(line(9_000_000), pack=pack, year_to_date=year), steps=())


@pytest.mark.parametrize(
    ("given_lines", "total"),
    [
        ([line(10_000), line(10_001, "-1")], "in-scope"),
        ([line(200_000), line(300_000, "-1", "03")], "personal"),
    ],
)
def test_a_total_below_zero_is_an_error(given_lines, total):
    with pytest.raises(Unacceptable) as refused:
        answer(*given_lines)
    (fault,) = refused.value.faults
    assert fault.field == "lines"
    assert f"the {total} total" in fault.problem


def test_amounts_that_no_ledger_can_hold_are_an_error():
    with pytest.raises(Unacceptable, match="larger than a ledger"):
        answer(line(999_999_999_999_999, "999999999"))


def test_a_case_for_another_pack_day_level_or_referral_is_an_error_for_each():
    wrong = case(pack=RESIDENT, on=date(1899, 12, 31), hospital_level=2, referral=Referral.UP)
    with pytest.raises(Unacceptable) as refused:
        calculate(wrong, replace(BEIJING, referral={}))
    assert [fault.field for fault in refused.value.faults] == ["pack", "on", "hospital_level", "referral"]


def test_a_stay_without_charges_costs_nothing():
    empty = answer()
    assert (empty.medfee_sumamt_fen, empty.act_pay_dedc_fen, empty.psn_cash_pay_fen) == (0, 0, 0)
