"""The planner of exams: fewest visits, then the shortest stay, then the earliest end; and never against a rule."""

import pytest
from hypothesis import given, settings

from services.registration.exams import planner
from services.registration.exams.case import Broken, Place, Rule, faults, without
from services.registration.exams.policy import policy
from tests.unit.registration.exam_cases import DAY, case, device, exam, exhaustive, small_cases

ENOUGH = 10**6


def rule(earlier, later, minutes):
    return Rule(rule_id=f"{earlier}-{later}", earlier_tag=earlier, later_tag=later, minutes=minutes)


def found(asked):
    """Item → campus, start and end of the plan."""
    return {one.item_code: (one.campus_id, one.start, one.end) for one in planner.plan(asked).places}


@settings(max_examples=120, deadline=None)
@given(small_cases())
def test_a_small_case_is_planned_as_well_as_trying_everything_does(asked):
    plan = planner.plan(asked, most_steps=ENOUGH)
    assert (None if plan is None else (plan.cost.visits, plan.cost.stay_minutes, plan.cost.ends)) == exhaustive(asked)
    if plan is not None:
        assert plan.proven
        assert faults(asked, plan.places) == []


@settings(max_examples=60, deadline=None)
@given(small_cases())
def test_a_search_cut_short_still_keeps_every_rule_and_says_that_it_is_not_proven(asked):
    cut, whole = planner.plan(asked, most_steps=1), planner.plan(asked, most_steps=ENOUGH)
    if cut is not None:
        assert faults(asked, cut.places) == []
        assert cut.cost >= whole.cost
        assert not cut.proven or cut.cost == whole.cost


def test_a_later_day_with_one_visit_goes_before_two_early_ones():
    exams = exam("ct"), exam("mr")
    apart = device("ct-1", "ct", free=((480, 500), (DAY + 480, DAY + 520)))
    only_tomorrow = device("mr-1", "mr", free=((DAY + 500, DAY + 560),))
    plan = planner.plan(case(*exams, devices=(apart, only_tomorrow)))
    assert (plan.cost.visits, plan.cost.stay_minutes) == (1, 45)


def test_barium_waits_until_the_tomography_is_done():
    exams = exam("swallow", 20, "barium"), exam("ct", 20, "abdomen")
    devices = device("rf", "swallow"), device("ct-1", "ct")
    assert found(case(*exams, devices=devices, rules=[rule("barium", "abdomen", 7 * DAY)])) == {
        "ct": ("east", 480, 500),
        "swallow": ("east", 505, 525),
    }


def test_a_forbidden_order_on_every_day_is_no_plan():
    exams = exam("one", 20, "a"), exam("two", 20, "a")
    assert planner.plan(case(*exams, devices=[device("d", "one", "two")], rules=[rule("a", "a", None)])) is None


def test_the_patient_is_sent_to_another_campus_with_time_for_the_way():
    exams = exam("ct"), exam("mr")
    devices = device("ct-1", "ct", free=((480, 500),)), device("mr-1", "mr", campus="north", free=((490, 700),))
    assert found(case(*exams, devices=devices))["mr"] == ("north", 540, 560)
    assert planner.plan(case(*exams, devices=devices, travel={})) is None


def test_one_by_one_takes_the_earliest_of_each():
    exams = exam("ct"), exam("mr")
    apart = device("ct-1", "ct", free=((480, 500), (DAY + 480, DAY + 520)))
    only_tomorrow = device("mr-1", "mr", free=((DAY + 500, DAY + 560),))
    assert planner.one_by_one(case(*exams, devices=(apart, only_tomorrow))).cost.visits == 2


def test_a_place_that_breaks_rules_is_told_which():
    asked = case(
        exam("ct", 20, "iodine", hours=((0, 500),)),
        exam("lab", 20, "blood"),
        devices=[device("d", "ct", "lab"), device("far", "lab", campus="north")],
        rules=[rule("iodine", "blood", 60), rule("blood", "iodine", None)],
        windows=((0, 600),),
    )
    ct = Place(item_code="ct", device_id="d", campus_id="east", start=512, end=532)
    lab = Place(item_code="lab", device_id="far", campus_id="north", start=585, end=605)
    assert faults(asked, [ct, lab]) == [
        ("ct", Broken.NOT_ON_TICK),
        ("ct", Broken.FASTING),
        ("lab", Broken.NOT_PATIENTS_TIME),
        ("lab", Broken.INTERVAL),
    ]


@pytest.mark.parametrize(
    ("fasting_hours", "hours"),
    [(0, ((0, DAY),)), (4, ((0, DAY),)), (6, ((0, 720), (810, DAY))), (8, ((0, 720), (930, DAY))), (20, ((0, 720),))],
)
def test_fasting_is_kept_by_night_or_after_breakfast(fasting_hours, hours):
    assert policy().hours(fasting_hours) == hours


def test_what_is_taken_is_cut_out_of_what_is_open():
    assert without(((0, 10), (20, 30)), ((2, 4), (8, 22), (25, 26))) == ((0, 2), (4, 8), (22, 25), (26, 30))
