"""Clocks, limits and alerts of the emergency room, and beds held for resuscitation, without any IO."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.beds.emergency import model, policy
from services.beds.emergency.model import BoardLine, HoldUp, MoveRoom, Room, Said, Stamp, StampTime
from services.beds.requests import model as requests_model
from services.beds.requests.model import Phase
from services.beds.scoring.hard_rules import Rule, first_broken_rule
from services.beds.scoring.model import BedStatus
from shared.decision import Refused
from tests.adapters.beds.wards import requested
from tests.unit.beds.samples import POLICY, place, waiting

LIMITS = policy.shipped()["1"]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MINUTES = st.integers(0, 3 * 24 * 60)


def boarding(triage=1, at=NOON):
    event = requested(at, source="emergency", admission_class="emergency", triage=triage)
    request, _ = requests_model.queue(event, at, deceased=False)
    return model.board(request, LIMITS)


def stamped(before, stamp, at, phase=Phase.RESERVED, now=None):
    command = StampTime(request_id=UUID(int=1), stamp=stamp, at=at)
    return model.stamped(command, before, phase, LIMITS, now or max(at, NOON))


@pytest.mark.parametrize(
    ("triage", "room", "minutes"), [(1, "resuscitation", 72), (2, "observation", 1200), (4, "observation", 1200)]
)
def test_the_published_limits_count_from_the_decision_and_a_warning_comes_before(triage, room, minutes):
    one = boarding(triage)
    assert (one.room, model.limit_at(one, LIMITS)) == (room, NOON + minutes * MINUTE)
    assert one.next_alarm_at == model.warn_at(one, LIMITS) < model.limit_at(one, LIMITS)


def test_the_clock_counts_from_the_arrival_where_it_is_known():
    one = stamped(boarding(), Stamp.ARRIVED, NOON - 30 * MINUTE, Phase.WAITING)
    assert (one.since, model.limit_at(one, LIMITS)) == (NOON - 30 * MINUTE, NOON + 42 * MINUTE)
    assert one.next_alarm_at == NOON + 22 * MINUTE


def test_warning_and_limit_are_said_once_each_and_the_limit_alone_when_both_have_come_up():
    one = boarding()
    warned, near = model.alarm(one, LIMITS, NOON + 52 * MINUTE)
    over, passed = model.alarm(warned, LIMITS, NOON + 72 * MINUTE)
    assert (near.type, near.aggregate_version) == ("beds.emergency-limit-near.v1", 1)
    assert (passed.type, passed.aggregate_version) == ("beds.emergency-limit-passed.v1", 2)
    assert over.next_alarm_at is None
    late, alone = model.alarm(one, LIMITS, NOON + 80 * MINUTE)
    assert (late.said, late.next_alarm_at, alone.type) == (Said.PASSED, None, "beds.emergency-limit-passed.v1")


@given(st.lists(MINUTES, min_size=1, max_size=8), st.sampled_from([1, 2, 3, 4]), st.integers(0, 600))
def test_however_late_the_timer_comes_a_room_is_said_at_most_twice_and_never_backwards(waits, triage, before):
    one = stamped(boarding(triage), Stamp.ARRIVED, NOON - before * MINUTE, Phase.WAITING)
    now, said = NOON, []
    for wait in waits:
        now += wait * MINUTE
        if one.next_alarm_at is not None and one.next_alarm_at <= now:
            due_at = one.next_alarm_at
            one, event = model.alarm(one, LIMITS, now)
            assert due_at <= now
            assert (event.limit_at <= now) == event.type.endswith("passed.v1")
            said.append(one.said)
    assert said in ([], [Said.NEAR], [Said.PASSED], [Said.NEAR, Said.PASSED])


@given(MINUTES, MINUTES)
def test_an_earlier_arrival_never_moves_an_alert_to_a_later_instant(earlier, later):
    near, far = sorted((earlier, later))
    one = boarding()
    first = stamped(one, Stamp.ARRIVED, NOON - far * MINUTE, Phase.WAITING)
    second = stamped(one, Stamp.ARRIVED, NOON - near * MINUTE, Phase.WAITING)
    assert first.next_alarm_at <= second.next_alarm_at <= one.next_alarm_at


def test_the_other_room_has_a_clock_of_its_own_and_is_said_anew():
    one, _ = model.alarm(boarding(), LIMITS, NOON + 72 * MINUTE)
    moved = model.moved(MoveRoom(request_id=one.request_id, room=Room.OBSERVATION), one, LIMITS, NOON + 80 * MINUTE)
    assert (moved.since, moved.said) == (NOON + 80 * MINUTE, Said.NOTHING)
    assert moved.next_alarm_at == NOON + (80 + 1080) * MINUTE
    same = model.moved(MoveRoom(request_id=one.request_id, room=Room.RESUSCITATION), one, LIMITS, NOON)
    assert isinstance(same, Refused)


def test_the_transport_stops_the_clock_and_stamps_are_in_order():
    one = boarding()
    left = stamped(one, Stamp.TRANSPORT_STARTED, NOON + 10 * MINUTE)
    assert left.next_alarm_at is None
    assert stamped(left, Stamp.TRANSPORT_ARRIVED, NOON + 20 * MINUTE).transport_arrived_at == NOON + 20 * MINUTE
    refused = {
        "no-bed-yet": stamped(one, Stamp.TRANSPORT_STARTED, NOON + MINUTE, Phase.WAITING),
        "stamp-in-future": stamped(one, Stamp.ARRIVED, NOON + MINUTE, Phase.WAITING, now=NOON),
        "stamp-out-of-order": stamped(left, Stamp.TRANSPORT_ARRIVED, NOON + 5 * MINUTE),
    }
    assert {code: one.reason for code, one in refused.items()} == {code: code for code in refused}
    for wrong in (stamped(one, Stamp.TRANSPORT_ARRIVED, NOON + MINUTE), stamped(one, Stamp.ARRIVED, NOON + MINUTE)):
        assert wrong.reason == "stamp-out-of-order"


def test_the_board_says_what_a_patient_waits_for():
    patient, dirty = waiting(), (place(status=BedStatus.HOUSEKEEPING),)
    line = BoardLine(boarding=boarding(), specialty="cardiology", proposed_bed_id=None, reserved_bed_id=None)

    def hold_up(changed, beds=dirty):
        return model.hold_up(changed, patient, beds, POLICY)

    assert hold_up(line, ()) is HoldUp.NO_BED
    assert hold_up(line, (place(status=BedStatus.HOUSEKEEPING, specialty="surgery"),)) is HoldUp.NO_BED
    assert hold_up(line) is HoldUp.CLEANING
    proposed = replace(line, proposed_bed_id="b")
    assert hold_up(proposed) is HoldUp.ACCEPTANCE
    reserved = replace(proposed, reserved_bed_id="b")
    assert hold_up(reserved) is HoldUp.TRANSPORT
    left = replace(reserved, boarding=stamped(line.boarding, Stamp.TRANSPORT_STARTED, NOON + MINUTE))
    assert hold_up(left) is HoldUp.ON_THE_WAY
    there = replace(left, boarding=stamped(left.boarding, Stamp.TRANSPORT_ARRIVED, NOON + 2 * MINUTE))
    assert hold_up(there) is HoldUp.ADMISSION


@pytest.mark.parametrize(("changes", "rule"), [({}, Rule.HELD), ({"immediate": True}, None), ({"triage": 2}, None)])
def test_a_bed_held_for_resuscitation_is_for_tier_0_alone(changes, rule):
    assert first_broken_rule(waiting(**changes), place(for_resuscitation=True), POLICY) is rule
