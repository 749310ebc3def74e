"""The rules of cleaning, promises, and what is taken back in a stay, as sentences."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from services.beds.housekeeping import model as housekeeping
from services.beds.housekeeping.model import Kind
from services.beds.inventory import attributes
from services.beds.inventory import model as inventory
from services.beds.planned import model as planned
from services.beds.planned.model import Patient, Span
from services.beds.scoring.model import BedStatus, Isolation, Sex
from services.beds.stays import changes
from services.beds.stays import model as stays
from services.beds.stays.changes import By, ChangeCareTeam
from services.beds.stays.model import Phase
from shared.decision import Refused
from tests.unit.beds.test_stay_rules import BED, NOON, PATIENT, STAY, reserved_stay

HOUR = timedelta(hours=1)
NURSE = By(subject="a nurse", wards=frozenset({"east/C1"}))
TASK, _ = housekeeping.request(UUID(int=7), BED, STAY, Kind.TERMINAL, NOON)


def lying():
    """A stay whose patient lies in the bed since noon."""
    stay, _ = stays.admit(reserved_stay(), NOON)
    return stay


def test_a_stronger_cleaning_may_take_longer_and_counts_for_a_weaker_one():
    assert housekeeping.ALLOWED[Kind.TURNOVER] < housekeeping.ALLOWED[Kind.TERMINAL]
    assert housekeeping.ALLOWED[Kind.TERMINAL] < housekeeping.ALLOWED[Kind.ISOLATION]
    done, event = housekeeping.finish(TASK, Kind.ISOLATION, "somebody", NOON + HOUR)
    assert (done.kind, event.kind, done.done_by) == (Kind.ISOLATION, "isolation", "somebody")
    assert housekeeping.finish(TASK, Kind.TURNOVER, "somebody", NOON).reason == "cleaning-too-weak"


@pytest.mark.parametrize(
    ("patient", "room", "kind"),
    [
        (Isolation.NONE, Isolation.NONE, Kind.TERMINAL),
        (Isolation.DROPLET, Isolation.NONE, Kind.ISOLATION),
        (Isolation.NONE, Isolation.CONTACT, Kind.ISOLATION),
    ],
)
def test_precautions_of_the_patient_or_the_room_ask_for_the_strongest_cleaning(patient, room, kind):
    bed = replace(BED, room=replace(BED.room, isolation=room))
    assert housekeeping.kind_after(bed, patient, Kind.TERMINAL) is kind


def test_a_clock_that_goes_back_ends_no_cleaning_before_it_began():
    started = housekeeping.start(TASK, "somebody", NOON + HOUR)
    done, _ = housekeeping.finish(started, None, "somebody", NOON)
    assert done.requested_at <= done.started_at <= done.done_at


def test_two_beds_change_patients_at_one_instant_and_none_is_empty():
    one = inventory.occupy(BED, STAY, PATIENT, NOON)
    other = inventory.occupy(replace(BED, bed_id="east/C1/01/2"), UUID(int=8), UUID(int=9), NOON + HOUR)
    first, second = inventory.exchange(one, other, NOON)
    assert (first.stay_id, second.stay_id, first.changed_at) == (other.stay_id, STAY, second.changed_at)
    assert [bed.status for bed in (first, second)] == [BedStatus.OCCUPIED] * 2
    assert [bed.version for bed in (first, second)] == [one.version + 1, other.version + 1]


@pytest.mark.parametrize("status", [BedStatus.CLOSED, BedStatus.ISOLATED, BedStatus.OCCUPIED])
def test_a_bed_that_was_closed_or_given_away_is_not_had_back(status):
    assert inventory.take_back(replace(BED, status=status), STAY, PATIENT, NOON).reason == "bed-given-away"


def test_nothing_is_taken_back_in_another_ward_and_everything_without_a_limit():
    assert NURSE.refused_in(lying()) is None
    assert NURSE.refused_in(replace(lying(), ward_id="east/S1")).reason == "other-ward"
    assert By(subject="the coordinator").refused_in(replace(lying(), ward_id="east/S1")) is None


def test_a_swap_is_not_taken_back_as_a_transfer():
    moved, event = stays.transfer(lying(), BED, stays.Suitability(), None, swap_id=UUID(int=3))
    assert event.swap_id == UUID(int=3)
    assert changes.bed_before(moved).reason == "no-transfer-to-cancel"
    moved, _ = stays.transfer(lying(), replace(BED, bed_id="east/C1/01/2"), stays.Suitability(), None)
    assert changes.bed_before(moved) == BED.bed_id


def test_a_leave_is_undone_until_a_day_later_and_a_leaving_said_before_counts_no_more():
    left, _ = stays.leave(lying(), NOON + HOUR)
    assert changes.undo_leave(left, NOON + 25 * HOUR + stays.INSTANT).reason == "too-late-to-undo"
    back, event = changes.undo_leave(left, NOON + 2 * HOUR)
    assert (back.phase, back.left_at, back.bed_days, event.left_at) == (Phase.ADMITTED, None, None, NOON + HOUR)
    assert changes.said_before_undoing(back, NOON + HOUR)
    assert not changes.said_before_undoing(back, NOON + 3 * HOUR)
    assert not changes.said_before_undoing(back, NOON + 2 * HOUR), "of the same instant is the next one"


def test_who_is_to_leave_still_lies_there():
    leaving, event = changes.order_discharge(lying(), NOON + HOUR)
    assert (leaving.phase, leaving.leaving, event.discharge_ordered_at) == (Phase.ADMITTED, True, NOON + HOUR)
    assert changes.cancel_expectation(leaving, NOON).reason == "not-leaving"
    assert changes.order_discharge(reserved_stay(), NOON) is None


def test_another_team_answers_and_bed_and_ward_stay():
    command = ChangeCareTeam(stay_id=STAY, specialty="surgery", care_team=None, by=NURSE)
    changed, event = changes.change_care_team(lying(), command, NOON)
    assert (changed.bed_id, changed.specialty, event.previous_specialty) == (BED.bed_id, "surgery", "cardiology")


@pytest.mark.parametrize("span", [(0, 5), (2, 2), (3, 1)])
def test_a_promise_begins_ahead_and_ends_later(span):
    patient = Patient(request_id=STAY, patient_id=PATIENT, sex=Sex.FEMALE)
    days = Span(from_at=NOON + span[0] * HOUR, until_at=NOON + span[1] * HOUR)
    made = planned.plan(UUID(int=5), BED, patient, days, reason=None, by="somebody", now=NOON)
    assert isinstance(made, Refused)


def test_a_closure_is_promised_to_nobody_and_told_to_nobody():
    made, event = planned.plan(
        UUID(int=5), BED, None, Span(from_at=NOON + HOUR, until_at=None), reason="paint", by="somebody", now=NOON
    )
    assert (made.kind, made.patient_id, event) == ("closure", None, None)
    assert made.notice_at == made.from_at - planned.NOTICE


def test_the_listed_attributes_hold_what_the_score_calls_scarce(tmp_path):
    assert {"oxygen", "telemetry", "negative-pressure", "bariatric", "day-surgery"} <= attributes.listed()
    wrong = tmp_path / "attributes.json"
    wrong.write_text('{"attributes": ["a b"]}')
    with pytest.raises(ValueError, match="attributes"):
        attributes.listed(wrong)
