"""`journey replay` and `journey rebuild` as a person types them."""

import asyncio
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import application
from shared.lanes import Lane
from tests.adapters.replay.hospital import lane, patients
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[3]
NOWHERE = "127.0.0.1:1"


def journey(*arguments):
    """Run the command in this process, outside of the test's event loop."""
    return CliRunner().invoke(application(), list(map(str, arguments)))


async def run(*arguments):
    """The command's JSON."""
    result = await asyncio.to_thread(journey, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


async def test_record_verify_plan_and_play(hospital):
    await hospital.put(patients(12))
    path, into = hospital.folder / "day.zst", lane()
    at = ("--kafka", hospital.bootstrap, "--state", hospital.folder)
    recorded = await run("replay", "record", path, "--topic", hospital.topic, *at)
    assert recorded == await run("replay", "verify", path)
    assert (recorded["records"], recorded["topics"]) == (12, {hospital.topic: 12})
    planned = await run("replay", "play", path, "--lane", into, "--speed", "2x", "--dry-run", *at)
    assert planned["topics"] == [{"topic": hospital.topic, "to": Lane(into).topic(hospital.topic), "records": 12}]
    assert planned["seconds"] == 5.5
    assert await hospital.count(into) == 0
    played = await run("replay", "play", path, "--lane", into, "--shift-to", "now", "--run", "first", *at)
    assert played == {"run": "first", "records": 12, "sent": 12}
    assert await hospital.count(into) == 12
    gone = await run("replay", "drop-lane", into, "--yes", *at)
    assert gone == {"deleted": [Lane(into).topic(hospital.topic)]}
    assert await hospital.count(into) == 0


async def test_an_existing_file_is_never_written_over(hospital):
    await hospital.put(patients(2))
    path = await hospital.recorded()
    kept = path.read_bytes()
    result = await asyncio.to_thread(
        journey, "replay", "record", path, "--topic", hospital.topic, "--kafka", hospital.bootstrap
    )
    assert result.exit_code == 1
    assert "exists" in result.stderr
    assert path.read_bytes() == kept


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--speed", "fast"), "give 1x, 10x"),
        (("--speed", "0x"), "give 1x, 10x"),
        (("--since", "monday"), "--since monday: give a time"),
        (("--offsets", "beds-events=1"), "beds-events/3=0..99"),
        (("--lane", "Not-A-Lane"), "lower-case letters and digits"),
        (("--run", "../other"), "give letters, digits and -"),
    ],
)
def test_an_option_that_means_nothing_is_wrong_use_and_named(tmp_path, options, words):
    result = journey("replay", "play", tmp_path / "day", *options, "--kafka", NOWHERE, "--state", tmp_path)
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_file_that_is_not_there_and_a_broker_that_is_not_there_are_named(tmp_path):
    missing = journey("replay", "play", tmp_path / "day", "--lane", "x", "--kafka", NOWHERE)
    assert (missing.exit_code, "no file" in missing.stderr) == (1, True)
    unknown = journey("rebuild", "bedz", "--kafka", NOWHERE)
    assert (unknown.exit_code, "use one of" in unknown.stderr) == (2, True)


@pytest.mark.timeout(120)
async def test_keys_in_a_terminal_step_pause_and_go_ahead(hospital):
    await hospital.put(patients(4, seconds=3600), partition=0)
    path, into = await hospital.recorded(), lane()
    outer, inner = pty.openpty()
    options = ("--lane", into, "--speed", "step", "--kafka", hospital.bootstrap, "--state", str(hospital.folder))
    playing = in_terminal(inner, "replay", "play", str(path), *options)
    try:
        said = b""
        while not re.search(b"space: pause", said):
            said += await asyncio.to_thread(os.read, outer, 1024)
        draining = asyncio.get_running_loop().run_in_executor(None, _drain, outer)
        for number in (1, 2):
            os.write(outer, b"s")
            await until(lambda number=number: _holds(hospital, into, number), seconds=30)
        os.write(outer, b" " + b">" * 130)
        assert await asyncio.to_thread(playing.wait, 60) == 0
        await draining
        assert await hospital.count(into) == 4
    finally:
        playing.kill()
        os.close(outer)


def in_terminal(inner, *arguments):
    """The command, running with this end of a terminal."""
    command = [sys.executable, "-m", "cli.main", *arguments]
    running = subprocess.Popen(command, cwd=ROOT, stdin=inner, stdout=subprocess.PIPE, stderr=inner)
    os.close(inner)
    return running


def _drain(terminal):
    """Read what is drawn, so that the program never waits for its terminal."""
    try:
        while os.read(terminal, 4096):
            pass
    except OSError:
        return


async def _holds(hospital, into, number):
    return await hospital.count(into) == number
