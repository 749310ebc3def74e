"""`journey allocate` as a user meets it, and that its page tells the truth."""

import json
import re
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from cli.allocate import register

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "docs/examples/allocation"
PAGE = (ROOT / "docs/allocate.md").read_text(encoding="utf-8")
SCHEMA = json.loads((ROOT / "docs/schemas/allocation-answer.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def journey():
    """Runs the command with files, the examples unless others are named; returns exit code, output and errors."""
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)

    def run(*words, beds=EXAMPLES / "beds.csv", requests=EXAMPLES / "requests.csv"):
        files = ["--beds", str(beds), "--requests", str(requests)]
        return CliRunner().invoke(app, ["allocate", *files, *map(str, words)])

    return run


@pytest.fixture
def altered(tmp_path):
    """A copy of an example with some of its text replaced."""

    def copy(name, old, new):
        text = (EXAMPLES / name).read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / name
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path

    return copy


def test_the_answer_fits_its_schema_and_adds_up(journey):
    ran = journey("--json")
    answer = json.loads(ran.stdout)
    jsonschema.validate(answer, SCHEMA)
    assert ran.exit_code == 0
    for one in answer["assigned"]:
        assert one["score"] == pytest.approx(sum(one["terms"].values()))
    assert answer["achieved"] == pytest.approx(sum(one["score"] for one in answer["assigned"]))
    assert answer["gap"] == pytest.approx((answer["bound"] - answer["achieved"]) / answer["bound"])
    for one in answer["unassigned"]:
        assert sum(one["reasons"].values()) == 8


def test_people_read_who_gets_which_bed_and_why(journey):
    ran = journey()
    for words in ("R-1", "east/C1/01/2", "no bed", "3 equipment", "6 placed, 1 not", "gap 0.0000%"):
        assert words in ran.stdout


def test_the_page_shows_what_the_examples_give(journey):
    (shown,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    answer = json.loads(journey("--json").stdout)
    for key, value in json.loads(shown).items():
        if key == "assigned":
            assert answer[key][: len(value)] == value
        elif key != "seconds":
            assert answer[key] == value


def test_the_matrix_lets_another_solver_check_the_answer(journey, tmp_path):
    answer = json.loads(journey("--json", "--matrix", tmp_path / "matrix.npz").stdout)
    with np.load(tmp_path / "matrix.npz", allow_pickle=False) as matrix:
        rooms, patients = list(matrix["room_id"]), list(matrix["patient_id"])
        assert list(matrix["room_sex"]) == ["F", "-", "*", "*", "*"]
        assert list(matrix["room_free"]) == [1, 2, 1, 1, 1]
        for one in answer["assigned"]:
            room = rooms.index(f"{one['campus']}/{one['ward']}/{one['room']}")
            assert matrix["weights"][patients.index(one["id"]), room] == one["score"]
            assert matrix["tier"][patients.index(one["id"])] == one["tier"]
        assert np.isnan(matrix["weights"][patients.index("R-4"), rooms.index("east/G2/11")])


def test_bad_rows_are_named_and_the_good_ones_go_on(journey, altered):
    ran = journey(
        "--json",
        beds=altered(
            "beds.csv", "C1,cardiology,general-medicine;neurology,02,2,U,single", "C1,cardiology,,02,2,U,mixed"
        ),
        requests=altered("requests.csv", ",2,emergency", ",,emergency"),
    )
    answer = json.loads(ran.stdout)
    assert ran.exit_code == 0
    assert [(row["file"], row["line"], row["field"]) for row in answer["rejected_rows"]] == [
        ("beds.csv", 5, "sex_policy"),
        ("requests.csv", 2, "triage"),
    ]
    assert "beds.csv line 5, sex_policy" in ran.stderr
    assert "R-1" not in {one["id"] for one in answer["assigned"]}


def test_a_policy_changes_the_numbers_and_names_itself(journey, tmp_path):
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"version": "ours-1", "weights": {"cmi": 0}}), encoding="utf-8")
    answer = json.loads(journey("--json", "--policy", policy).stdout)
    assert answer["policy_version"] == "ours-1"
    assert {one["terms"]["cmi"] for one in answer["assigned"]} == {0}


@pytest.mark.parametrize(
    ("text", "words"),
    [('{"kapa": 2}', "kapa"), ("[]", "not an object"), ("{", "not JSON"), ('{"kappa": "2"}', "kappa")],
)
def test_a_policy_that_is_none_is_refused_with_the_remedy(journey, tmp_path, text, words):
    policy = tmp_path / "policy.json"
    policy.write_text(text, encoding="utf-8")
    ran = journey("--policy", policy)
    assert ran.exit_code == 2
    assert words in ran.stderr


def test_what_cannot_be_read_at_all_is_refused(journey, altered, tmp_path):
    for name in ("beds", "requests"):
        without_column = altered(f"{name}.csv", "isolation", "else")
        only_a_header = tmp_path / f"header-{name}.csv"
        only_a_header.write_text((EXAMPLES / f"{name}.csv").read_text(encoding="utf-8").split("\n")[0] + "\n")
        for file, words in (
            (without_column, "isolation is a missing column"),
            (only_a_header, "no row of it is good"),
            (tmp_path / "nothing.csv", "No such file"),
        ):
            ran = journey(**{name: file})
            assert (ran.exit_code, words in ran.stderr) == (2, True), ran.stderr


def test_exact_takes_seconds_and_nothing_else(journey):
    assert json.loads(journey("--json", "--exact", "5").stdout)["gap"] <= 0.0001
    assert journey("--exact", "-1").exit_code == 2
