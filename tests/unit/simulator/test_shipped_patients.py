"""What the 27 patients that are shipped come to: the figures of the demo's report."""

from collections import Counter
from datetime import UTC, date, datetime

from services.simulator.reading.timing import bed_days, booked_at, hospital_day


def test_every_encounter_is_read_by_class(recording):
    stayed = (encounter for stay in recording.stays for encounter in stay.encounters)
    assert Counter(encounter.encounter_class for encounter in (*recording.visits, *stayed)) == {
        "wellness": 348,
        "ambulatory": 174,
        "outpatient": 52,
        "urgentcare": 2,
        "inpatient": 11,
        "emergency": 17,
    }
    assert len(recording.patients) == 27
    assert recording.not_covered == {"hospice": 0, "snf": 0}
    assert recording.rejected == ()


def test_576_visits_are_booked_and_two_are_cancelled_by_death(recording):
    assert len(recording.visits) == 576
    cancelled = [visit for visit in recording.visits if recording.is_cancelled_by_death(visit)]
    assert [visit.description for visit in cancelled] == ["Death Certification", "Death Certification"]


def test_27_stays_lie_30_days_in_bed_and_cost_222585_yuan_89(recording):
    assert len(recording.stays) == 27
    assert sum(bed_days(stay) for stay in recording.stays) == 30
    assert sum(len(stay.charges) for stay in recording.stays) == 60
    assert sum(stay.amount_fen for stay in recording.stays) == 22_258_589


def test_the_stays_that_end_in_death_open_no_plan(recording):
    assert sum(recording.opens_plan(stay) for stay in recording.stays) == 25
    assert {stay.ended_at for stay in recording.stays if not recording.opens_plan(stay)} == set(
        recording.deaths.values()
    )


def test_the_emergency_and_the_ward_of_one_appendicitis_are_one_stay(recording):
    (stay,) = (stay for stay in recording.stays if len(stay.encounters) > 1)
    assert [encounter.encounter_class for encounter in stay.encounters] == ["emergency", "inpatient"]
    assert stay.ended_at == datetime(2014, 9, 12, 9, 51, 25, tzinfo=UTC)
    assert hospital_day(stay.ended_at) == date(2014, 9, 12)
    assert bed_days(stay) == 4


def test_a_charge_of_nothing_is_a_charge(recording):
    assert sum(charge.amount_fen == 0 for stay in recording.stays for charge in stay.charges) == 4


def test_a_charge_dated_after_its_stay_is_posted_at_its_end(recording):
    for stay in recording.stays:
        assert all(stay.started_at <= charge.posted_at <= stay.ended_at for charge in stay.charges)
    late = [charge for stay in recording.stays for charge in stay.charges if charge.code == "854252"]
    assert [charge.posted_at for charge in late] == [datetime(2020, 10, 8, 6, 18, 23, tzinfo=UTC)]


def test_a_visit_is_booked_14_days_ahead_or_on_the_first_day_of_life(recording):
    patients = {patient.patient_id: patient for patient in recording.patients}
    newborn = next(patient for patient in recording.patients if patient.born_on == date(2024, 1, 3))
    (first,) = (visit for visit in recording.visits if visit.patient_id == newborn.patient_id)
    assert booked_at(newborn, first) == datetime(2024, 1, 3, tzinfo=UTC)
    others = [visit for visit in recording.visits if visit.patient_id != newborn.patient_id]
    assert all((visit.started_at - booked_at(patients[visit.patient_id], visit)).days <= 14 for visit in others)


def test_visits_and_stays_come_in_order_of_time(recording):
    assert [visit.started_at for visit in recording.visits] == sorted(visit.started_at for visit in recording.visits)
    assert [stay.started_at for stay in recording.stays] == sorted(stay.started_at for stay in recording.stays)
