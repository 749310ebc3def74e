"""A replay that is killed and gone on with: no record lost, a second time only the same ones; a recording likewise."""

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from shared.replay.reading import verify
from shared.replay.writing import part_file
from tests.adapters.replay.hospital import lane, patients
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[3]
JOURNEY = [sys.executable, "-m", "cli.main", "replay"]
RECORDS = 30_000


def journey(*arguments, **more) -> subprocess.Popen:
    """The command, running."""
    command = [*JOURNEY, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


async def ended(running: subprocess.Popen) -> str:
    """Wait for the end of a command that has to go well; what it said."""
    said, wrong = await asyncio.to_thread(running.communicate, timeout=100)
    assert running.returncode == 0, wrong
    return said


async def killed(running: subprocess.Popen) -> None:
    """`kill -9`."""
    running.send_signal(signal.SIGKILL)
    await asyncio.to_thread(running.communicate, timeout=20)
    assert running.returncode == -signal.SIGKILL


@pytest.mark.timeout(240)
async def test_a_replay_killed_twice_loses_nothing_and_doubles_only_the_same_ids(hospital):
    await hospital.put_fast(patients(RECORDS, seconds=0.001))
    path, into = await hospital.recorded(), lane()
    options = ("--lane", into, "--kafka", hospital.bootstrap, "--run", "night", "--state", hospital.folder)
    run_file = hospital.folder / "replay" / "night.json"
    for _ in range(2):
        running = journey("play", path, *options, "--speed", "3x")
        before = await hospital.count(into)
        await until(lambda before=before: _more_than(hospital, into, before + 2_000), seconds=60)
        await until(run_file.exists)
        await killed(running)
        assert run_file.exists()
    assert "sent" in await ended(journey("play", path, *options))
    assert not run_file.exists()
    source, copy = await hospital.kept(), await hospital.kept(into)
    for partition, records in source.items():
        assert set(copy[partition]) == set(records)
        assert list(dict.fromkeys(copy[partition])) == records
    twice = [number for number in Counter(one for records in copy.values() for one in records).values() if number > 1]
    assert twice, "nothing was said twice: the kill came between two replays"


@pytest.mark.timeout(240)
async def test_a_recording_that_was_killed_goes_on_and_holds_every_record_once(hospital):
    await hospital.put_fast(patients(RECORDS, seconds=0.001))
    path = hospital.folder / "day"
    options = ("--kafka", hospital.bootstrap, "--topic", hospital.topic, "--state", hospital.folder)
    running = journey("record", path, *options)
    await until(lambda: part_file(path).exists() and part_file(path).stat().st_size > 100_000, seconds=60)
    await killed(running)
    assert not path.exists()
    await ended(journey("record", path, *options))
    recording = verify(path)
    assert recording.trailer.records == RECORDS
    places = Counter((entry.partition, entry.offset) for entry in recording.entries())
    assert set(places.values()) == {1}


async def _more_than(hospital, into: str, number: int) -> bool:
    return await hospital.count(into) > number
