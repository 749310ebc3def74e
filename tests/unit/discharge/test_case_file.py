"""A case as a file: what is refused and how it is said, and that both formats are what the schemas say."""

import json
from copy import deepcopy
from pathlib import Path

import jsonschema
import pytest

from services.discharge.settlement import packs
from services.discharge.settlement.calculate import calculate
from services.discharge.settlement.case_file import generated, parse, schemas, to_json, validate
from services.discharge.settlement.model import Unacceptable

ROOT = Path(__file__).parents[3]
CASES = json.loads((ROOT / "tests/fixtures/settlement/settlement_cases.json").read_text(encoding="utf-8"))["cases"]
GOOD = CASES[0]["case"]
GONE = ...  # a name that reads the same in every process
SCHEMAS = {name: jsonschema.Draft202012Validator(schema) for name, schema in schemas().items()}


def with_value(path, value):
    """The good case with one field changed, added or (`GONE`) left out."""
    case = deepcopy(GOOD)
    *parents, last = path
    place = case
    for key in parents:
        place = place[key]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return case


def written(path):
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def faults_of(document):
    with pytest.raises(Unacceptable) as refused:
        validate(document)
    return refused.value.faults


WRONG = [
    (("pack",), "beijing"),
    (("pack",), ""),
    (("pack",), 3),
    (("pack",), None),
    (("on",), "20260301"),
    (("on",), "2026-03-01T00:00:00Z"),
    (("hospital_level",), "3"),
    (("hospital_level",), True),
    (("admission_number",), 0),
    (("admission_number",), -1),
    (("admission_number",), 1.5),
    (("person",), None),
    (("person",), []),
    (("person", "retired"), "false"),
    (("person", "retired"), 0),
    (("person", "low_income"), None),
    (("person", "low_income"), GONE),
    (("referral",), "sideways"),
    (("referral",), False),
    (("referral",), GONE),
    (("year_to_date",), GONE),
    (("year_to_date", "hifp_pay_fen"), -1),
    (("year_to_date", "hifob_pay_fen"), "0"),
    (("year_to_date", "compliant_burden_fen"), 0.5),
    (("year_to_date", "maf_pay_fen"), GONE),
    (("account_balance_fen",), -1),
    (("account_balance_fen",), 10**18),
    (("lines",), None),
    (("lines",), {}),
    (("lines", 3), "exams"),
    (("lines", 3, "name"), ""),
    (("lines", 3, "name"), 7),
    (("lines", 3, "class"), "04"),
    (("lines", 3, "class"), "1"),
    (("lines", 3, "class"), 1),
    (("lines", 3, "class"), "甲"),
    (("lines", 3, "class"), GONE),
    (("lines", 3, "price_fen"), 18.5),
    (("lines", 3, "price_fen"), "1800"),
    (("lines", 3, "price_fen"), -1),
    (("lines", 3, "price_fen"), True),
    (("lines", 3, "price_fen"), None),
    (("lines", 3, "price_fen"), GONE),
    (("lines", 3, "count"), 1),
    (("lines", 3, "count"), "one"),
    (("lines", 3, "count"), "1e3"),
    (("lines", 3, "count"), "NaN"),
    (("lines", 3, "count"), ""),
    (("lines", 3, "price_limit_fen"), -5),
    (("lines", 3, "price_limit_fen"), 0.1),
    (("lines", 3, "price_limit_fen"), "none"),
    (("lines", 3, "preself_ratio"), "1.01"),
    (("lines", 3, "preself_ratio"), "-0.1"),
    (("lines", 3, "preself_ratio"), 0.1),
    (("lines", 3, "preself_ratio"), "10%"),
    (("lines", 3, "preself_ratio"), "Infinity"),
    (("colour",), "red"),
    (("person", "age"), 70),
    (("lines", 3, "preself_rate"), "0.1"),
]
# What depends on the pack, the calendar or the notation; a schema cannot say it.
BEYOND_A_SCHEMA = [
    (("on",), "1899-12-31"),
    (("on",), "2026-02-30"),
    (("hospital_level",), 2),
    (("hospital_level",), 0),
    (("hospital_level",), 3.0),
    (("account_balance_fen",), 2000.0),
    (("lines", 3, "name"), "two\nlines"),
    (("lines", 3, "name"), "\x1b[31mred"),
    (("lines", 3, "price_fen"), 1800.0),
    (("lines", 3, "count"), "1\n"),
]


