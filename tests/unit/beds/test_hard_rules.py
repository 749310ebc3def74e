"""Which bed is for whom, whatever the score."""

import pytest

from services.beds.scoring.hard_rules import Rule, first_broken_rule, tier
from services.beds.scoring.model import (
    AdmissionClass,
    AgeGroup,
    BedStatus,
    Isolation,
    Sex,
    SexPolicy,
    Unscorable,
)
from tests.unit.beds.samples import POLICY, place, waiting

NOT_FREE = [status for status in BedStatus if status is not BedStatus.UNOCCUPIED]


def broken(patient, bed):
    return first_broken_rule(patient, bed, POLICY)


def test_a_bed_that_suits_breaks_no_rule():
    assert broken(waiting(), place()) is None


@pytest.mark.parametrize("status", NOT_FREE)
def test_only_an_unoccupied_bed_can_be_had(status):
    assert broken(waiting(), place(status=status)) is Rule.STATUS


def test_a_ward_takes_its_own_specialty_and_its_overflow_and_no_other():
    assert broken(waiting(specialty="surgery"), place()) is Rule.SPECIALTY
    assert broken(waiting(specialty="surgery"), place(overflow=("urology", "surgery"))) is None


def test_another_campus_must_be_within_reach():
    assert broken(waiting(), place(campus="west")) is Rule.CAMPUS
    assert broken(waiting(reachable=frozenset({"west"})), place(campus="west")) is None


def test_day_surgery_and_its_beds_keep_to_each_other():
    day_bed, day_case = place(attributes=frozenset({"day-surgery"})), waiting(admission_class=AdmissionClass.DAY)
    assert broken(day_case, day_bed) is None
    assert broken(day_case, place()) is Rule.DAY_SURGERY
    assert broken(waiting(), day_bed) is Rule.DAY_SURGERY


@pytest.mark.parametrize(
    ("age_years", "age_group", "rule"),
    [
        (13.99, AgeGroup.ADULT, Rule.AGE),
        (13.99, AgeGroup.PAEDIATRIC, None),
        (13.99, AgeGroup.ANY, None),
        (14, AgeGroup.ADULT, None),
        (14, AgeGroup.PAEDIATRIC, Rule.AGE),
        (14, AgeGroup.ANY, None),
    ],
)
def test_children_are_those_under_fourteen(age_years, age_group, rule):
    assert broken(waiting(age_years=age_years), place(age_group=age_group)) is rule


@pytest.mark.parametrize("needed", Isolation)
@pytest.mark.parametrize("given", Isolation)
def test_an_isolation_room_is_for_its_own_kind_only(needed, given):
    expected = None if needed is given else Rule.ISOLATION
    assert broken(waiting(isolation=needed), place(isolation=given)) is expected


def test_everything_needed_must_be_there_and_more_does_no_harm():
    oxygen, both = frozenset({"oxygen"}), frozenset({"oxygen", "telemetry"})
    assert broken(waiting(needs=both), place(attributes=oxygen)) is Rule.EQUIPMENT
    assert broken(waiting(needs=oxygen), place(attributes=both)) is None


@pytest.mark.parametrize(
    ("sex", "policy", "room_sex", "rule"),
    [
        (Sex.FEMALE, SexPolicy.SINGLE, None, None),
        (Sex.FEMALE, SexPolicy.SINGLE, Sex.FEMALE, None),
        (Sex.FEMALE, SexPolicy.SINGLE, Sex.MALE, Rule.SEX),
        (Sex.FEMALE, SexPolicy.SINGLE, Sex.UNKNOWN, Rule.SEX),
        (Sex.FEMALE, SexPolicy.MIXED, Sex.MALE, None),
        (Sex.UNKNOWN, SexPolicy.SINGLE, None, Rule.SEX),
        (Sex.UNKNOWN, SexPolicy.SINGLE, Sex.UNKNOWN, Rule.SEX),
        (Sex.UNKNOWN, SexPolicy.MIXED, None, None),
    ],
)
def test_a_single_sex_room_never_mixes(sex, policy, room_sex, rule):
    assert broken(waiting(sex=sex), place(sex_policy=policy, room_sex=room_sex)) is rule


def test_the_first_broken_rule_is_named_in_the_order_of_the_rules():
    patient = waiting(specialty="surgery", needs=frozenset({"oxygen"}), sex=Sex.MALE)
    wrong = {
        "status": BedStatus.CLOSED,
        "campus": "west",
        "attributes": frozenset({"day-surgery"}),
        "age_group": AgeGroup.PAEDIATRIC,
        "isolation": Isolation.CONTACT,
        "room_sex": Sex.FEMALE,
    }
    right = place(overflow=("surgery",), attributes=frozenset({"oxygen"}))
    repairs = (
        (Rule.STATUS, {"status": right.status}),
        (Rule.SPECIALTY, {"overflow": right.overflow}),
        (Rule.CAMPUS, {"campus": right.campus}),
        (Rule.DAY_SURGERY, {"attributes": frozenset()}),
        (Rule.AGE, {"age_group": right.age_group}),
        (Rule.ISOLATION, {"isolation": right.isolation}),
        (Rule.EQUIPMENT, {"attributes": right.attributes}),
        (Rule.SEX, {"room_sex": None}),
    )
    for rule, repair in repairs:
        assert broken(patient, place(**wrong)) is rule
        wrong |= repair
    assert broken(patient, place(**wrong)) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"triage": 1}, 0),
        ({"triage": 2}, 0),
        ({"triage": 3}, 1),
        ({"triage": 4}, 1),
        ({"immediate": True}, 0),
        ({"triage": 4, "immediate": True}, 0),
        ({"admission_class": AdmissionClass.TRANSFER}, 1),
    ],
)
def test_triage_one_and_two_and_the_flagged_go_before_all_others(changes, expected):
    assert tier(waiting(**changes)) == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("triage", 0),
        ("triage", 5),
        ("age_years", -1),
        ("waited_hours", -0.1),
        ("waited_hours", float("nan")),
        ("rw", float("inf")),
        ("department_cmi", -1),
        ("expected_days", 1e9),
        ("social_points", 1.01),
    ],
)
def test_what_cannot_be_scored_is_refused_with_the_field(field, value):
    with pytest.raises(Unscorable) as refusal:
        waiting(**{field: value})
    assert refusal.value.field == field
    assert "give" in refusal.value.remedy


def test_an_emergency_without_triage_is_refused():
    with pytest.raises(Unscorable, match="triage: an emergency needs"):
        waiting(admission_class=AdmissionClass.EMERGENCY)


def test_a_stay_band_that_ends_before_it_begins_is_refused():
    with pytest.raises(Unscorable, match="stay_band"):
        place(stay_band=(3, 1))
