"""Every term of the score, at its edges."""

from dataclasses import replace
from functools import reduce
from operator import add

import pytest
from hypothesis import given

from services.beds.scoring import points
from services.beds.scoring.model import AdmissionClass, CaseMix, Sex, SexPolicy, Urgency
from tests.unit.beds.samples import POLICY, place, rounds, waiting

TERMS = ["u", "a", "rw", "l4", "cmi", "s", "spec", "campus", "equip", "los", "flex"]
NOBODY_ELSE = points.Context(hospital_cmi=1.0, rw_by_specialty={}, rw_overall=None)


def term(name, patient=None, bed=None, context=NOBODY_ELSE, policy=POLICY):
    score = points.score(patient or waiting(), bed or place(), policy, context)
    return next(one for one in score.terms if one.name == name)


def value(name, patient=None, bed=None, context=NOBODY_ELSE, policy=POLICY):
    return term(name, patient, bed, context, policy).value


@pytest.mark.parametrize(
    ("changes", "urgency", "worth", "longest_hours"),
    [
        ({"triage": 1}, Urgency.L1, 1.0, 1),
        ({"triage": 2}, Urgency.L2, 0.85, 4),
        ({"triage": 3}, Urgency.L3, 0.6, 12),
        ({"triage": 4}, Urgency.L4, 0.35, 24),
        ({"admission_class": AdmissionClass.TRANSFER}, Urgency.TRANSFER, 0.55, 48),
        ({"admission_class": AdmissionClass.A}, Urgency.A, 0.5, 30 * 24),
        ({"admission_class": AdmissionClass.B}, Urgency.B, 0.3, 90 * 24),
        ({"admission_class": AdmissionClass.C}, Urgency.C, 0.15, 365 * 24),
        ({"admission_class": AdmissionClass.DAY}, Urgency.DAY, 0.6, 24),
        ({"admission_class": AdmissionClass.C, "triage": 2}, Urgency.L2, 0.85, 4),
        ({"admission_class": AdmissionClass.EMERGENCY, "triage": 3}, Urgency.L3, 0.6, 12),
    ],
)
def test_urgency_and_longest_wait_follow_the_triage_if_there_is_one_else_the_class(
    changes, urgency, worth, longest_hours
):
    patient = waiting(**changes, waited_hours=longest_hours)
    assert patient.urgency is urgency
    assert value("u", patient) == worth
    assert value("a", patient) == 1.0


@pytest.mark.parametrize(("waited_hours", "aged"), [(0, 0.0), (360, 0.5), (720, 1.0), (1080, 2.0), (1440, 3.0)])
def test_past_the_longest_wait_every_hour_counts_twice(waited_hours, aged):
    assert value("a", waiting(waited_hours=waited_hours)) == aged


@pytest.mark.parametrize(("rw", "scaled"), [(0.0, 0.0), (0.5, 0.0), (2.25, 0.5), (4.0, 1.0), (9.0, 1.0)])
def test_complexity_counts_between_half_and_four(rw, scaled):
    assert term("rw", waiting(rw=rw)) == ("rw", 15, scaled, False)


def test_an_unknown_rw_is_the_specialtys_median_then_that_of_all_then_nothing_and_is_flagged():
    others = [waiting(rw=rw) for rw in (0.5, 2.25, 3.0)] + [waiting(specialty="surgery", rw=4.0)]
    context = points.context_of([*others, waiting()], POLICY)
    assert term("rw", waiting(), context=context) == ("rw", 15, 0.5, True)
    assert value("rw", waiting(specialty="urology"), context=context) == pytest.approx((2.625 - 0.5) / 3.5)
    assert term("rw", waiting()) == ("rw", 15, 0.0, True)


def test_a_level_four_operation_counts():
    assert (value("l4", waiting(level4=True)), value("l4")) == (1.0, 0.0)


@pytest.mark.parametrize(("cmi", "scaled"), [(0.4, 0.0), (0.5, 0.0), (1.0, 0.5), (1.5, 1.0), (2.0, 1.0)])
def test_a_departments_case_mix_is_measured_against_the_hospitals(cmi, scaled):
    assert value("cmi", waiting(department_cmi=cmi)) == scaled


def test_the_hospitals_case_mix_is_the_policys_or_the_mean_of_those_who_wait():
    two = [waiting(department_cmi=0.8), waiting(department_cmi=1.2)]
    assert points.context_of(two, POLICY).hospital_cmi == 1.0
    assert points.context_of(two, replace(POLICY, hospital_cmi=1.5)).hospital_cmi == 1.5
    nobody = points.context_of([], POLICY)
    assert value("cmi", waiting(department_cmi=3), context=nobody) == 0.0


def test_social_points_count_as_documented():
    assert value("s", waiting(social_points=0.4)) == 0.4


@pytest.mark.parametrize(
    ("home", "overflow", "worth"),
    [
        ("cardiology", (), 1.0),
        ("surgery", ("cardiology",), 0.75),
        ("surgery", ("urology", "cardiology"), 0.6),
        ("surgery", ("urology", "ent", "cardiology"), 0.45),
        ("surgery", ("urology", "ent", "eye", "cardiology"), 0.45),
        ("surgery", ("urology",), 0.0),
    ],
)
def test_home_is_best_and_each_further_place_of_the_overflow_chain_is_worth_less(home, overflow, worth):
    assert term("spec", bed=place(specialty=home, overflow=overflow)) == ("spec", 27.5, worth, False)


