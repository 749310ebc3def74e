"""The rules of accounts, clearance and of the words spoken to the centre."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.discharge.accounts import model, posting
from services.discharge.accounts.model import Account, AccountState, ChargeLine, LineClass, PostCharges
from services.discharge.clearance import model as clearance
from services.discharge.clearance.model import Issue, OrderDischarge, Outcome, OverrideBlockers
from services.discharge.insurance import wire
from services.discharge.insurance.model import Institution, msgid
from services.discharge.settlement.quote import snapshot
from services.discharge.settlement.rounding import half_up
from shared.decision import Refused

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
STAY, PATIENT = UUID(int=1), UUID(int=2)


def account(state=AccountState.OPEN):
    return Account(stay_id=STAY, patient_id=PATIENT, state=state, lines=0, opened_at=NOW, left_at=None, version=1)


def line(number, price_fen=1_000, count="1", return_of=None, **terms):
    return ChargeLine(
        charge_id=UUID(int=number),
        item_code="drug-1",
        line_class=LineClass.FULL,
        price_fen=price_fen,
        count=Decimal(count),
        price_limit_fen=None,
        preself_ratio=Decimal(0),
        encounter_id=None,
        charged_at=None,
        return_of=None if return_of is None else UUID(int=return_of),
        **terms,
    )


def post(*lines, standing=(), state=AccountState.OPEN):
    command = PostCharges(stay_id=STAY, lines=lines)
    return posting.post_charges(account(state), command, {one.charge_id: one for one in standing}, NOW)


def test_lines_are_numbered_and_told_one_by_one():
    changed, charges, events = post(line(1), line(2))
    assert [charge.line_no for charge in charges] == [1, 2]
    assert [event.aggregate_version for event in events] == [2, 3]
    assert (changed.lines, changed.version) == (2, 3)


@given(st.integers(0, 10**11), st.decimals(-1000, 1000, places=6))
def test_a_line_amounts_to_what_the_calculator_says(price_fen, count):
    assert posting.amount_fen(price_fen, count) == half_up(price_fen * count)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((line(1), line(2, count="-1")), "return-without-original"),
        ((line(1), line(2, count="1", return_of=1)), "return-without-original"),
        ((line(2, count="-1", return_of=1), line(1)), "return-without-original"),
        ((line(1), line(2, count="-1", return_of=1), line(3, count="-1", return_of=2)), "return-without-original"),
        ((line(1), line(2, 999, "-1", return_of=1)), "return-differs-from-original"),
        ((line(1), line(2, count="-2", return_of=1)), "return-exceeds-original"),
        ((line(1), line(2, count="-0.6", return_of=1), line(3, count="-0.6", return_of=1)), "return-exceeds-original"),
    ],
)
def test_a_return_that_does_not_fit_is_refused(lines, reason):
    refused = post(*lines)
    assert isinstance(refused, Refused)
    assert refused.reason == reason


def test_what_was_returned_before_counts():
    _, standing, _ = post(line(1, count="2"), line(2, count="-1", return_of=1))
    assert isinstance(post(line(3, count="-2", return_of=1), standing=standing), Refused)
    assert not isinstance(post(line(3, count="-1", return_of=1), standing=standing), Refused)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (AccountState.SETTLING, "account-settling"),
        (AccountState.SETTLED, "account-settled"),
        (AccountState.LEFT, "account-settled"),
    ],
)
def test_an_account_under_settlement_takes_nothing(state, reason):
    assert post(line(1), state=state).reason == reason
    assert model.closed(account(state)).reason == reason
    assert model.closed(account(AccountState.ORDERED)) is None


def test_the_snapshot_changes_with_whatever_decides_what_is_paid():
    _, charges, _ = post(line(1), line(2))
    first = snapshot(charges)
    assert snapshot([replace(charges[0], count=Decimal("1.000")), charges[1]]) == first
    for change in (
        {"price_fen": 1},
        {"count": Decimal(2)},
        {"line_class": LineClass.OWN},
        {"price_limit_fen": 0},
        {"preself_ratio": Decimal("0.1")},
        {"item_code": "other"},
    ):
        assert snapshot([replace(charges[0], **change), charges[1]]) != first
    assert snapshot(charges[:1]) != first


def issue(number, outcome=None):
    return Issue(
        issue_id=UUID(int=number),
        stay_id=STAY,
        item_code="drug-1",
        count=Decimal(1),
        issued_at=NOW,
        outcome=outcome,
        resolved_at=None if outcome is None else NOW,
    )


def test_medicine_blocks_until_somebody_says_what_became_of_it():
    issues = [issue(1), issue(2, Outcome.RETURNED), issue(3, Outcome.ADMINISTERED), issue(4, Outcome.OVERRIDDEN)]
    assert [blocker.subject_id for blocker in clearance.blockers(issues)] == [UUID(int=1)]
    assert clearance.resolve(issue(1), Outcome.RETURNED, NOW).resolved_at == NOW
    assert clearance.resolve(issue(2, Outcome.RETURNED), Outcome.RETURNED, NOW).reason == "issue-resolved"


def test_an_override_covers_what_is_open_now():
    command = OverrideBlockers(stay_id=STAY, override_id=UUID(int=9), reason="lost on the ward", by="somebody")
    record, overridden = clearance.override(command, [issue(1), issue(2, Outcome.RETURNED)], NOW)
    assert (record.reason, record.overridden_by) == ("lost on the ward", "somebody")
    assert [(one.issue_id, one.outcome) for one in overridden] == [(UUID(int=1), Outcome.OVERRIDDEN)]
    assert clearance.override(command, [], NOW).reason == "nothing-to-override"


def test_the_order_names_what_is_in_the_way_once_a_kind():
    command = OrderDischarge(stay_id=STAY, disposition=clearance.Disposition.DIED)
    changed, order, event = clearance.order_discharge(account(), command, [issue(1), issue(2)], NOW)
    assert (changed.state, order.disposition, event.disposition) == (AccountState.ORDERED, "exp", "exp")
    assert event.blockers == ("unreturned-medicine",)
    assert clearance.order_discharge(changed, command, [], NOW).reason == "already-ordered"


@given(st.integers(-(10**15), 10**15))
def test_money_crosses_the_wire_without_a_loss(fen):
    assert TypeAdapter(wire.Yuan).validate_python(wire.yuan(fen)) == fen


def test_what_is_no_money_is_not_read():
    assert wire.yuan(-5) == "-0.05"
    for wrong in ("1.005", "", "one", "NaN", "Infinity", None, [1]):
        with pytest.raises(ValidationError):
            TypeAdapter(wire.Yuan).validate_python(wrong)


def test_a_message_id_has_thirty_characters_in_the_centres_time():
    hospital = Institution(code="H11010100001", area="110101", level=3)
    assert msgid(hospital, datetime(2026, 12, 31, 16, 0, 1, tzinfo=UTC), 7) == "H11010100001202701010000010007"
    assert len(msgid(hospital, NOW, 9_999)) == 30
