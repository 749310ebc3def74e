"""A bed round: nobody where they must not lie, nobody left out for nothing, and never better than the bound."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.beds.allocation import matrix, rooms
from services.beds.allocation.model import Answer, Round
from services.beds.allocation.optimise import RuleBroken, assigned_of, bound_of, solve
from services.beds.scoring import points
from services.beds.scoring.hard_rules import Rule, first_broken_rule
from services.beds.scoring.model import AdmissionClass, BedStatus, Sex, SexPolicy, Unscorable
from tests.unit.beds.exhaustive import best
from tests.unit.beds.pools import hospital
from tests.unit.beds.samples import POLICY, place, round_of, rounds, waiting

SEEDS = st.integers(0, 10**6)


def as_left(question: Round, answer: Answer):
    """Every bed as the answer leaves it: its room bound to the sex of those newly assigned."""
    sex = {one.request_id: one.sex for one in question.waiting}
    by_bed = {one.bed_id: sex[one.request_id] for one in answer.assigned}
    bound = {bed.room_id: by_bed[bed.bed_id] for bed in question.places if bed.bed_id in by_bed}
    return [
        replace(bed, room_sex=bound[bed.room_id])
        if bed.sex_policy is SexPolicy.SINGLE and bed.room_id in bound
        else bed
        for bed in question.places
    ]


def check_rules(question: Round, answer: Answer):
    patients = {one.request_id: one for one in question.waiting}
    beds = {bed.bed_id: bed for bed in as_left(question, answer)}
    assert len({one.bed_id for one in answer.assigned}) == len(answer.assigned)
    told = sorted(one.request_id for one in (*answer.assigned, *answer.unassigned))
    assert told == sorted(patients)
    for one in answer.assigned:
        assert first_broken_rule(patients[one.request_id], beds[one.bed_id], question.policy) is None


def check_reasons(question: Round, answer: Answer):
    patients = {one.request_id: one for one in question.waiting}
    taken = {one.bed_id for one in answer.assigned}
    for one in answer.unassigned:
        counted = dict.fromkeys(Rule, 0)
        for bed in as_left(question, answer):
            rule = first_broken_rule(patients[one.request_id], bed, question.policy)
            assert rule or bed.bed_id in taken, "left out for nothing"
            counted[rule or Rule.TAKEN] += 1
        assert one.reasons == {rule: beds for rule, beds in counted.items() if beds}


def totals(answer: Answer):
    return tuple(sum(one.score.points for one in answer.assigned if one.tier == tier) for tier in (0, 1))


@given(rounds(8, 5))
@settings(max_examples=60, deadline=None)
def test_no_hard_rule_is_ever_broken_and_every_bed_is_accounted_for(question):
    answer = solve(question)
    check_rules(question, answer)
    check_reasons(question, answer)
    assert 0 <= answer.gap < 1
    assert answer.achieved == sum(one.score.points for one in answer.assigned) <= answer.bound


@given(SEEDS, st.sampled_from((0.0, 0.5, 0.9)))
@settings(max_examples=5, deadline=None)
def test_no_hard_rule_is_broken_in_a_whole_hospital(seed, occupied):
    question = hospital(60, 240, seed, occupied)
    answer = solve(question)
    check_rules(question, answer)
    check_reasons(question, answer)


@given(rounds(4, 2, policies=(SexPolicy.MIXED,)))
@settings(max_examples=40, deadline=None)
def test_without_the_sex_rule_a_round_is_the_best_there_is_and_its_bound_says_so(question):
    answer = solve(question)
    assert totals(answer) == pytest.approx(best(question), abs=1e-5)
    assert answer.bound == pytest.approx(answer.achieved)


@given(rounds(4, 2, policies=(SexPolicy.SINGLE,)))
@settings(max_examples=40, deadline=None)
def test_where_few_rooms_could_mix_a_round_is_the_best_there_is_and_its_bound_says_so(question):
    answer = solve(question)
    assert totals(answer) == pytest.approx(best(question), abs=1e-5)
    assert answer.bound == pytest.approx(answer.achieved)


@given(rounds(4, 3, policies=(SexPolicy.SINGLE,)))
@settings(max_examples=40, deadline=None)
def test_repair_is_never_above_the_best_nor_the_best_above_the_bound_it_can_prove(question):
    laid_out, most = matrix.build(question), best(question)
    relaxed = rooms.place_all(laid_out, laid_out.room_sex)
    for share in (rooms.ALL_AT_ONCE, rooms.A_QUARTER):
        repaired = rooms.repaired(laid_out, relaxed, laid_out.room_sex, share)
        for chosen in (repaired, rooms.reconsidered(laid_out, repaired)):
            first, rest = rooms.totals(laid_out, chosen)
            assert (round(first, 4), rest) <= (round(most[0], 4), sum(most) + 1e-5)
            assert first < most[0] - 1e-5 or rest <= most[1] + 1e-5
            assert sum(most) <= bound_of(laid_out, relaxed, chosen) + 1e-5


@given(rounds(6, 5))
@settings(max_examples=40, deadline=None)
def test_the_arrays_agree_with_the_scalar_score_and_rules_to_the_last_bit(question):
    laid_out = matrix.build(question)
    for row, patient in enumerate(laid_out.waiting):
        for at, column in enumerate(laid_out.columns):
            rule = first_broken_rule(patient, column.place, POLICY)
            assert laid_out.broken[row, at] == (matrix.RULES.index(rule) if rule else matrix.NONE_BROKEN)
            if rule in (None, Rule.SEX):
                score = points.score(patient, column.place, POLICY, laid_out.context)
                assert laid_out.weights[row, at] == score.points
            else:
                assert np.isnan(laid_out.weights[row, at])


@given(rounds(6, 4), st.randoms())
@settings(max_examples=25, deadline=None)
def test_the_answer_does_not_depend_on_the_order_of_the_question(question, chance):
    patients, beds = list(question.waiting), list(question.places)
    chance.shuffle(patients)
    chance.shuffle(beds)
    assert solve(round_of(patients, beds)) == solve(question)


def test_an_urgent_patient_gets_the_only_bed_whatever_the_scores():
    urgent = waiting(request_id="urgent", triage=2)
    strong = waiting(request_id="strong", waited_hours=5000, rw=4, level4=True)
    answer = solve(round_of([strong, urgent], [place()]))
    assert [one.request_id for one in answer.assigned] == ["urgent"]
    assert answer.unassigned[0].reasons == {Rule.TAKEN: 1}


def test_tier_0_keeps_its_total_but_not_its_beds():
    urgent = waiting(request_id="urgent", triage=1)
    other = waiting(request_id="other", specialty="surgery")
    for shared in ("B1", "B2"):
        beds = [
            place(bed_id=bed, room_id=bed, overflow=("surgery",) if bed == shared else ("urology",))
            for bed in ("B1", "B2")
        ]
        assert len(solve(round_of([urgent, other], beds)).assigned) == 2


def test_an_urgent_total_is_not_given_away_for_any_number_of_others():
    urgent = waiting(request_id="urgent", triage=1)
    others = [waiting(request_id=f"other{number}", waited_hours=9000) for number in range(3)]
    near, far = place(bed_id="near", room_id="near"), place(bed_id="far", room_id="far", campus="west")
    able = replace(urgent, reachable=frozenset({"west"}))
    answer = solve(round_of([able, *others], [near, far]))
    assert {one.request_id: one.bed_id for one in answer.assigned} == {"urgent": "near"}


def test_of_equal_patients_the_smaller_id_comes_first_and_gets_the_earlier_bed():
    beds = [place(bed_id=bed) for bed in ("B2", "B1")]
    answer = solve(round_of([waiting(request_id=name) for name in ("R3", "R1", "R2")], beds))
    assert [(one.request_id, one.bed_id) for one in answer.assigned] == [("R1", "B1"), ("R2", "B2")]


def test_an_empty_room_goes_to_the_sex_that_gains_more_and_the_other_is_told_why():
    women = [waiting(request_id=f"F{number}") for number in range(2)]
    man = waiting(request_id="M", sex=Sex.MALE, waited_hours=700)
    answer = solve(round_of([*women, man], [place(bed_id="B1"), place(bed_id="B2")]))
    assert [one.request_id for one in answer.assigned] == ["F0", "F1"]
    assert answer.unassigned[0].reasons == {Rule.SEX: 2}
    assert answer.gap == 0


def test_where_many_rooms_could_mix_the_gap_tells_what_is_not_proven():
    beds = [place(bed_id=f"{room}-{bed}", room_id=f"room{room}") for room in range(8) for bed in range(2)]
    women = [waiting(request_id=f"F{number}") for number in range(9)]
    men = [waiting(request_id=f"M{number}", sex=Sex.MALE) for number in range(7)]
    answer = solve(round_of([*women, *men], beds))
    assert len(answer.assigned) == 15
    assert answer.gap == pytest.approx(1 / 16)


def test_a_room_decided_for_nobody_in_the_end_is_filled_all_the_same():
    laid_out = matrix.build(round_of([waiting(), waiting(request_id="R2", sex=Sex.MALE)], [place()]))
    nobody = np.full(2, rooms.NO_COLUMN)
    assert sorted(rooms.completed(laid_out, nobody)) == [rooms.NO_COLUMN, 0]


def test_where_the_sex_rule_costs_tier_0_something_only_the_plain_bound_is_proven():
    pair = [waiting(request_id="F", triage=1), waiting(request_id="M", triage=1, sex=Sex.MALE)]
    laid_out = matrix.build(round_of(pair, [place(bed_id="B1"), place(bed_id="B2")]))
    relaxed = rooms.place_all(laid_out, laid_out.room_sex)
    chosen = rooms.repaired(laid_out, relaxed, laid_out.room_sex, rooms.ALL_AT_ONCE)
    assert sorted(chosen) == [rooms.NO_COLUMN, 0]
    assert bound_of(laid_out, relaxed, chosen) == pytest.approx(2 * sum(rooms.totals(laid_out, chosen)))


def test_a_round_without_patients_or_beds_has_an_answer():
    nothing = solve(round_of([], []))
    assert (nothing.assigned, nothing.unassigned, nothing.bound, nothing.gap) == ((), (), 0, 0)
    full = solve(round_of([waiting()], [place(status=BedStatus.OCCUPIED), place(bed_id="B2", specialty="x")]))
    assert full.unassigned[0].reasons == {Rule.STATUS: 1, Rule.SPECIALTY: 1}
    assert full.gap == 0


def test_beds_left_out_because_nobody_can_have_them_are_still_counted():
    question = round_of([waiting(specialty="x")], [place(), place(bed_id="B2", status=BedStatus.CLOSED)])
    assert question.reduced().places == question.free
    assert solve(question.reduced()) == solve(question)


def test_a_round_that_contradicts_itself_is_refused():
    with pytest.raises(Unscorable, match=r"request_id: .*R1 occurs twice"):
        round_of([waiting(), waiting()], [])
    with pytest.raises(Unscorable, match="bed_id"):
        round_of([], [place(), place()])
    with pytest.raises(Unscorable, match="E1/01"):
        round_of([], [place(), place(bed_id="B2", room_sex=Sex.MALE)])


def test_an_answer_that_would_break_a_rule_is_never_given():
    laid_out = matrix.build(
        round_of([waiting(), waiting(request_id="R2", sex=Sex.MALE)], [place(), place(bed_id="B2")])
    )
    with pytest.raises(RuleBroken, match="sex"):
        list(assigned_of(laid_out, np.array([0, 0]), POLICY, {}))
    day_case = matrix.build(round_of([waiting(admission_class=AdmissionClass.DAY)], [place()]))
    with pytest.raises(RuleBroken, match="day-surgery"):
        list(assigned_of(day_case, np.array([0]), POLICY, {}))


def test_a_hospital_round_is_within_a_quarter_of_a_percent_of_its_bound():
    answer = solve(hospital(500, 3000, seed=1))
    assert answer.gap <= 0.0025
    assert answer.policy_version == POLICY.version