def test_the_own_campus_counts():
    assert (value("campus"), value("campus", bed=place(campus="west"))) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("needs", "attributes", "thrift"),
    [
        (set(), set(), 1.0),
        (set(), {"oxygen"}, 1.0),
        (set(), {"telemetry"}, 0.0),
        ({"telemetry"}, {"telemetry", "oxygen"}, 1.0),
        ({"telemetry"}, {"telemetry", "bariatric"}, 0.5),
        ({"oxygen"}, {"oxygen", "telemetry", "bariatric", "negative-pressure"}, 0.0),
    ],
)
def test_scarce_features_are_not_used_up_for_nothing(needs, attributes, thrift):
    bed = place(attributes=frozenset(attributes))
    assert value("equip", waiting(needs=frozenset(needs)), bed) == thrift


@pytest.mark.parametrize(
    ("days", "band", "suits"), [(5, None, 1), (0.9, (1, 3), 0), (1, (1, 3), 1), (3, (1, 3), 1), (3.1, (1, 3), 0)]
)
def test_a_stay_suits_a_ward_of_its_length(days, band, suits):
    assert value("los", waiting(expected_days=days), place(stay_band=band)) == suits


@pytest.mark.parametrize(
    ("policy", "room_sex", "flexible"),
    [
        (SexPolicy.MIXED, None, 1),
        (SexPolicy.MIXED, Sex.MALE, 1),
        (SexPolicy.SINGLE, Sex.FEMALE, 1),
        (SexPolicy.SINGLE, None, 0),
    ],
)
def test_a_room_that_has_the_sex_already_is_better_than_opening_an_empty_one(policy, room_sex, flexible):
    assert value("flex", bed=place(sex_policy=policy, room_sex=room_sex)) == flexible


@given(rounds(3, 3))
def test_a_score_is_its_terms_added_and_says_its_policy(question):
    context = points.context_of(question.waiting, question.policy)
    for patient in question.waiting:
        for bed in question.places:
            score = points.score(patient, bed, question.policy, context)
            assert [one.name for one in score.terms] == TERMS
            assert score.points == reduce(add, [one.weight * one.value for one in score.terms])
            assert score.policy_version == POLICY.version


def test_who_waits_for_class_c_passes_everybody_not_overdue_at_1_85_times_the_wait_or_2_5_in_the_worst_bed():
    context = replace(NOBODY_ELSE, hospital_cmi=1.0)
    strongest = waiting(triage=3, waited_hours=12, rw=4, level4=True, department_cmi=1.5, social_points=1.0)
    worst = place(specialty="x", overflow=("a", "b", "cardiology"), campus="west", stay_band=(90, 90))
    worst = replace(worst, attributes=frozenset({"telemetry"}))
    best = place(room_sex=Sex.FEMALE)

    def c_scores(share, bed):
        late = waiting(admission_class=AdmissionClass.C, waited_hours=share * 8760, department_cmi=0.0, rw=0.0)
        return points.score(late, bed, POLICY, context).points

    rival = points.score(strongest, best, POLICY, context).points
    assert c_scores(1.84, best) < rival < c_scores(1.85, best)
    assert c_scores(2.4, worst) < rival < c_scores(2.5, worst)


def test_a_wanted_ward_counts_where_there_is_one_and_a_late_bed_costs_what_it_is_late():
    plain = {term.name for term in points.fit(waiting(), place(), POLICY)}
    assert plain == {"spec", "campus", "equip", "los", "flex"}
    wish = {ward: points.fit(waiting(wanted_ward=ward), place(), POLICY)[-1] for ward in ("E1", "E2")}
    assert [term.points for term in wish.values()] == [POLICY.weights.fit * POLICY.weights.wish, 0.0]
    late = points.fit(waiting(), place(free_in_hours=POLICY.horizon_hours / 4), POLICY)[-1]
    assert (late.name, late.points) == ("delay", -POLICY.weights.delay / 4)


def test_what_a_bed_lacks_is_named_with_its_price_the_dearest_first():
    far = place(campus="west", specialty="surgery", overflow=("cardiology",), free_in_hours=3, room_sex=Sex.FEMALE)
    assert points.concessions(points.fit(waiting(), far, POLICY)) == (("campus", 7.5), ("spec", 6.875), ("delay", 3.0))


def test_the_settled_stays_of_a_department_count_before_what_came_with_the_request():
    mix = CaseMix(hospital_cmi=1.25, cmi={"cardiology": 1.5}, median_rw={"cardiology": 2.25})
    context = points.context_of([waiting(rw=9.0)], POLICY, mix)
    terms = {term.name: term for term in points.priority(waiting(department_cmi=0.1), POLICY, context)}
    assert (terms["cmi"].value, terms["cmi"].assumed) == (1.5 / 1.25 - 0.5, False)
    assert (terms["rw"].value, terms["rw"].assumed) == (0.5, True)
