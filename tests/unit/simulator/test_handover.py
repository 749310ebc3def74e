"""Which recorded visits show the waitlist and the queue at work."""

from dataclasses import replace

from services.simulator.play.calling import called_at
from services.simulator.play.people import first_day
from services.simulator.play.waiting import AHEAD, handover_of
from services.simulator.reading.timing import booked_at


def test_the_waitlist_is_shown_with_two_visits_that_are_booked_at_the_same_time(recording):
    handover = handover_of(recording)
    patients = {patient.patient_id: patient for patient in recording.patients}
    people = {handover.moving.patient_id, handover.waiting.patient_id, handover.in_vain.patient_id}
    assert len(people) == 3
    assert handover.at == max(
        booked_at(patients[visit.patient_id], visit) for visit in (handover.moving, handover.waiting)
    )
    assert min(handover.moving.started_at, handover.waiting.started_at) - handover.at >= AHEAD
    assert all(first_day(patients[one]) <= handover.at for one in people)


def test_where_nobody_is_booked_beside_another_there_is_nothing_to_show(recording):
    alone = [visit for visit in recording.visits if visit.patient_id == recording.visits[0].patient_id]
    assert handover_of(replace(recording, visits=tuple(alone))) is None


def test_a_patient_is_called_after_a_third_of_the_visit(recording):
    for visit in recording.visits:
        assert visit.started_at <= called_at(visit) <= visit.stopped_at
