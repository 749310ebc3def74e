"""What makes a template, as sentences."""

from typing import Any

import orjson
import pytest

from services.followup.templates import definition
from services.followup.templates.definition import TemplateRejected
from services.followup.templates.model import CatchUp, Risk, Urgency, occurrences


@pytest.fixture
def document() -> dict[str, Any]:
    return orjson.loads(definition.shipped()[0])


def rejection(document: dict[str, Any]) -> str:
    with pytest.raises(TemplateRejected) as caught:
        definition.read(orjson.dumps(document))
    return str(caught.value)


def test_the_default_plan_comes_up_on_days_2_7_14_30_and_90(template):
    assert [one.due_day for one in occurrences(template, Risk.STANDARD)] == [2, 7, 14, 30, 90]


def test_high_risk_adds_days_5_and_10(template):
    assert [one.due_day for one in occurrences(template, Risk.HIGH)] == [2, 5, 7, 10, 14, 30, 90]


def test_the_first_call_is_in_time_from_day_1_to_day_3(template):
    first = template.steps[0]
    assert (first.first_day, first.offset_days, first.last_day) == (1, 2, 3)


def test_an_urgent_visit_is_never_later_than_a_routine_one(template):
    windows = template.visit_windows
    assert windows[Urgency.URGENT].latest_days < windows[Urgency.ROUTINE].latest_days


def test_a_repeated_step_comes_up_as_often_as_it_says(document):
    document["action"][-1]["repeat"] = {"times": 3, "everyDays": 90}
    coming = occurrences(definition.read(orjson.dumps(document)), Risk.STANDARD)
    assert [(one.step, one.number, one.due_day, one.last_day) for one in coming[-3:]] == [
        ("day-90", 1, 90, 97),
        ("day-90", 2, 180, 187),
        ("day-90", 3, 270, 277),
    ]


def test_all_that_is_wrong_is_said_at_once_by_field(document):
    document["zone"] = "Asia/Nowhere"
    document["dueTime"] = "25:00"
    del document["version"]
    said = rejection(document)
    assert all(field in said for field in ("zone", "dueTime", "version"))
    assert "Asia/Nowhere" not in said


def test_an_unknown_key_is_refused(document):
    document["action"][0]["dueHour"] = 9
    assert "action.0.dueHour" in rejection(document)


def test_a_day_outside_its_window_is_refused_with_the_remedy(document):
    document["action"][0]["offsetDays"] = 5
    assert "action.day-2.window: the day lies outside; let firstDay <= offsetDays <= lastDay" in rejection(document)


def test_two_steps_with_one_id_are_refused(document):
    document["action"][1]["id"] = "day-2"
    assert "two steps have one id" in rejection(document)


def test_a_template_that_leaves_standard_risk_without_a_step_is_refused(document):
    for action in document["action"]:
        action["condition"] = "high-risk"
    assert "a patient of standard risk has no step" in rejection(document)


def test_a_skipped_step_must_say_when_it_is_stale(document):
    document["action"][0]["catchUp"] = {"rule": CatchUp.SKIP}
    assert "action.day-2.catchUp.staleAfterDays" in rejection(document)


def test_a_step_that_repeats_needs_a_distance(document):
    document["action"][-1]["repeat"] = {"times": 3, "everyDays": 0}
    assert "action.day-90.repeat.everyDays" in rejection(document)


def test_steps_out_of_order_questions_with_one_id_and_questions_that_cannot_be_poor_are_refused(document):
    document["action"].reverse()
    document["questions"][0]["poorFrom"] = 11
    document["questions"][1]["id"] = "pain"
    said = rejection(document)
    assert "not in order" in said
    assert "questions.pain.poorFrom: no answer is poor" in said
    assert "two questions have one id" in said


def test_a_visit_window_that_ends_before_it_begins_and_more_days_than_attempts_are_refused(document):
    document["visits"]["routine"] = {"earliestDays": 3, "latestDays": 2}
    document["attempts"]["onDays"] = 4
    said = rejection(document)
    assert "visits.routine.latestDays" in said
    assert "attempts.onDays" in said
