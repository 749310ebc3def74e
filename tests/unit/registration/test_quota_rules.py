"""Referrals: what is promised, in which week a place counts, and when a kept place is given up."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files

import pytest

from services.registration.quota import model
from services.registration.quota.model import CloseReason, Reason, Refer, State, Urgency, WaitReason
from services.registration.quota.policy import parse, shipped
from services.registration.schedules.model import Slot
from shared.decision import Refused
from shared.ids import new_id

POLICY = shipped()
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def referral(urgency=Urgency.SOON):
    command = Refer(
        referral_id=new_id(),
        partner_id="p",
        patient_id=new_id(),
        specialty="cardiology",
        campus_id=None,
        urgency=urgency,
    )
    return model.referred(command, POLICY, NOW)


def slot(at, clinic_id="heart"):
    starts_at = datetime.fromisoformat(at).replace(tzinfo=UTC)
    return Slot(
        session_id=new_id(),
        clinic_id=clinic_id,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
        capacity=1,
    )


@pytest.mark.parametrize(("urgency", "hours"), [(Urgency.URGENT, 24), (Urgency.SOON, 168), (Urgency.ROUTINE, 336)])
def test_each_urgency_has_its_promise(urgency, hours):
    one = referral(urgency)
    assert one.due_at == NOW + timedelta(hours=hours)
    assert not one.is_overdue(one.due_at - timedelta(seconds=1))
    assert one.is_overdue(one.due_at)


def test_a_week_is_the_clinics_own():
    slots = [slot("2026-03-08T15:00"), slot("2026-03-08T17:00"), slot("2026-03-04T08:00")]
    weeks = model.by_week(slots, {"heart": "Asia/Shanghai"})
    assert [(monday, [one.starts_at.hour for one in group]) for monday, group in weeks] == [
        (date(2026, 3, 2), [8, 15]),
        (date(2026, 3, 9), [17]),
    ]


def test_what_waits_and_what_is_closed_says_why():
    waiting, said = model.waits(referral(), WaitReason.QUOTA_USED)
    assert (waiting.state, said.reason, said.due_at) == (State.WAITING, "quota-used", waiting.due_at)
    over, said = model.closed(waiting, CloseReason.PARTNER)
    assert (over.state, over.wait_reason, said.aggregate_version) == (State.CLOSED, None, 2)
    again = model.closed(over, CloseReason.PARTNER)
    assert isinstance(again, Refused)
    assert again.reason == Reason.REFERRAL_CLOSED


def test_each_try_books_under_an_id_of_its_own_and_the_same_try_under_the_same():
    one, place = referral(), slot("2026-03-04T08:00")
    first = model.wish(one, place).appointment_id
    assert first == model.wish(one, place).appointment_id
    assert first != model.wish(replace(one, version=1), place).appointment_id


def test_a_policy_that_gives_places_up_before_the_urgent_can_have_them_is_refused():
    told = files("services.registration.quota").joinpath("policy.json").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="less than every promise"):
        parse(told.replace('"release_hours_before": 4', '"release_hours_before": 24'))
