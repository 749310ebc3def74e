"""The guide's rules: red flags win over everything, the order of rules says nothing, and a bad rule book is refused."""

import json
from dataclasses import replace
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.registration.guide.model import Case, Level, When, advise, problems
from services.registration.guide.rulebook import parse, rule_book

BOOK = rule_book()
TEXT = files("services.registration.guide").joinpath("rules.json").read_text(encoding="utf-8")
CASES = st.builds(
    Case,
    symptoms=st.frozensets(st.sampled_from(sorted(BOOK.symptoms)), min_size=1),
    age_months=st.integers(0, 1800),
    sex=st.sampled_from(["F", "M"]),
    pregnant=st.booleans(),
    hours=st.integers(0, 2000),
)
FLAGS = [rule for rule in BOOK.rules if rule.red_flag]


def case(*symptoms, age_months=480, sex="F", pregnant=False, hours=24):
    return Case(symptoms=frozenset(symptoms), age_months=age_months, sex=sex, pregnant=pregnant, hours=hours)


def told(**changes):
    """The shipped rule book as a file, with its rules or anything else changed."""
    return json.dumps({**json.loads(TEXT), **changes})


@settings(max_examples=300)
@given(asked=CASES, order=st.permutations(BOOK.rules))
def test_a_red_flag_wins_whatever_else_there_is_and_in_whatever_order(asked, order):
    advice = advise(asked, replace(BOOK, rules=tuple(order)))
    raised = [rule for rule in FLAGS if rule.when.fits(asked)]
    assert (advice.level is Level.EMERGENCY) == bool(raised)
    assert {rule.rule_id for rule in advice.red_flags} == {rule.rule_id for rule in raised}
    assert bool(advice.suggestions) != bool(raised)
    assert advice == advise(asked, BOOK)


@settings(max_examples=200)
@given(asked=CASES, more=st.frozensets(st.sampled_from(sorted(BOOK.symptoms))))
def test_more_symptoms_never_take_a_red_flag_away(asked, more):
    if advise(asked, BOOK).level is Level.EMERGENCY:
        assert advise(replace(asked, symptoms=asked.symptoms | more), BOOK).level is Level.EMERGENCY


@settings(max_examples=300)
@given(asked=CASES)
def test_what_one_rule_implies_another_fires_with_it(asked):
    fired = [rule for rule in BOOK.rules if rule.when.fits(asked)]
    for rule in fired:
        for other in BOOK.rules:
            assert not rule.when.implies(other.when) or other.when.fits(asked)


@pytest.mark.parametrize(
    ("asked", "level", "first"),
    [
        (case("cough", "runny-nose"), Level.COMMUNITY, "general-practice"),
        (case("cough", hours=600), Level.HOSPITAL, "respiratory"),
        (case("cough", "fever", age_months=36), Level.COMMUNITY, "paediatrics"),
        (case("chest-pain"), Level.HOSPITAL, "cardiology"),
        (case("headache", "numbness"), Level.HOSPITAL, "neurology"),
        (case("sleepless"), Level.COMMUNITY, "general-practice"),
        (case("low-mood", hours=600), Level.HOSPITAL, "psychiatry"),
        (case("sore-throat", pregnant=True), Level.HOSPITAL, "obstetrics"),
        (case("breast-lump"), Level.HOSPITAL, "general-surgery"),
    ],
)
def test_the_nearest_door_that_is_safe(asked, level, first):
    advice = advise(asked, BOOK)
    assert (advice.level, advice.suggestions[0].specialty) == (level, first)
    assert advice.version == BOOK.version
    assert advice.fired


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        (case("chest-pain", "cold-sweat"), "chest-pain-acute"),
        (case("arm-weak"), "stroke"),
        (case("fever", "cough", age_months=2), "infant-fever"),
        (case("vaginal-bleeding", pregnant=True), "pregnant-danger"),
        (case("testicular-pain", sex="M", hours=3), "testicle"),
        (case("head-injury", "vomiting"), "head-injury-signs"),
    ],
)
def test_danger_goes_to_the_emergency_department_with_its_reason(asked, rule):
    advice = advise(asked, BOOK)
    assert advice.level is Level.EMERGENCY
    assert rule in advice.fired
    assert advice.red_flags[0].red_flag.zh


def test_every_rule_can_fire_and_has_a_source():
    for rule in BOOK.rules:
        age = (rule.when.age_months or (480, 0))[0]
        asked = Case(
            symptoms=rule.when.all | frozenset(sorted(rule.when.any)[:1]) or frozenset({"sleepless"}),
            age_months=age,
            sex=rule.when.sex or "F",
            pregnant=bool(rule.when.pregnant),
            hours=(rule.when.hours or (1, 0))[0],
        )
        assert rule.when.fits(asked), rule.rule_id
        assert rule.source


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ({"when": {"all": ["itch"]}}, "r: unknown symptom itch"),
        ({"when": {"all": ["rash"], "none": ["rash"]}}, "r: asks for a symptom that it excludes"),
        ({"when": {"any": ["rash"], "none": ["rash", "cough"]}}, "r: asks for a symptom that it excludes"),
        ({"when": {"all": ["rash"], "age_months": [9, 9]}}, "r: a range is empty"),
        ({"when": {"all": ["rash"], "pregnant": True, "sex": "M"}}, "r: asks for a pregnant man"),
        ({"when": {}}, "r: asks for nothing"),
        ({"when": {"all": ["rash", "arm-weak"]}}, "r: is never reached, for the red flag stroke always fires with it"),
        (
            {"when": {"all": ["burn"], "none": ["rash"]}, "suggest": None, "red_flag": {"zh": "险", "en": "danger"}},
            "r: is a red flag that another symptom takes away",
        ),
        ({"when": {"all": ["burn"]}}, "r: asks for the same as burn"),
        ({"when": {"all": ["burn", "rash"]}, "id": "burn"}, "burn: has the id of burn"),
        (
            {"when": {"all": ["rash", "burn"]}, "suggest": {"specialty": "magic", "level": "hospital"}},
            "r: unknown specialty magic",
        ),
    ],
)
def test_a_bad_rule_is_refused_by_its_name(rule, fault):
    usual = {"id": "r", "source": "ours", "suggest": {"specialty": "burns", "level": "hospital"}}
    with pytest.raises(ValueError, match=fault):
        parse(told(rules=[*json.loads(TEXT)["rules"], usual | rule]))


def test_a_symptom_that_no_rule_asks_for_is_told():
    symptoms = [*json.loads(TEXT)["symptoms"], {"code": "hiccups", "name_zh": "呃逆", "name_en": "Hiccups"}]
    with pytest.raises(ValueError, match="no rule asks for the symptom hiccups"):
        parse(told(symptoms=symptoms))


def test_a_rule_is_a_red_flag_or_a_suggestion():
    neither = {"id": "r", "source": "ours", "when": {"all": ["rash"]}}
    with pytest.raises(ValueError, match="r: is a red flag or a suggestion"):
        parse(told(rules=[*json.loads(TEXT)["rules"], neither]))


def test_without_a_rule_the_community_is_the_first_address():
    book = replace(BOOK, rules=tuple(rule for rule in BOOK.rules if rule.rule_id == "burn"))
    advice = advise(case("cough"), book)
    assert (advice.level, advice.suggestions, advice.fired) == (Level.COMMUNITY, (BOOK.otherwise,), ())
    assert When(all=frozenset({"burn"})).implies(When())
    assert not problems(BOOK)