@pytest.mark.parametrize(("path", "value"), [*WRONG, *BEYOND_A_SCHEMA], ids=lambda part: repr(part)[:40])
def test_a_wrong_value_is_refused_and_the_one_field_is_named_with_a_remedy(path, value):
    (fault,) = faults_of(with_value(path, value))
    assert fault.field == written(path)
    assert fault.remedy.startswith(("write ", "remove "))
    assert "\n" not in str(fault)
    assert "\x1b" not in str(fault)


def test_a_line_without_a_known_class_is_said_in_words_a_clerk_can_follow():
    (fault,) = faults_of(with_value(("lines", 3, "class"), "04"))
    assert str(fault) == 'lines[3].class: "04" is not allowed; write "01" (甲), "02" (乙) or "03" (丙, 自费)'


def test_all_faults_are_told_at_once():
    case = with_value(("lines", 0, "price_fen"), 1.5)
    case["lines"][7]["class"] = "09"
    case |= {"on": "2026-13-01", "hospital_level": 1, "extra": 1}
    assert {fault.field for fault in faults_of(case)} == {
        "lines[0].price_fen",
        "lines[7].class",
        "on",
        "hospital_level",
        "extra",
    }


def test_a_day_before_the_pack_and_a_level_it_does_not_know_are_both_told():
    case = GOOD | {"on": "1899-12-31", "hospital_level": 1}
    assert [fault.field for fault in faults_of(case)] == ["on", "hospital_level"]


def test_a_misspelt_key_names_the_right_one():
    wrong = with_value(("lines", 3, "preself_rate"), "0.1")
    assert faults_of(wrong)[0].remedy == "write preself_ratio instead"


@pytest.mark.parametrize("document", [None, [], "case", 3, [GOOD]], ids=repr)
def test_what_is_no_object_is_no_case(document):
    assert [fault.field for fault in faults_of(document)] == ["case"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not JSON"),
        ('{"pack": ', "is not JSON"),
        (b"\xff\xfe", "is not UTF-8"),
        ("[" * 100_000, "nested too deeply"),
    ],
    ids=["empty", "cut off", "not UTF-8", "deep"],
)
def test_what_is_no_json_is_told_as_such(text, problem):
    with pytest.raises(Unacceptable) as refused:
        parse(text)
    (fault,) = refused.value.faults
    assert fault.field == "case"
    assert problem in fault.problem


@pytest.mark.parametrize("digits", [25, 5000])
def test_a_number_too_long_for_any_field_is_refused_where_it_stands(digits):
    text = json.dumps(GOOD).replace('"price_fen": 950000', f'"price_fen": {"9" * digits}')
    with pytest.raises(Unacceptable) as refused:
        parse(text)
    assert [fault.field for fault in refused.value.faults] == ["lines[4].price_fen"]


def test_a_key_written_twice_is_refused_where_it_stands():
    text = json.dumps(GOOD).replace('"price_fen": 950000', '"price_fen": 950000, "price_fen": 1')
    with pytest.raises(Unacceptable) as refused:
        parse(text)
    assert str(refused.value) == "lines[4].price_fen: is written twice; keep one of them"


@pytest.mark.parametrize("name", ["甲\u3000 drugs", "Gastroscopy, 胃镜 (无痛)", 'a "quoted" name'])
def test_names_of_any_script_are_kept(name):
    assert validate(with_value(("lines", 0, "name"), name)).lines[0].name == name


def test_a_file_with_a_byte_order_mark_is_read():
    assert parse(b"\xef\xbb\xbf" + json.dumps(GOOD).encode()) == validate(GOOD)


@pytest.mark.parametrize("worked", CASES, ids=lambda worked: worked["name"])
def test_a_case_written_again_is_the_file_it_came_from(worked):
    assert to_json(validate(worked["case"])) == worked["case"]


@pytest.mark.parametrize("worked", CASES, ids=lambda worked: worked["name"])
def test_cases_and_answers_are_what_their_schemas_say(worked):
    case = validate(worked["case"])
    answer = to_json(calculate(case, packs.load(case.pack, case.on)))
    SCHEMAS["settlement-case"].validate(worked["case"])
    SCHEMAS["settlement-answer"].validate(json.loads(json.dumps(answer)))


@pytest.mark.parametrize(("path", "value"), WRONG, ids=lambda part: repr(part)[:40])
def test_the_schema_refuses_what_the_reader_refuses(path, value):
    with pytest.raises(jsonschema.ValidationError):
        SCHEMAS["settlement-case"].validate(with_value(path, value))


def test_the_published_schemas_are_those_of_the_code():
    for path, text in generated().items():
        assert (ROOT / path).read_text(encoding="utf-8") == text


def test_the_schemas_are_schemas():
    for name, validator in SCHEMAS.items():
        validator.check_schema(validator.schema)
        assert validator.schema["$id"] == f"urn:carejourney:{name}:1"
