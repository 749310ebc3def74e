"""The rules of proposals between two rounds, and the runner-up that each of them names."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given, settings

from services.beds.allocation import proposals
from services.beds.allocation.optimise import solve
from services.beds.allocation.proposals import Pool, Proposal
from services.beds.inventory.model import Bed, Room
from services.beds.requests.model import queue
from services.beds.scoring import points
from services.beds.scoring.hard_rules import first_broken_rule
from services.beds.scoring.model import AgeGroup, BedStatus, Isolation, Sex, SexPolicy
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


def proposal(event, of: Bed, tier: int = 1) -> Proposal:
    """A proposal of an earlier round."""
    return Proposal(
        request_id=event.request_id,
        bed_id=of.bed_id,
        ward_id=of.ward_id,
        tier=tier,
        score=50.0,
        terms=(),
        runner_up_bed_id=None,
        margin=None,
        policy_version=POLICY.version,
        gap=0.0,
        proposed_at=NOON,
    )


def pool(events, free, before=(), room_sexes=None) -> Pool:
    """The pool as a round finds it."""
    return Pool(
        wanted=(1,),
        waiting=tuple(queue(event, NOON, deceased=False)[0] for event in events),
        free=tuple(free),
        beds=len(free) + 3,
        room_sexes=room_sexes or {},
        proposals=tuple(before),
        policy=POLICY,
        now=NOON,
    )


def asked_for(agenda):
    """The requests that a round asks for."""
    return {UUID(one.request_id) for one in agenda.question.waiting}


def test_a_proposal_with_a_free_bed_is_kept_and_its_bed_is_offered_to_nobody():
    has, waits = requested(NOON), requested(NOON)
    agenda = proposals.agenda(pool([has, waits], [bed(1), bed(2)], [proposal(has, bed(1))]))
    assert asked_for(agenda) == {waits.request_id}
    assert [place.bed_id for place in agenda.question.places] == [bed(2).bed_id]
    assert agenda.question.places[0].room_sex is Sex.FEMALE
    assert agenda.question.not_free == 3


def test_a_proposal_whose_bed_or_request_or_rule_is_gone_is_open():
    lost, broken, reserved = requested(NOON), requested(NOON), requested(NOON)
    before = [proposal(lost, bed(9)), proposal(broken, bed(1)), proposal(reserved, bed(2))]
    agenda = proposals.agenda(pool([lost, broken], [bed(1), bed(2)], before, {1: Sex.MALE}))
    assert asked_for(agenda) == {lost.request_id, broken.request_id}
    assert set(agenda.open) == {lost.request_id, broken.request_id, reserved.request_id}


def test_of_two_sexes_proposed_to_one_room_the_better_proposal_stays():
    woman, man = requested(NOON), requested(NOON, sex="M")
    before = [proposal(woman, bed(1)), replace(proposal(man, bed(2)), score=60.0)]
    agenda = proposals.agenda(pool([woman, man], [bed(1), bed(2)], before))
    assert set(agenda.kept) == {man.request_id}


def test_only_proposals_that_keep_an_urgent_patient_out_give_way():
    in_the_way, elsewhere, urgent = requested(NOON), requested(NOON), requested(NOON, **URGENT)
    other_room = {2: Sex.MALE}
    far = replace(bed(3, room_no=3), specialty="surgery", overflow=("cardiology",))
    far = replace(far, room=replace(far.room, isolation=Isolation.CONTACT))
    contact = requested(NOON, isolation="contact")
    before = [proposal(in_the_way, bed(1)), proposal(contact, far)]
    agenda = proposals.agenda(
        pool([in_the_way, elsewhere, urgent, contact], [bed(1), far], before, room_sexes=other_room)
    )
    again = proposals.reopened(agenda, solve(agenda.question))
    assert set(again.open) == {in_the_way.request_id}
    assert set(again.kept) == {contact.request_id}
    placed = {UUID(one.request_id) for one in solve(again.question).assigned}
    assert placed == {urgent.request_id}


def test_an_urgent_proposal_never_gives_way():
    has, urgent = requested(NOON, **URGENT), requested(NOON, **URGENT)
    agenda = proposals.agenda(pool([has, urgent], [bed(1)], [proposal(has, bed(1), tier=0)]))
    assert proposals.reopened(agenda, solve(agenda.question)) is None


def test_who_is_given_the_same_bed_again_keeps_the_proposal_as_it_was():
    has = requested(NOON)
    agenda = proposals.agenda(pool([has], [bed(1)], [proposal(has, bed(1))]), [has.request_id])
    outcome = proposals.outcome(agenda, solve(agenda.question), NOON)
    assert (outcome.proposed, outcome.withdrawn, outcome.unplaced) == ((), (), ())


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
