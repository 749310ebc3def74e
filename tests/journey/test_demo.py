"""`journey demo` as a person runs it: the shipped patients, wrong input, Ctrl-C in the middle."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from jsonschema import Draft202012Validator

from deploy.local.demo import SHIPPED
from tests.support.folders import folder

ROOT = Path(__file__).resolve().parents[2]
JOURNEY = [sys.executable, "-m", "cli.main", "demo"]
SCHEMA = ROOT / "docs/schemas/demo-report.schema.json"


@pytest.fixture
def state():
    """A state directory of the test's own."""
    with folder("demo") as directory:
        yield directory


def demo(*arguments):
    """The demo, run to its end."""
    command = [*JOURNEY, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=900)


def processes_of(state):
    """What of a demo runs now: its environment or its command line names the state directory."""
    found = []
    for process in psutil.process_iter():
        try:
            named = str(state) in " ".join(process.cmdline()) or str(state) in process.environ().get("JOURNEY_JWKS", "")
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
        if named:
            found.append(process)
    return found


@pytest.mark.timeout(900)
def test_the_shipped_patients_come_to_the_published_figures(state):
    file = state / "report.json"
    ended = demo("--once", "--report", file, "--state", state)
    assert ended.returncode == 0, ended.stderr[-2000:]
    report = json.loads(file.read_text())
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(report)
    assert all(report["checks"].values())
    assert report["bookings"] == {"booked": 576, "cancelled": 2, "arrived": 574, "completed": 574}
    assert (report["admissions"], report["bed_days"], report["plans_opened"]) == (27, 30, 25)
    assert report["totals"]["lines_total_fen"] == 22_258_589
    assert report["waitlist"] == {"joined": 6, "offered": 1, "filled": 5}
    assert (report["queue"]["checked_in"], report["queue"]["called"]) == (583, 574)
    assert report["exams"] == {
        "orders": 27,
        "exams": 99,
        "done": 99,
        "visits": 27,
        "visits_compared": 20,
        "visits_one_by_one": 43,
    }
    assert {one["pack"] for one in report["settlements"]} == {"beijing-employee", "resident-tertiary"}
    assert {line["class"] for one in report["settlements"] for line in one["case"]["lines"]} == {"01", "02", "03"}
    assert processes_of(state) == []


@pytest.mark.parametrize("file", ["patients.csv", "claims_transactions.csv"])
def test_a_missing_file_is_named_before_anything_starts(state, tmp_path, file):
    shutil.copytree(SHIPPED, tmp_path / "export")
    (tmp_path / "export" / file).unlink()
    ended = demo("--once", "--patients", tmp_path / "export", "--state", state)
    assert ended.returncode == 2
    assert file in ended.stderr


def test_a_missing_column_is_named_with_its_file(state, tmp_path):
    shutil.copytree(SHIPPED, tmp_path / "export")
    file = tmp_path / "export" / "encounters.csv"
    file.write_text(file.read_text().replace("ENCOUNTERCLASS", "SOMETHING", 1))
    ended = demo("--once", "--patients", tmp_path / "export", "--state", state)
    assert ended.returncode == 2
    assert "encounters.csv" in ended.stderr
    assert "ENCOUNTERCLASS" in ended.stderr


@pytest.mark.timeout(300)
@pytest.mark.parametrize("words", ["looking for a broker", "migrating the databases", "opened the sample hospital"])
def test_ctrl_c_leaves_no_process_behind(state, words):
    command = [*JOURNEY, "--state", str(state)]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in running.stderr:
        if words in line:
            break
    else:
        pytest.fail(f"it ended without {words!r}")
    running.send_signal(signal.SIGINT)
    running.stderr.read()
    assert running.wait(60) == 130
    assert processes_of(state) == []
