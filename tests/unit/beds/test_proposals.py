"""The rules of proposals between two rounds, and the runners-up that each of them names."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings

from services.beds.allocation import agenda, inputs, proposals
from services.beds.allocation.agenda import Chosen, Kind, Pool
from services.beds.allocation.optimise import solve
from services.beds.casemix.model import NOTHING_KNOWN
from services.beds.inventory.model import Bed, Room
from services.beds.requests.model import queue, waiting
from services.beds.scoring import points
from services.beds.scoring.hard_rules import first_broken_rule
from services.beds.scoring.model import NO_CASE_MIX, AgeGroup, BedStatus, Isolation, SexPolicy
from tests.adapters.beds.wards import requested
from tests.unit.beds.samples import POLICY, rounds

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
URGENT = {"triage": 1, "admission_class": "emergency"}


def bed(number: int, room_no: int = 1) -> Bed:
    """A free bed of a single-sex room."""
    room = Room(
        room_id=f"east/C1/{room_no}",
        ward_id="east/C1",
        sex_policy=SexPolicy.SINGLE,
        age_group=AgeGroup.ADULT,
        isolation=Isolation.NONE,
        attributes=frozenset(),
    )
    return Bed(
        bed_id=f"{room.room_id}/{number}",
        bed_no=number,
        room_no=room_no,
        campus_id="east",
        room=room,
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


def pool(events, free, before=None, room_sexes=None, now=NOON, **changes) -> Pool:
    """The pool as a round finds it; `before`: event → the bed proposed to it."""
    usual = {
        "kind": Kind.EVENT,
        "wanted": (1,),
        "last_round_no": 4,
        "waiting": tuple(queue(event, NOON, deceased=False)[0] for event in events),
        "free": tuple(free),
        "soon": (),
        "free_at": {},
        "beds": len(free) + 3,
        "room_sexes": room_sexes or {},
        "proposed": {event.request_id: of.bed_id for event, of in before or []},
        "unpriced": (),
        "known": NOTHING_KNOWN,
        "mix": NO_CASE_MIX,
        "policy": POLICY,
        "now": now,
    }
    return Pool(**(usual | changes))


def round_after(pool_before: Pool, before=()):
    """What a round makes of the pool."""
    asked = agenda.agenda(pool_before)
    return proposals.outcome(asked, solve(asked.question), before, "digest", pool_before.now)


def beds_of(outcome):
    """Request → bed of the new proposals."""
    return {one.request_id: one.bed_id for one in outcome.proposed}


def test_a_proposal_stays_unless_the_new_one_is_better_by_more_than_the_bonus():
    has, waits = requested(NOON), requested(NOON, rw=1.3)
    first = round_after(pool([has], [bed(1)])).proposed
    same = round_after(pool([has, waits], [bed(1)], [(has, bed(1))]), first)
    assert (same.proposed, same.withdrawn) == ((), ())
    assert [one.request_id for one in same.unplaced] == [waits.request_id]
    urgent = requested(NOON, rw=4.0, level4=True)
    changed = round_after(pool([has, urgent], [bed(1)], [(has, bed(1))]), first)
    assert beds_of(changed) == {urgent.request_id: bed(1).bed_id}
    assert changed.withdrawn == (has.request_id,)


def test_a_patient_keeps_the_very_bed_where_another_of_the_room_is_free_too():
    has, waits = requested(NOON), requested(NOON)
    before = round_after(pool([has], [bed(2)])).proposed
    outcome = round_after(pool([has, waits], [bed(1), bed(2)], [(has, bed(2))]), before)
    assert (beds_of(outcome), outcome.withdrawn) == ({waits.request_id: bed(1).bed_id}, ())


def test_a_proposal_whose_bed_or_request_is_gone_is_withdrawn():
    lost, reserved = requested(NOON), requested(NOON)
    before = round_after(pool([lost, reserved], [bed(1), bed(2)])).proposed
    outcome = round_after(pool([lost], [bed(3)], [(lost, bed(1)), (reserved, bed(2))]), before)
    assert set(outcome.withdrawn) == {lost.request_id, reserved.request_id}
    assert beds_of(outcome) == {lost.request_id: bed(3).bed_id}


def test_an_urgent_patient_is_given_a_bed_that_is_merely_proposed():
    has, urgent = requested(NOON), requested(NOON, **URGENT)
    outcome = round_after(pool([has, urgent], [bed(1)], [(has, bed(1))]))
    assert beds_of(outcome) == {urgent.request_id: bed(1).bed_id}


def test_the_rest_of_the_pool_counts_as_not_free():
    assert agenda.agenda(pool([requested(NOON)], [bed(1)])).question.not_free == 3


def morning(events, free, soon, hours):
    """A morning round that counts on beds which are free in so many hours."""
    free_at = {one.bed_id: NOON + timedelta(hours=hours) for one in soon}
    return pool(events, free, kind=Kind.MORNING, soon=tuple(soon), free_at=free_at)


def test_a_bed_that_is_soon_free_is_proposed_with_its_time_and_its_price():
    waits = requested(NOON)
    occupied = replace(bed(1), status=BedStatus.OCCUPIED, stay_id=waits.request_id, patient_id=waits.patient_id)
    (proposal,) = round_after(morning([waits], [], [occupied], 6)).proposed
    assert proposal.available_from == NOON + timedelta(hours=6)
    delay = next(term for term in proposal.terms if term.name == "delay")
    assert delay.points == -POLICY.weights.delay / 2
    assert ("delay", POLICY.weights.delay / 2) in proposal.concessions


def test_a_free_bed_goes_before_one_that_is_soon_free_and_an_urgent_patient_is_given_no_other():
    first, urgent = requested(NOON), requested(NOON, **URGENT)
    outcome = round_after(morning([first], [bed(1)], [bed(2)], 6))
    assert beds_of(outcome) == {first.request_id: bed(1).bed_id}
    outcome = round_after(morning([urgent], [], [bed(2)], 6))
    assert [dict(one.reasons) for one in outcome.unplaced] == [{"status": 3}]


def test_a_bed_that_has_become_free_is_proposed_anew_so_that_it_can_be_accepted():
    waits = requested(NOON)
    later = round_after(morning([waits], [], [bed(1)], 6)).proposed
    outcome = round_after(pool([waits], [bed(1)], [(waits, bed(1))]), later)
    assert [(one.bed_id, one.available_from) for one in outcome.proposed] == [(bed(1).bed_id, None)]
    assert outcome.withdrawn == (waits.request_id,)


def test_a_score_is_computed_again_from_what_was_kept_of_it_to_the_last_bit():
    waits = [requested(NOON - timedelta(hours=number), rw=None if number else 1.7) for number in range(3)]
    for proposal in round_after(pool(waits, [bed(1), bed(2), bed(3)])).proposed:
        kept = inputs.loaded(inputs.dumped(proposal.inputs))
        policy = inputs.loaded_policy(inputs.dumped_policy(POLICY))
        assert inputs.recomputed(kept, policy).terms == proposal.terms
        assert inputs.digest(policy) == inputs.digest(POLICY)


def test_a_choice_costs_what_the_round_would_have_reached_without_it():
    far = replace(bed(3, room_no=3), specialty="surgery", overflow=("cardiology",))
    chosen_for, other = requested(NOON), requested(NOON)
    asked = agenda.agenda(pool([other], [bed(1)]))
    everybody = agenda.agenda(pool([chosen_for, other], [bed(1), far]))
    question = everybody.question
    patient = next(one for one in question.waiting if one.request_id == str(chosen_for.request_id))
    place = next(one for one in question.places if one.bed_id == far.bed_id)
    context = points.context_of(question.waiting, POLICY)
    score = points.score(patient, place, POLICY, context).points
    chosen = Chosen(decision_no=1, score=score, inputs=inputs.inputs_of(patient, place, context))
    without = solve(agenda.without(asked, chosen))
    assert agenda.price(chosen, solve(asked.question), without) == 0.0
    alone = agenda.agenda(pool([], [bed(1)]))
    cost = agenda.price(chosen, agenda.nothing_to_assign(alone), solve(agenda.without(alone, chosen)))
    home = points.score(patient, question.places[0], POLICY, context).points
    assert cost == home - score > 0


def test_whoever_has_a_bed_that_a_patient_could_have_is_named():
    waits, has = requested(NOON), requested(NOON)
    held = replace(bed(2), status=BedStatus.OCCUPIED, stay_id=has.request_id, patient_id=has.patient_id)
    other_ward = replace(bed(4, room_no=4), specialty="surgery", stay_id=has.request_id, status=BedStatus.OCCUPIED)
    asked = agenda.agenda(pool([waits], [bed(1)], [(has, bed(1))]))
    patient = waiting(queue(waits, NOON, deceased=False)[0], NOON)
    cleaning = replace(bed(3), status=BedStatus.HOUSEKEEPING)
    found = agenda.holders(patient, asked, [bed(1), held, cleaning, other_ward])
    assert [(one.bed_id, one.held_by, one.holder_id) for one in found] == [
        (bed(1).bed_id, "proposal", has.request_id),
        (held.bed_id, "stay", has.request_id),
        (cleaning.bed_id, "cleaning", None),
    ]


def test_the_morning_comes_by_the_hospitals_clock():
    before, after = datetime(2026, 3, 1, 22, 59, tzinfo=UTC), datetime(2026, 3, 1, 23, tzinfo=UTC)
    assert agenda.next_morning(before, POLICY) == datetime(2026, 3, 1, 23, tzinfo=UTC)
    assert agenda.next_morning(after, POLICY) == datetime(2026, 3, 2, 23, tzinfo=UTC)


@settings(max_examples=60, deadline=None)
@given(rounds(4, 4))
def test_the_runner_up_is_the_best_other_bed_that_no_rule_forbids(question):
    context = points.context_of(question.waiting, POLICY)
    patients = {one.request_id: one for one in question.waiting}
    for assigned in solve(question).assigned:
        patient = patients[assigned.request_id]
        others = [
            points.score(patient, place, POLICY, context).points
            for place in question.free
            if place.bed_id != assigned.bed_id and first_broken_rule(patient, place, POLICY) is None
        ]
        best = assigned.runner_up.points if assigned.runner_up else None
        assert best == max(others, default=None)


@settings(max_examples=60, deadline=None)
@given(rounds(4, 4))
def test_the_rival_is_the_best_other_patient_whom_no_rule_forbids_the_bed(question):
    context = points.context_of(question.waiting, POLICY)
    places = {place.bed_id: place for place in question.free}
    for assigned in solve(question).assigned:
        place = places[assigned.bed_id]
        others = [
            points.score(patient, place, POLICY, context).points
            for patient in question.waiting
            if patient.request_id != assigned.request_id and first_broken_rule(patient, place, POLICY) is None
        ]
        assert (assigned.rival.points if assigned.rival else None) == max(others, default=None)
