"""`journey dead-letters` against a real service that could not take some events."""

import asyncio
import getpass
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from deploy.local.files import write_private
from deploy.local.issuer import Issuer
from deploy.local.layout import Home
from deploy.local.record import Record
from services.beds.app import SERVICE
from shared.ids import new_id
from shared.messages.registration.patients import PatientDeceased
from tests.support.service import listening

ROOT = Path(__file__).resolve().parents[3]
SPOIL = "CREATE RULE spoil AS ON INSERT TO deceased DO INSTEAD SELECT 1/0"
MEND = "DROP RULE spoil ON deceased"


def journey(home, *arguments):
    """Run the command; its exit code and what it says as JSON."""
    told = [*map(str, arguments), "--json", "--state", str(home.root)]
    command = [sys.executable, "-m", "cli.main", "dead-letters", *told]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    return ended.returncode, json.loads(ended.stdout) if ended.stdout else ended.stderr


@pytest.fixture
async def run(run_service, issuer, tmp_path, monkeypatch):
    """Runs the command where three patients' deaths, one with another event behind it, are parked in beds."""
    monkeypatch.setattr("shared.effects.BACK_OFF_SECONDS", 0.0)
    home = Home(tmp_path)
    write_private(Issuer(tmp_path).private_key, json.dumps(issuer[0].as_dict(private=True)))
    async with run_service(SERVICE) as beds, listening(beds) as url:
        Record(urls={"beds": url}).write(home.record)
        patients = [new_id() for _ in range(3)]
        await beds.sql(SPOIL)
        await beds.deliver(*map(death, [*patients, patients[0]], (1, 1, 1, 2)))

        async def run(*arguments, mended=True):
            if mended:
                await beds.sql(MEND)
            try:
                return await asyncio.to_thread(journey, home, *arguments)
            finally:
                if mended:
                    await beds.sql(SPOIL)

        yield run


def death(patient_id, version):
    return PatientDeceased(patient_id=patient_id, deceased_on=date(2026, 3, 2), aggregate_version=version)


async def fingerprint(run):
    """The one group there is."""
    code, (group,) = await run("ls", "beds")
    assert (code, group["events"], group["behind"]) == (0, 3, 1)
    return group["fingerprint"]


async def test_a_group_is_redriven_as_a_whole_and_the_log_says_by_whom(run):
    group = await fingerprint(run)
    assert await run("redrive", "beds", group, "--rate", "100", mended=False) == (1, {"events": 0, "still_failing": 3})
    code, events = await run("show", "beds", group)
    assert (code, [one["attempts"] for one in events]) == (0, [1, 1, 1])
    assert await run("redrive", "beds", group, "--rate", "100") == (0, {"events": 4, "still_failing": 0})
    assert await run("ls", "beds") == (0, [])
    code, log = await run("log", "beds")
    assert {one["who"] for one in log} == {getpass.getuser()}
    assert [one["fault"] is None for one in log] == [True] * 4 + [False] * 3


async def test_one_event_is_shown_and_dropped_with_those_behind_it(run):
    code, events = await run("show", "beds", await fingerprint(run))
    code, one = await run("show", "beds", events[0]["id"])
    assert (code, ["ce_type", "registration.patient-deceased.v1"] in one["headers"]) == (0, True)
    assert await run("drop", "beds", events[0]["id"]) == (0, {"events": 2, "still_failing": 0})
    code, words = await run("show", "beds", "everything")
    assert (code, "neither an id nor a fingerprint" in words) == (2, True)
