"""`journey exam-plan` as a user meets it, and that its page tells the truth."""

import json
import re
from pathlib import Path

import pytest
import typer
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from cli.exam_plan import register

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "docs/examples/exam-plan/case.json"
PAGE = (ROOT / "docs/exam-plan.md").read_text(encoding="utf-8")
CASE_OF_PAGE, PLAN_OF_PAGE = map(json.loads, re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
(ERRORS_OF_PAGE,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def journey():
    """Runs the command line with this one command; returns exit code, output and errors."""
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return lambda *words, stdin=None: CliRunner().invoke(app, ["exam-plan", *words], input=stdin)


def schema(name):
    return Draft202012Validator(json.loads((ROOT / f"docs/schemas/exam-plan-{name}.schema.json").read_text()))


def test_the_example_is_planned_in_fewer_visits_than_one_by_one(journey):
    result = journey(str(EXAMPLE))
    assert result.exit_code == 0
    assert "plan: 1 visits" in result.stdout
    assert "one by one: 3 visits" in result.stdout
    schema("case").validate(json.loads(EXAMPLE.read_text()))


def test_the_case_of_the_page_gives_the_plan_of_the_page(journey):
    result = journey("-", "--json", stdin=json.dumps(CASE_OF_PAGE))
    answer = json.loads(result.stdout)
    assert answer["plan"] == PLAN_OF_PAGE
    schema("answer").validate(answer)


def test_bad_input_exits_with_2_and_standard_error_names_each_field(journey):
    items = [CASE_OF_PAGE["items"][0] | {"minutes": 7}, *CASE_OF_PAGE["items"][1:]]
    devices = [CASE_OF_PAGE["devices"][0] | {"hours": "1-5 12:00-08:00"}, *CASE_OF_PAGE["devices"][1:]]
    result = journey("-", stdin=json.dumps(CASE_OF_PAGE | {"items": items, "devices": devices}))
    assert result.exit_code == 2
    assert result.stderr == ERRORS_OF_PAGE
    assert result.stdout == ""
    for wrong in ("{", "[]", json.dumps(CASE_OF_PAGE | {"zone": "Mars/Olympus"})):
        assert journey("-", stdin=wrong).exit_code == 2
    assert journey("no-such-file.json").exit_code == 2


def test_what_nothing_fits_for_exits_with_1_and_names_the_item(journey):
    devices = [one for one in CASE_OF_PAGE["devices"] if one["modality"] != "CT"]
    result = journey("-", stdin=json.dumps(CASE_OF_PAGE | {"devices": devices}))
    assert result.exit_code == 1
    assert "ct-abdomen-contrast" in result.stderr


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"now": "0001-01-01T00:00:00Z"}, "now lies beyond the calendar"),
        ({"zone": "Asia"}, "zone is no time zone"),
        ({"items": [CASE_OF_PAGE["items"][0] | {"item_code": "a"}] * 2}, "items names one code twice"),
    ],
)
def test_what_no_calendar_or_map_has_is_named_and_brings_nothing_down(journey, change, field):
    result = journey("-", stdin=json.dumps(CASE_OF_PAGE | change))
    assert (result.exit_code, result.stdout) == (2, "")
    assert field in result.stderr


def test_a_campus_without_any_device_is_told_as_nothing_free(journey):
    nowhere = CASE_OF_PAGE | {"request": CASE_OF_PAGE["request"] | {"campus_ids": ["moon"]}}
    result = journey("-", stdin=json.dumps(nowhere))
    assert result.exit_code == 1
    assert "nothing is free for ct-abdomen-contrast, us-abdomen, lab-renal" in result.stderr


def test_a_file_that_an_editor_has_marked_as_utf_8_is_read(journey, tmp_path):
    file = tmp_path / "case.json"
    file.write_text(json.dumps(CASE_OF_PAGE), encoding="utf-8-sig")
    assert journey(str(file)).exit_code == 0
