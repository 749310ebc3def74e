"""`journey settle` as a user meets it, and that its page tells the truth."""

import json
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cli.settle import register, yuan

ROOT = Path(__file__).parents[3]
CASES = json.loads((ROOT / "tests/fixtures/settlement/settlement_cases.json").read_text(encoding="utf-8"))["cases"]
PAGE = (ROOT / "docs/settle.md").read_text(encoding="utf-8")
CASE_OF_PAGE, ANSWER_OF_PAGE = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
(ERRORS_OF_PAGE,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def journey():
    """Runs the command line with this one command; returns exit code, output and errors."""
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return lambda *words, stdin=None: CliRunner().invoke(app, ["settle", *words], input=stdin)


@pytest.fixture
def file(tmp_path):
    """Writes a case and gives its path."""

    def write(case):
        path = tmp_path / "case.json"
        path.write_text(case if isinstance(case, str) else json.dumps(case), encoding="utf-8")
        return str(path)

    return write


def test_a_case_from_a_file_is_printed_in_fen_and_yuan_with_every_step(journey, file):
    result = journey(file(CASES[0]["case"]))
    assert result.exit_code == 0
    for words in ("psn_cash_pay", "个人现金支出", "1445833", "14,458.33", "lines[2]", "stent", "300000"):
        assert words in result.stdout
    for number in range(1, 23):
        assert f"{number:>3}. " in result.stdout
    assert "by    beijing-employee: levels.3.bands[1]" in result.stdout
    assert "version 1, valid from 1900-01-01, verified" in result.stdout


def test_a_case_from_standard_input_is_answered_as_json(journey):
    result = journey("-", "--json", stdin=json.dumps(CASES[14]["case"]))
    answer = json.loads(result.stdout)
    assert {field: answer[field] for field in CASES[14]["answer"]} == CASES[14]["answer"]
    assert answer["packs"][0]["verified"] is False


def test_bad_input_exits_with_2_and_standard_error_names_each_field(journey, file):
    case = CASES[0]["case"] | {"hospital_level": 2, "lines": [CASES[0]["case"]["lines"][0] | {"class": "04"}]}
    result = journey(file(case))
    assert (result.exit_code, result.stdout) == (2, "")
    lines = result.stderr.splitlines()
    assert lines[0].startswith('lines[0].class: "04" is not allowed; write "01"')
    assert lines[1] == "hospital_level: beijing-employee has no level 2; write 3"


def test_a_total_below_zero_exits_with_2(journey, file):
    line = CASES[0]["case"]["lines"][0]
    result = journey(file(CASES[0]["case"] | {"lines": [line | {"count": "-1"}]}), "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("lines: the in-scope total is -1200000 fen, below zero; ")


def test_a_file_that_is_not_there_exits_with_2_and_says_what_to_give(journey, tmp_path):
    result = journey(str(tmp_path / "none.json"))
    assert result.exit_code == 2
    assert "No such file" in result.stderr
    assert "give the path of a readable file" in result.stderr


def test_a_name_in_square_brackets_is_printed_as_written(journey, file):
    line = CASES[0]["case"]["lines"][0] | {"name": "[red]stent[/red]"}
    assert "[red]stent[/red]" in journey(file(CASES[0]["case"] | {"lines": [line]})).stdout


def test_the_example_of_the_page_gives_the_answer_of_the_page(journey, file):
    answer = json.loads(journey(file(CASE_OF_PAGE), "--json").stdout)
    shown = json.loads(ANSWER_OF_PAGE)
    assert {field: answer[field] for field in shown} == shown
    assert set(answer) - set(shown) == {"lines", "steps", "packs"}


def test_the_errors_of_the_page_are_the_errors_of_the_command(journey, file):
    case = json.loads(CASE_OF_PAGE) | {"hospital_level": 2}
    case["lines"][1]["preself_ratio"] = "1.2"
    assert journey(file(case)).stderr == ERRORS_OF_PAGE


@pytest.mark.parametrize(("fen", "text"), [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (123456789, "1,234,567.89")])
def test_fen_are_shown_as_yuan(fen, text):
    assert yuan(fen) == text
