"""The rules of a plan, as sentences."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.followup.plans import model
from services.followup.plans.model import CloseReason, Followed, Status, Task, TaskStatus, TaskView
from services.followup.templates.model import Risk
from shared.messages.beds.stays import PatientAdmitted
from shared.messages.registration.patients import PatientDeceased

DAY = timedelta(days=1)


def opened(left, template, risk=Risk.STANDARD):
    return model.open_plan(left, template, risk, plan_id=UUID(int=3), correlation_id="c", now=left.left_at)


def admission(left, at, stay=7):
    return PatientAdmitted(
        stay_id=UUID(int=stay),
        patient_id=left.patient_id,
        bed_id="b",
        ward_id="w",
        campus_id="main",
        specialty="cardiology",
        source="clinic",
        admitted_at=at,
        aggregate_version=1,
    )


def task_due(at, **changes):
    ready = Task(
        task_id=UUID(int=5),
        plan_id=UUID(int=3),
        patient_id=UUID(int=2),
        step="day-2",
        occurrence=1,
        due_at=at,
        late_at=at + 2 * DAY,
        remind_at=None,
        precedence=2,
        status=TaskStatus.READY,
        reason=None,
        outcome=None,
        made_at=at,
        ended_at=None,
    )
    return replace(ready, **changes)


def test_steps_fall_due_at_nine_in_the_morning_in_shanghai(left, template):
    plan, _ = opened(left, template)
    assert plan.next_due_at == datetime(2026, 3, 4, 1, tzinfo=UTC)
    assert plan.due_ats[-1] == datetime(2026, 5, 31, 1, tzinfo=UTC)


def test_days_are_counted_from_the_local_day_of_leaving(left, template):
    late_evening_utc = replace(left, left_at=datetime(2026, 3, 2, 16, tzinfo=UTC))
    plan, _ = opened(late_evening_utc, template)
    assert plan.next_due_at == datetime(2026, 3, 5, 1, tzinfo=UTC)


def test_a_step_is_late_when_the_last_local_day_of_its_window_is_over(left, template):
    plan, _ = opened(left, template)
    assert plan.late_ats[0] == datetime(2026, 3, 5, 16, tzinfo=UTC)


def test_daylight_saving_moves_no_clock_time(left, template):
    plan, _ = opened(
        replace(left, left_at=datetime(2026, 3, 5, 12, tzinfo=UTC)),
        replace(template, zone=ZoneInfo("America/New_York")),
    )
    assert [due.hour for due in plan.due_ats] == [14, 13, 13, 13, 13]


@pytest.mark.parametrize(
    ("day", "at", "expected"),
    [
        (date(2026, 3, 28), time(2, 30), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        (date(2026, 10, 24), time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (date(2026, 3, 28), time.min, datetime(2026, 3, 28, 23, tzinfo=UTC)),
        (date(2026, 3, 29), time.min, datetime(2026, 3, 29, 22, tzinfo=UTC)),
    ],
    ids=["skipped hour", "repeated hour: the first", "midnight before the change", "midnight after the change"],
)
def test_berlin_changes_its_clocks_and_every_local_time_still_has_one_instant(day, at, expected):
    assert model.local_instant(day, 1, at, ZoneInfo("Europe/Berlin")) == expected


def test_the_opening_names_template_and_version(left, template):
    _, event = opened(left, template)
    assert (event.template, event.template_version, event.aggregate_version) == ("post-discharge", "1", 1)


def test_nobody_who_died_in_the_ward_gets_a_plan(left):
    assert not model.opens_plan(replace(left, disposition="exp"), Followed(patient_id=left.patient_id))


def test_nobody_known_to_have_died_before_leaving_gets_a_plan(left):
    followed = Followed(patient_id=left.patient_id, deceased_on=left.left_at.date() - DAY)
    assert not model.opens_plan(left, followed)


def test_a_death_after_leaving_that_is_heard_of_first_ends_the_plan_at_once(left):
    event = PatientDeceased(patient_id=left.patient_id, deceased_on=left.left_at.date() + DAY, aggregate_version=2)
    followed = Followed(patient_id=left.patient_id).after_death(event)
    assert model.opens_plan(left, followed)
    assert model.over_already(left, followed) is CloseReason.DECEASED


def test_a_readmission_that_is_heard_of_first_ends_the_plan_at_once(left):
    again = admission(left, left.left_at + DAY)
    followed = Followed(patient_id=left.patient_id).lying(again.stay_id, again.admitted_at)
    assert model.over_already(left, followed) is CloseReason.READMITTED


def test_the_stays_own_admission_ends_nothing(left, template):
    own = admission(left, left.left_at - DAY, stay=1)
    plan, _ = opened(left, template)
    followed = Followed(patient_id=left.patient_id).lying(own.stay_id, own.admitted_at)
    assert model.over_already(left, followed) is None
    assert not model.ended_by_admission(plan, own)


def test_an_earlier_admission_heard_of_late_ends_nothing(left, template):
    plan, _ = opened(left, template)
    assert not model.ended_by_admission(plan, admission(left, left.left_at - DAY))
    assert model.ended_by_admission(plan, admission(left, left.left_at))


def test_the_latest_admission_is_remembered_whatever_comes_last(left):
    newer, older = admission(left, left.left_at + DAY, stay=8), admission(left, left.left_at - DAY, stay=7)
    followed = Followed(patient_id=left.patient_id)
    for event in (newer, older):
        followed = followed.lying(event.stay_id, event.admitted_at)
    assert followed.admitted_stay_id == newer.stay_id


def test_a_new_discharge_supersedes_the_plan_of_the_earlier_stay_and_not_the_other_way_round(left, template):
    plan, _ = opened(left, template)
    later = replace(left, stay_id=UUID(int=8), left_at=left.left_at + DAY)
    assert model.ended_by_leaving(plan, later) is CloseReason.SUPERSEDED
    assert model.ended_by_leaving(plan, replace(later, disposition="exp")) is CloseReason.DECEASED
    assert model.ended_by_leaving(plan, replace(later, left_at=left.left_at - DAY)) is None
    assert model.over_already(left, Followed(patient_id=left.patient_id).after_leaving(later)) is CloseReason.SUPERSEDED


def test_a_closed_plan_has_nothing_coming_up(left, template):
    plan, _ = opened(left, template)
    closed, event = model.close(plan, CloseReason.MOVED, left.left_at + DAY)
    assert (closed.status, closed.next_due_at) == (Status.REVOKED, None)
    assert (event.reason, event.aggregate_version) == ("moved", 2)


def test_a_plan_is_done_when_nothing_is_open_and_nothing_will_come_up(left, template):
    plan, _ = opened(left, template)
    last = replace(plan, next_step=len(plan.steps) + 1)
    assert not model.is_done(plan, open_tasks=0)
    assert not model.is_done(last, open_tasks=1)
    assert model.is_done(last, open_tasks=0)


def test_ready_overdue_and_on_hold_follow_from_the_clock_alone(left):
    at = left.left_at
    assert model.seen_as(task_due(at), at) is TaskView.READY
    assert model.seen_as(task_due(at), at + 2 * DAY) is TaskView.OVERDUE
    assert model.seen_as(task_due(at, remind_at=at + 3 * DAY), at + 2 * DAY) is TaskView.ON_HOLD
    assert model.seen_as(task_due(at, remind_at=at + 3 * DAY), at + 3 * DAY) is TaskView.OVERDUE
    assert model.seen_as(task_due(at, status=TaskStatus.FAILED), at) is TaskView.FAILED


def test_a_correlation_that_is_no_plain_id_is_not_carried_on():
    assert model.token("0199-ab", otherwise="plan") == "0199-ab"
    assert [model.token(odd, otherwise="plan") for odd in (None, "", 'a"b', "é", "a" * 65)] == ["plan"] * 5
