"""The rules of beds, requests and stays, as sentences."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.beds.inventory import model as inventory
from services.beds.inventory.model import Bed, Room
from services.beds.requests import model as requests
from services.beds.scoring import policy_file
from services.beds.scoring.hard_rules import Rule
from services.beds.scoring.model import AgeGroup, BedStatus, Isolation, Sex, SexPolicy, Unscorable
from services.beds.stays import model as stays
from services.beds.stays import suiting
from services.beds.stays.model import Override, Phase, Reason, ReserveBed, Suitability
from shared.decision import Refused
from tests.adapters.beds.wards import requested
from tests.unit.beds.samples import place, waiting

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
POLICY = policy_file.default()
STAY, PATIENT = UUID(int=1), UUID(int=2)
ROOM = Room(
    room_id="east/C1/01",
    ward_id="east/C1",
    sex_policy=SexPolicy.SINGLE,
    age_group=AgeGroup.ADULT,
    isolation=Isolation.NONE,
    attributes=frozenset(),
)
BED = Bed(
    bed_id="east/C1/01/1",
    bed_no=1,
    room_no=1,
    campus_id="east",
    room=ROOM,
    specialty="cardiology",
    overflow=(),
    stay_band=None,
    status=BedStatus.UNOCCUPIED,
    reserved=False,
    stay_id=None,
    patient_id=None,
    changed_at=NOON,
    version=1,
)


def reserved_stay():
    """A stay with a bed that was reserved at noon."""
    request, _ = requests.queue(requested(NOON), NOON, deceased=False)
    command = ReserveBed(request_id=request.request_id, bed_id=BED.bed_id, hold=timedelta(hours=4), policy=POLICY)
    stay, _ = stays.reserve(command, request, BED, Suitability(), None)
    return stay


def test_a_bed_goes_from_free_by_reserved_and_occupied_to_housekeeping_and_free():
    reserved = inventory.reserve(BED, STAY, PATIENT, NOON)
    occupied = inventory.occupy(reserved, STAY, PATIENT, NOON)
    dirty = inventory.release(occupied, NOON)
    clean = inventory.clean(dirty, NOON)
    states = [(bed.status, bed.reserved, bed.version) for bed in (reserved, occupied, dirty, clean)]
    assert states == [("U", True, 2), ("O", False, 3), ("H", False, 4), ("U", False, 5)]


def test_a_reserved_bed_that_is_given_up_is_free_without_cleaning():
    assert inventory.release(inventory.reserve(BED, STAY, PATIENT, NOON), NOON).is_free


def test_a_bed_that_is_kept_for_one_stay_is_taken_for_every_other():
    reserved = inventory.reserve(BED, STAY, PATIENT, NOON)
    assert inventory.occupy(reserved, UUID(int=9), PATIENT, NOON).reason == "bed-taken"
    assert inventory.reserve(reserved, UUID(int=9), PATIENT, NOON).reason == "bed-taken"


@pytest.mark.parametrize("status", [one for one in BedStatus if one not in (BedStatus.UNOCCUPIED, BedStatus.RESERVED)])
def test_only_an_unoccupied_bed_is_reserved(status):
    assert isinstance(inventory.reserve(replace(BED, status=status), STAY, PATIENT, NOON), Refused)


def test_a_reservation_is_good_up_to_its_last_instant():
    stay = reserved_stay()
    admitted, event = stays.admit(stay, NOON + timedelta(hours=4))
    assert (admitted.phase, event.admitted_at) == (Phase.ADMITTED, NOON + timedelta(hours=4))
    late = stays.admit(stay, NOON + timedelta(hours=4) + stays.INSTANT)
    assert late.reason is Reason.HOLD_EXPIRED


def test_a_hard_rule_is_broken_by_an_override_only_and_the_rule_is_kept():
    man, womens_room = waiting(sex=Sex.MALE), place(room_sex=Sex.FEMALE)
    assert suiting.suitability(man, womens_room, POLICY, None).reason is Reason.HARD_RULE
    decided = suiting.suitability(man, womens_room, POLICY, Override(reason="a father and his daughter", by="c1"))
    assert decided == Suitability(overridden_rule=Rule.SEX, sex_exception=True)
    assert suiting.suitability(waiting(), place(), POLICY, Override(reason="none needed", by="c1")) == Suitability()


def test_an_override_of_another_rule_does_not_hide_that_sexes_would_mix():
    man, elsewhere = waiting(sex=Sex.MALE, specialty="surgery"), place(room_sex=Sex.FEMALE)
    decided = suiting.suitability(man, elsewhere, POLICY, Override(reason="no other bed", by="c1"))
    assert decided == Suitability(overridden_rule=Rule.SPECIALTY, sex_exception=True)


@pytest.mark.parametrize(
    ("admitted_at", "left_at", "days"),
    [
        ("2026-03-02T01:00", "2026-03-02T15:59", 1),
        ("2026-03-02T15:59", "2026-03-02T16:00", 1),
        ("2026-03-02T15:59", "2026-03-03T16:00", 2),
        ("2026-03-01T16:00", "2026-03-05T15:59", 3),
    ],
)
def test_bed_days_are_midnights_in_shanghai_and_at_least_one(admitted_at, left_at, days):
    instants = [datetime.fromisoformat(f"{text}+00:00") for text in (admitted_at, left_at)]
    assert stays.bed_days(*instants) == days


def test_who_leaves_before_the_admission_by_another_clock_leaves_at_the_admission():
    admitted, _ = stays.admit(reserved_stay(), NOON)
    left, released = stays.leave(admitted, NOON - timedelta(seconds=5))
    assert (left.left_at, released.released_at, left.bed_days) == (NOON, NOON, 1)


def test_waiting_counts_from_when_the_clinic_wrote_the_request():
    request, queued = requests.queue(requested(NOON), NOON + timedelta(hours=2), deceased=False)
    assert requests.waiting(request, NOON + timedelta(hours=3)).waited_hours == 3
    assert queued.queued_at == NOON + timedelta(hours=2)


def test_the_ranking_is_by_tier_then_points_then_age_of_the_request():
    asked = [
        requested(NOON, admission_class="C"),
        requested(NOON - timedelta(days=1), admission_class="C"),
        requested(NOON, triage=2, admission_class="emergency", rw=0.1),
        requested(NOON, rw=4.0, level4=True, admission_class="A"),
    ]
    queued = [requests.queue(event, NOON, deceased=False)[0] for event in asked]
    ranked = requests.rank(queued, POLICY, NOON)
    assert [one.request.request_id for one in ranked] == [asked[number].request_id for number in (2, 3, 1, 0)]


def test_an_emergency_without_triage_is_sent_back_as_a_message_that_must_be_mended():
    with pytest.raises(Unscorable, match="triage"):
        requests.queue(requested(NOON, admission_class="emergency"), NOON, deceased=False)
