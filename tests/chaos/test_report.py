"""The report of a campaign is what its published schema says."""

import json

import jsonschema
import pytest

from tests.chaos.__main__ import Account
from tests.chaos.campaign import Run
from tests.chaos.checker import INVARIANTS, Violation
from tests.chaos.report import SCHEMA, Report, schema


class Measured:
    """A world that took its time to come back."""

    recovery_seconds = {"service": [1.5, 2.25], "postgres": [], "kafka": [4.0]}  # noqa: RUF012 - as a world has it


@pytest.fixture
def written(tmp_path):
    """The report of one good run and one bad one, as it is on disk."""
    account = Account(tmp_path / "chaos.json")
    account.add(Run(7, ["kill-kafka"], 120, 3, [Violation(5, "bed 1 is used twice")], [*INVARIANTS]), Measured())
    account.add(Run(8, ["kill-kafka", "clock-jump"], 130, 0, [], [*INVARIANTS]), Measured())
    account.plant("check-then-insert", [Violation(1, "four on three places")], Measured())
    return json.loads((tmp_path / "chaos.json").read_text(encoding="utf-8"))


def test_the_published_schema_is_what_the_code_says():
    assert SCHEMA.read_text(encoding="utf-8") == schema(), "run `make generated` and commit it"


def test_a_report_fits_the_published_schema(written):
    jsonschema.validate(written, json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_a_report_adds_up_its_runs(written):
    assert (written["runs"], written["seeds"]) == (2, [7, 8])
    assert (written["acknowledged"], written["unknown_resolved"]) == (250, 3)
    assert written["by_fault"] == {"clock-jump": 1, "kill-kafka": 2}
    assert written["by_invariant"]["5"] == {"checked": 2, "violated": 1}
    assert written["by_invariant"]["12"] == {"checked": 0, "violated": 0}
    assert written["recovery_seconds"] == {"service": 2.25, "postgres": 0, "kafka": 4.0}
    assert written["planted_bugs"] == {"check-then-insert": True}


def test_a_violation_names_the_command_that_repeats_it(written):
    assert written["violations"] == [
        {"seed": 7, "invariant": 5, "what": "bed 1 is used twice", "repeat": "make chaos SEED=7"}
    ]


def test_a_report_says_nothing_that_the_schema_does_not_know():
    with pytest.raises(ValueError, match="extra"):
        Report.model_validate({"more": 1})
