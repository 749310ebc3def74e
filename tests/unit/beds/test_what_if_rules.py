"""What-ifs: the copy is changed and the pool is not; the same patients, another arrangement."""

from dataclasses import replace

import pytest

from services.beds.forecast.model import HOURS_A_WEEK, Past
from services.beds.forecast.scenario import Arrival, Change, Copy, Occupant, Preset, changed, preset, unknown_ward
from services.beds.forecast.simulation import what_if
from services.beds.scoring.model import AdmissionClass, AgeGroup, BedStatus, Isolation
from tests.unit.beds.pools import CAMPUSES, hospital
from tests.unit.beds.test_forecast_rules import NOW

MORE = Change(name="more", open_beds={"W000": 12})
CLOSED = Change(name="closed", open_beds={}, close_wards=("W001",))


HOMES = {"W000": ("x", ("y", "z")), "W001": ("y", ("x", "z")), "W002": ("x", ()), "W003": ("z", ("y",))}


def plain(place):
    """A bed for anybody of its specialties."""
    home, overflow = HOMES[place.ward]
    traits = {"attributes": frozenset(), "isolation": Isolation.NONE, "age_group": AgeGroup.ANY}
    return replace(place, specialty=home, overflow=overflow, **traits)


def patients(waiting, specialties="xyz"):
    """Patients who need nothing but a bed of their specialty."""
    for number, one in enumerate(waiting):
        specialty = specialties[number % len(specialties)]
        needs = {"needs": frozenset(), "isolation": Isolation.NONE, "triage": None, "admission_class": AdmissionClass.B}
        yield replace(one, specialty=specialty, reachable=frozenset(CAMPUSES), immediate=False, **needs)


def pool(waiting=40, beds=160, arrivals=120) -> Copy:
    made = hospital(waiting + arrivals + beds, beds, seed=7)
    places = tuple(plain(place) for place in made.places)
    people = patients(made.waiting)
    queue = tuple(Arrival(patient=next(people), drg=None) for _ in range(waiting))
    come = tuple(Arrival(patient=next(people), drg=None) for _ in range(arrivals))
    lie = tuple(
        Occupant(patient=replace(next(people), specialty=place.specialty), bed_id=place.bed_id, nights=3, drg=None)
        for place in places
        if place.status is BedStatus.OCCUPIED
    )
    return Copy(
        now=NOW,
        hour_of_week=20,
        places=places,
        occupants=lie,
        waiting=queue,
        arrivals=come,
        policy=made.policy,
    )


PAST = Past(
    by_drg={},
    by_specialty={},
    by_ward={},
    leave_hours=[0] * 24,
    arrival_hours=[1] * HOURS_A_WEEK,
    arrivals={"W000": 300},
    daily=[],
    weeks=8.0,
)


def tried(*changes, copy=None, hours=24, time_left=lambda: True):
    return what_if(copy or pool(), PAST, changes, hours, seed=3, time_left=time_left)


def test_the_same_seed_has_the_same_answer_and_no_change_changes_nothing():
    nothing = Change(name="now", open_beds={})
    found = tried(nothing)
    assert found == tried(nothing)
    assert found.now == found.then[0]
    assert found.moves == ((),)


def test_more_beds_place_more_and_nobody_is_lost():
    found = tried(MORE, copy=pool(waiting=120))
    now, more = found.now, found.then[0]
    assert more.placed > now.placed
    assert more.placed + more.still_waiting == now.placed + now.still_waiting
    assert any(move.ward_then == "W000" for move in found.moves[0])


def test_a_closed_ward_takes_nobody_and_who_lies_there_moves_first():
    copy = pool()
    inside = {one.patient.request_id for one in copy.occupants if one.bed_id.startswith("W001/")}
    found = tried(CLOSED, copy=copy)
    assert all(move.ward_then != "W001" for move in found.moves[0])
    assert inside & {move.request_id for move in found.moves[0]}
    assert found.then[0].placed + found.then[0].still_waiting == (
        found.now.placed + found.now.still_waiting + len(inside)
    )


def test_without_overflow_nobody_lies_in_another_specialtys_bed():
    found = tried(*(preset(which) for which in Preset))
    assert [outcome.name for outcome in found.then] == ["no-overflow", "one-overflow", "two-overflow"]
    none, one, two = found.then
    assert none.cross_ward_share in (None, 0.0)
    assert none.placed <= one.placed <= two.placed


def test_the_simulation_stops_after_the_step_in_which_its_time_is_over():
    assert tried(MORE, time_left=lambda: False).hours == 2


def test_a_change_is_made_on_a_copy():
    copy = pool()
    before = tuple(copy.places)
    beds = changed(copy.places, Change(name="all", open_beds={"W000": 2}, close_wards=("W001",), overflow_places=1))
    assert copy.places == before
    assert len(beds) == len(before) + 2
    assert {bed.status for bed in beds if bed.ward == "W001"} == {BedStatus.CLOSED}
    assert max(len(bed.overflow) for bed in beds) == 1


def test_beds_that_are_opened_are_as_most_of_the_ward():
    beds = [replace(place, isolation=Isolation.NONE) for place in pool().places if place.ward == "W000"]
    beds[0] = replace(beds[0], isolation=Isolation.AIRBORNE)
    (new,) = changed(beds, Change(name="one", open_beds={"W000": 1}))[len(beds) :]
    assert (new.isolation, new.ward, new.status) == (Isolation.NONE, "W000", BedStatus.UNOCCUPIED)
    assert new.room_id not in {bed.room_id for bed in beds}


@pytest.mark.parametrize(
    "change", [Change(name="x", open_beds={"nowhere": 1}), replace(CLOSED, close_wards=("nowhere",))]
)
def test_a_ward_that_is_not_there_is_named(change):
    assert unknown_ward(pool().places, (MORE, change)) == "nowhere"
    assert unknown_ward(pool().places, (MORE,)) is None
