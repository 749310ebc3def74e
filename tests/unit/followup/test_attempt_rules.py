"""What an attempt means, as sentences."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.followup.plans.model import CloseReason, Task, TaskStatus, open_plan
from services.followup.templates.model import Risk, Urgency
from services.followup.visits import model as visits
from services.followup.visits.model import VisitReason, Wish
from services.followup.worklist.model import Attempt, ContactKind, Outcome, Reason, RecordAttempt, weigh

NINE = datetime(2026, 3, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)
TASK = Task(
    task_id=UUID(int=5),
    plan_id=UUID(int=3),
    patient_id=UUID(int=2),
    step="day-2",
    occurrence=1,
    due_at=NINE,
    late_at=NINE + 2 * DAY,
    remind_at=None,
    precedence=2,
    status=TaskStatus.READY,
    reason=None,
    outcome=None,
    made_at=NINE,
    ended_at=None,
)
URGENT = Wish(urgency=Urgency.URGENT, reason=VisitReason.DANGER_SIGN)


def tried(outcome, *, by=ContactKind.PHONE, **answers):
    return RecordAttempt(
        task_id=TASK.task_id,
        outcome=outcome,
        contact_kind=by,
        note_code=None,
        answers={code.replace("_", "-"): score for code, score in answers.items()},
        attempted_by="nurse-1",
    )


def in_vain(at, outcome=Outcome.NO_ANSWER):
    return Attempt(
        attempt_id=UUID(int=9),
        task_id=TASK.task_id,
        outcome=outcome,
        contact_kind=ContactKind.PHONE,
        note_code=None,
        answers={},
        attempted_at=at,
        attempted_by="nurse-1",
    )


def test_a_patient_who_was_reached_completes_the_task(template):
    verdict = weigh(tried(Outcome.REACHED, pain=2), TASK, [], template, NINE)
    assert (verdict.status, verdict.wish, verdict.closes) == (TaskStatus.COMPLETED, None, None)


def test_a_patient_who_agreed_to_come_completes_the_task_and_a_visit_is_asked_for(template):
    verdict = weigh(tried(Outcome.AGREED_TO_VISIT), TASK, [], template, NINE)
    assert verdict.status is TaskStatus.COMPLETED
    assert verdict.wish == Wish(urgency=Urgency.ROUTINE, reason=VisitReason.AGREED)


@pytest.mark.parametrize(("pain", "asks"), [(6, False), (7, True), (10, True)])
def test_a_poor_answer_asks_for_a_visit_from_its_threshold_on(template, pain, asks):
    verdict = weigh(tried(Outcome.REACHED, pain=pain), TASK, [], template, NINE)
    assert (verdict.wish == Wish(urgency=Urgency.ROUTINE, reason=VisitReason.POOR_ANSWER)) is asks


def test_of_several_poor_answers_the_most_urgent_counts(template):
    verdict = weigh(tried(Outcome.AGREED_TO_VISIT, pain=9, fever_days=3), TASK, [], template, NINE)
    assert verdict.wish == Wish(urgency=Urgency.URGENT, reason=VisitReason.POOR_ANSWER)


def test_a_danger_sign_asks_for_an_urgent_visit(template):
    verdict = weigh(tried(Outcome.DANGER_SIGN), TASK, [], template, NINE)
    assert (verdict.status, verdict.wish) == (TaskStatus.COMPLETED, URGENT)


def test_an_ai_call_never_closes_an_emergency(template):
    verdict = weigh(tried(Outcome.DANGER_SIGN, by=ContactKind.AI_CALL), TASK, [], template, NINE)
    assert (verdict.status, verdict.urgent, verdict.remind_at, verdict.wish) == (TaskStatus.READY, True, None, URGENT)


@pytest.mark.parametrize("outcome", [Outcome.NO_ANSWER, Outcome.WRONG_NUMBER, Outcome.CALL_LATER])
def test_who_was_not_spoken_to_is_tried_again_a_week_later(template, outcome):
    verdict = weigh(tried(outcome), TASK, [], template, NINE)
    assert (verdict.status, verdict.remind_at) == (TaskStatus.READY, NINE + 7 * DAY)


def test_three_vain_attempts_on_three_days_make_a_patient_unreachable(template):
    earlier = [in_vain(NINE - 2 * DAY), in_vain(NINE - DAY, Outcome.WRONG_NUMBER)]
    verdict = weigh(tried(Outcome.NO_ANSWER), TASK, earlier, template, NINE)
    assert (verdict.status, verdict.outcome) == (TaskStatus.FAILED, "unreachable")


def test_three_vain_attempts_on_one_local_day_do_not(template):
    midnight_shanghai = datetime(2026, 3, 3, 16, tzinfo=UTC)
    earlier = [in_vain(midnight_shanghai), in_vain(midnight_shanghai + timedelta(hours=1))]
    assert weigh(tried(Outcome.NO_ANSWER), TASK, earlier, template, NINE).status is TaskStatus.READY


def test_a_wish_to_be_called_later_is_no_vain_attempt(template):
    earlier = [in_vain(NINE - 2 * DAY), in_vain(NINE - DAY, Outcome.CALL_LATER)]
    assert weigh(tried(Outcome.NO_ANSWER), TASK, earlier, template, NINE).status is TaskStatus.READY


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome.MOVED, CloseReason.MOVED),
        (Outcome.REFUSED, CloseReason.REFUSED),
        (Outcome.DEAD, CloseReason.DECEASED),
    ],
)
def test_moved_refused_and_dead_end_the_plan(template, outcome, reason):
    verdict = weigh(tried(outcome), TASK, [], template, NINE)
    assert (verdict.status, verdict.closes) == (TaskStatus.COMPLETED, reason)


def test_a_closed_task_takes_no_attempt(template):
    done = replace(TASK, status=TaskStatus.COMPLETED, outcome="reached", ended_at=NINE)
    assert weigh(tried(Outcome.REACHED), done, [], template, NINE).reason is Reason.TASK_CLOSED


def test_answers_are_refused_by_name_with_the_remedy(template):
    unknown = weigh(tried(Outcome.REACHED, mood=1), TASK, [], template, NINE)
    assert (unknown.reason, "pain" in unknown.remedy) == (Reason.UNKNOWN_QUESTION, True)
    above = weigh(tried(Outcome.REACHED, pain=11), TASK, [], template, NINE)
    assert (above.reason, above.remedy) == (Reason.ANSWER_OUT_OF_RANGE, "in answers.pain, give 0 to 10")
    assert weigh(tried(Outcome.REACHED, pain=-1), TASK, [], template, NINE).reason is Reason.ANSWER_OUT_OF_RANGE
    silent = weigh(tried(Outcome.NO_ANSWER, pain=3), TASK, [], template, NINE)
    assert silent.reason is Reason.ANSWERS_WITHOUT_CONTACT


def test_the_days_of_a_visit_are_local_days(template, left):
    plan, _ = open_plan(left, template, Risk.STANDARD, plan_id=UUID(int=3), correlation_id="c", now=left.left_at)
    late_evening = datetime(2026, 3, 4, 17, tzinfo=UTC)
    ids = UUID(int=11), TASK.task_id
    after, visit, event = visits.request(plan, template, URGENT, ids=ids, now=late_evening)
    assert (str(visit.earliest_on), str(visit.latest_on)) == ("2026-03-05", "2026-03-07")
    assert event.aggregate_version == after.version == plan.version + 1
