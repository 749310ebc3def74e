"""The rules of the queue and of its estimates, as sentences."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registration.booking.model import Appointment, Channel
from services.registration.booking.model import Status as Booked
from services.registration.queue import model
from services.registration.queue.model import Reason, Status, Ticket
from services.registration.queue.pace import estimate, pace_of
from services.registration.queue.policy import POLICY
from services.registration.schedules.model import Access, Session

EIGHT = datetime(2026, 3, 2, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SESSION = Session(
    session_id=uuid4(),
    clinic_id="cardiology",
    campus_id="main",
    session_on=EIGHT.date(),
    starts_at=EIGHT,
    ends_at=EIGHT + 240 * MINUTE,
    slot_minutes=30,
    places=48,
    access=Access.PUBLIC,
    version=1,
)


def ticket(number: int, *, slot: int = 0, came: int = 0, ordinal: int | None = None) -> Ticket:
    """Somebody with a place `slot` minutes after eight who comes `came` minutes after it."""
    starts_at = EIGHT + slot * MINUTE
    arrived = Appointment(
        appointment_id=uuid4(),
        patient_id=uuid4(),
        session_id=SESSION.session_id,
        clinic_id="cardiology",
        slot_starts_at=starts_at,
        slot_ends_at=starts_at + 30 * MINUTE,
        ordinal=ordinal or number,
        status=Booked.ARRIVED,
        visit_type="outpatient",
        channel=Channel.APP,
        encounter_id=None,
        held_until=None,
        booked_at=EIGHT,
        arrived_at=starts_at + came * MINUTE,
        completed_at=None,
        cancel_reason=None,
        version=2,
    )
    return model.check_in(arrived, SESSION, number, POLICY)


def numbers(tickets, calls: int = 0) -> list[int]:
    return [one.number for one in model.in_order(tickets, calls)]


def test_slot_and_number_in_it_decide_and_not_who_came_earliest():
    early = ticket(1, slot=60, came=-60)
    assert numbers([early, ticket(2, ordinal=2, came=-1), ticket(3, ordinal=1, came=5)]) == [3, 2, 1]


def test_who_is_late_comes_behind_the_slot_that_runs_and_before_the_next():
    late = ticket(1, slot=0, came=45)
    assert late.late
    assert late.turn_at == EIGHT + 30 * MINUTE
    assert numbers([late, ticket(2, slot=30), ticket(3, slot=60)]) == [2, 1, 3]
    assert not ticket(4, came=10).late
    within_its_slot = ticket(5, came=11)
    assert within_its_slot.late
    assert within_its_slot.turn_at == EIGHT


def test_who_did_not_come_when_called_is_called_again_after_three_others():
    away, *others = [ticket(number) for number in range(1, 7)]
    called, _ = model.call(away, "1", EIGHT)
    skipped, _ = model.skip(called, 1, POLICY)
    assert numbers([skipped, *others], 1) == [2, 3, 4, 1, 5, 6]
    assert numbers([skipped], 1) == [1]


def test_first_visits_and_returns_alternate_two_to_one():
    firsts = [ticket(number) for number in range(1, 8)]
    waiting = list(firsts)
    for number in (11, 12, 13):
        seen = model.end(replace(ticket(number), status=Status.CALLED, desk="1"), EIGHT)
        back, event = model.come_back(seen, waiting, 0, POLICY)
        assert event.number == number
        waiting.append(back)
    assert numbers(waiting) == [1, 2, 11, 3, 4, 12, 5, 6, 13, 7]


def test_who_is_not_called_cannot_be_skipped_and_who_was_not_seen_cannot_be_back():
    waiting = ticket(1)
    assert model.skip(waiting, 1, POLICY).reason is Reason.NOT_CALLED
    assert model.come_back(waiting, [], 5, POLICY).reason is Reason.NOT_AWAY
    called, _ = model.call(waiting, "1", EIGHT)
    missed = model.miss(called)
    assert (missed.status, missed.desk) == (Status.MISSED, None)
    with pytest.raises(AssertionError):
        model.call(missed, "1", EIGHT)


def test_a_recall_counts_and_a_first_call_is_remembered():
    called, first = model.call(ticket(1), "1", EIGHT)
    again, second = model.call(called, "1", EIGHT + MINUTE)
    assert (first.calls, second.calls, again.first_called_at) == (1, 2, EIGHT)
    assert (first.aggregate_version, second.aggregate_version) == (1, 2)


@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(-60, 90), st.none() | st.integers(0, 12)), max_size=14),
    st.integers(0, 12),
)
def test_everybody_who_waits_is_called_once_and_nobody_deferred_waits_for_more_than_is_due(given_, calls):
    waiting = [
        replace(ticket(number, slot=slot * 30, came=came), after_call=after)
        for number, (slot, came, after) in enumerate(given_, 1)
    ]
    ordered = model.in_order(waiting, calls)
    assert sorted(one.number for one in ordered) == [one.number for one in waiting]
    in_turn = [one for one in ordered if one.after_call is None]
    assert in_turn == sorted(in_turn, key=lambda one: (one.turn_at, one.late, one.ordinal))
    deferred = [one for one in ordered if one.after_call is not None]
    for position, one in enumerate(ordered):
        if one.after_call is not None:
            due_before = sum(other.after_call <= one.after_call for other in deferred) - 1
            assert position <= max(0, one.after_call - calls) + due_before


def test_before_anybody_is_seen_the_schedule_is_the_estimate():
    queue = model.queue_of([ticket(1), ticket(2), ticket(3)], 0, [SESSION], POLICY, EIGHT)
    assert [round(line.wait.minutes) for line in queue.waiting] == [0, 5, 10]
    assert [line.position for line in queue.waiting] == [1, 2, 3]
    assert all(line.wait.low <= line.wait.minutes <= line.wait.high for line in queue.waiting)


def test_who_comes_before_the_session_begins_waits_for_that_too():
    queue = model.queue_of([ticket(1, came=-50), ticket(2, came=-40)], 0, [SESSION], POLICY, EIGHT - 40 * MINUTE)
    assert [round(line.wait.minutes) for line in queue.waiting] == [40, 45]
    assert [line.wait.low >= 40 for line in queue.waiting] == [True, True]


def test_the_pools_of_a_sitting_have_one_pace():
    kept = replace(SESSION, session_id=uuid4(), places=48, access=Access.APPLICATION)
    queue = model.queue_of([ticket(1), ticket(2)], 0, [SESSION, kept], POLICY, EIGHT)
    assert queue.pace.mean == pytest.approx(2.5)


def test_the_sessions_own_pace_takes_over_and_a_visit_nobody_ended_does_not():
    seen = [
        replace(
            ticket(n),
            status=Status.SEEN,
            desk="1",
            called_at=EIGHT + n * 12 * MINUTE,
            seen_at=EIGHT + (n + 1) * 12 * MINUTE,
        )
        for n in range(1, 11)
    ]
    pace = model.queue_of([*seen, ticket(20)], 10, [SESSION], POLICY, EIGHT).pace
    assert 10 < pace.mean < 12
    forgotten = replace(seen[-1], seen_at=EIGHT + 900 * MINUTE)
    assert model.queue_of([*seen[:-1], forgotten], 10, [SESSION], POLICY, EIGHT).pace.mean < pace.mean + 1


def test_two_desks_halve_the_wait():
    one = pace_of([10] * 10, 10, 1, POLICY.statistics)
    two = pace_of([10] * 10, 5, 2, POLICY.statistics)
    assert estimate(6, 0, two, POLICY.statistics).minutes == pytest.approx(
        estimate(6, 0, one, POLICY.statistics).minutes / 2
    )


def test_four_in_five_waits_lie_in_the_interval():
    """Sessions with a pace of their own, 0.6 to 1.6 of what is planned, and skewed service times (lognormal)."""
    rng = random.Random(20261124)  # noqa: S311 - a simulation
    inside = 0
    for _ in range(2000):
        pace = 5 * rng.uniform(0.6, 1.6)
        seen, ahead = rng.randrange(0, 15), rng.randrange(1, 8)
        past = [pace * rng.lognormvariate(-0.125, 0.5) for _ in range(seen)]
        truth = sum(pace * rng.lognormvariate(-0.125, 0.5) for _ in range(ahead))
        known = estimate(ahead, 0, pace_of(past, 5, 1, POLICY.statistics), POLICY.statistics)
        inside += known.low <= truth <= known.high
    assert 0.74 < inside / 2000 < 0.86
