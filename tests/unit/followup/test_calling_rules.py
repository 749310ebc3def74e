"""When who waits is called, and what an attempt means, without any IO."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.followup.callbacks import model, policy
from services.followup.callbacks.calling import calling_from, calling_until, due_after, first_due, late_after
from services.followup.callbacks.model import CallAttempt, Outcome, RecordCall, Status
from services.followup.worklist.model import ContactKind
from shared.decision import Refused
from shared.messages.beds.requests import AdmissionQueued

POLICY = policy.shipped()["1"]
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
"""Noon in Shanghai."""
CLASSES = ("emergency", "transfer", "day", "A", "B", "C", None)
INSTANTS = st.datetimes(datetime(1950, 1, 2), datetime(2060, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


def queued(at=NOON, admission_class="B", tier=1):
    return AdmissionQueued(
        request_id=UUID(int=1),
        patient_id=UUID(int=2),
        specialty="cardiology",
        campus_id="east",
        tier=tier,
        queued_at=at,
        aggregate_version=1,
        admission_class=admission_class,
    )


def schedule_of(at=NOON, admission_class="B", tier=1):
    return model.open_schedule(queued(at, admission_class, tier), POLICY, None, at)


def first_call(at=NOON, **changes):
    schedule = schedule_of(at, **changes)
    moved, [call], _ = model.come_up(schedule, lambda number: UUID(int=number), POLICY, schedule.next_due_at)
    return moved, call


def tried(outcome, kind=ContactKind.PHONE):
    return RecordCall(
        call_back_id=UUID(int=1), outcome=outcome, contact_kind=kind, note_code=None, attempted_by="nurse"
    )


def vain(at):
    return CallAttempt(
        attempt_id=UUID(int=9),
        call_back_id=UUID(int=1),
        outcome=Outcome.NO_ANSWER,
        contact_kind=ContactKind.PHONE,
        note_code=None,
        attempted_at=at,
        attempted_by="nurse",
    )


def is_calling_time(at):
    return POLICY.calls_from <= at.astimezone(POLICY.zone).time() <= POLICY.calls_until


@given(INSTANTS, st.sampled_from(CLASSES))
def test_every_call_comes_up_and_is_late_in_calling_hours_and_within_the_hours_of_the_policy(at, admission_class):
    due_at = first_due(at, POLICY)
    for occurrence in range(1, 5):
        late_at = late_after(due_at, occurrence, at, POLICY)
        begins = at if occurrence == 1 else due_at
        assert is_calling_time(due_at)
        assert is_calling_time(late_at)
        assert due_at < late_at <= begins + timedelta(hours=24)
        due_at = due_after(due_at, admission_class, POLICY)


@given(INSTANTS)
def test_calling_hours_are_found_forwards_and_backwards_within_a_night(at):
    assert at <= calling_from(at, POLICY) <= at + timedelta(hours=12)
    assert at - timedelta(hours=12) <= calling_until(at, POLICY) <= at


@given(INSTANTS, st.sampled_from(CLASSES), st.lists(st.integers(0, 40 * 24), min_size=1, max_size=6))
def test_however_long_nothing_was_done_every_occurrence_comes_up_once_and_one_is_to_be_made(at, admission_class, hours):
    schedule, now, came_up = schedule_of(at, admission_class), at, []
    for wait in hours:
        now += timedelta(hours=wait)
        if schedule.next_due_at <= now:
            schedule, calls, due = model.come_up(schedule, lambda number: UUID(int=number), POLICY, now)
            assert [call.status for call in calls[:-1]] == [Status.MISSED] * (len(calls) - 1)
            assert calls[-1].status is Status.READY
            assert due.call_back_id == calls[-1].call_back_id
            came_up += calls
        assert schedule.next_due_at > now
    assert [call.occurrence for call in came_up] == list(range(1, len(came_up) + 1))
    assert all(earlier.due_at < later.due_at for earlier, later in pairwise(came_up))


@pytest.mark.parametrize(("admission_class", "days"), [("emergency", 1), ("A", 7), ("B", 14), ("C", 30), (None, 7)])
def test_the_next_call_comes_after_the_days_of_the_class_at_nine(admission_class, days):
    schedule, call = first_call(admission_class=admission_class)
    assert (call.due_at, call.late_at) == (NOON + timedelta(hours=2), NOON + timedelta(hours=24))
    assert schedule.next_due_at == datetime(2026, 3, 2, 1, tzinfo=UTC) + timedelta(days=days)


def test_who_is_queued_late_in_the_evening_is_called_the_next_morning():
    _, call = first_call(datetime(2026, 3, 2, 14, tzinfo=UTC))
    assert call.due_at == datetime(2026, 3, 3, 0, tzinfo=UTC)
    assert call.late_at == datetime(2026, 3, 3, 12, tzinfo=UTC)


def test_tier_0_is_called_before_the_rest():
    assert first_call(tier=0)[1].precedence < first_call(tier=1)[1].precedence


@pytest.mark.parametrize(
    "outcome", [Outcome.REACHED, Outcome.WANTS_TO_WAIT, Outcome.CONDITION_WORSE, Outcome.WITHDRAWN_WISH, Outcome.DEAD]
)
def test_what_a_patient_says_ends_the_call_and_is_told_by_its_code(outcome):
    schedule, call = first_call()
    after, moved, event = model.record(tried(outcome), call, schedule, [], POLICY, call.due_at)
    assert (after.status, after.outcome) == (Status.COMPLETED, outcome)
    assert (event.outcome, event.status, event.aggregate_version) == (outcome, "completed", moved.version)


def test_nobody_answering_puts_the_call_off_but_never_into_the_night():
    schedule, call = first_call()
    evening = datetime(2026, 3, 2, 11, tzinfo=UTC)
    after, _, event = model.record(tried(Outcome.NO_ANSWER), call, schedule, [], POLICY, evening)
    assert after.remind_at == datetime(2026, 3, 3, 0, tzinfo=UTC)
    assert (event.outcome, event.status) == ("no_answer", "ready")
    assert model.seen_as(after, evening) is model.View.ON_HOLD


def test_three_vain_attempts_count_as_unreachable_on_two_days_and_not_on_one():
    schedule, call = first_call()
    one_day = [vain(NOON), vain(NOON + timedelta(hours=3))]
    after, _, _ = model.record(tried(Outcome.NO_ANSWER), call, schedule, one_day, POLICY, NOON + timedelta(hours=6))
    assert after.status is Status.READY
    after, _, event = model.record(tried(Outcome.NO_ANSWER), call, schedule, one_day, POLICY, NOON + timedelta(days=1))
    assert (after.status, event.outcome) == (Status.FAILED, "unreachable")


def test_a_machine_that_hears_of_a_worse_condition_leaves_the_call_to_a_person_on_top_of_the_list():
    schedule, call = first_call()
    heard = tried(Outcome.CONDITION_WORSE, ContactKind.AI_CALL)
    after, _, event = model.record(heard, call, schedule, [], POLICY, NOON)
    assert (after.status, after.precedence) == (Status.READY, 0)
    assert event.outcome == "condition_worse"


def test_a_closed_call_takes_no_attempt():
    schedule, call = first_call()
    closed = replace(call, status=Status.MISSED, ended_at=NOON)
    refused = model.record(tried(Outcome.REACHED), closed, schedule, [], POLICY, NOON)
    assert isinstance(refused, Refused)
    assert refused.reason == "call-back-closed"


def test_a_call_that_the_next_one_overtakes_was_missed_or_in_vain():
    _, call = first_call()
    assert model.superseded(call, NOON).status is Status.MISSED
    assert model.superseded(replace(call, attempts=1), NOON).status is Status.FAILED
