"""The optimiser's process: out of the service's memory, hard to lose, gone when it should be."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from services.beds.allocation.optimise import solve
from services.beds.allocation.worker import ROOT, Optimiser, OptimiserLost, environment
from tests.unit.beds.pools import hospital

QUESTION = hospital(20, 80, seed=1, occupied=0.5)
DEADLINE_SECONDS = 20
PARENT = """
import asyncio, sys
from services.beds.allocation.worker import Optimiser
async def main():
    optimiser = Optimiser()
    await optimiser.start()
    print(optimiser.pid, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def test_the_service_does_not_load_the_numeric_libraries():
    ask = "import sys, services.beds.allocation.worker; print({'numpy', 'scipy'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"


async def test_rounds_asked_at_once_are_answered_each_with_its_own():
    questions = [hospital(10, 40, seed, occupied=0.5) for seed in range(4)]
    async with Optimiser() as optimiser:
        answers = await asyncio.gather(*(optimiser.solve(question) for question in questions))
        assert list(answers) == [solve(question) for question in questions]


async def test_a_killed_process_is_replaced_and_its_round_answered():
    async with Optimiser() as optimiser:
        expected, first = await optimiser.solve(QUESTION), optimiser.pid
        psutil.Process(first).suspend()
        asked = asyncio.create_task(optimiser.solve(QUESTION))
        await asyncio.sleep(0)
        psutil.Process(first).kill()
        assert await asked == expected
        assert optimiser.pid != first


async def test_a_caller_that_goes_away_or_loses_patience_takes_no_later_answer_with_it():
    async with Optimiser() as optimiser:
        await optimiser.solve(QUESTION)
        psutil.Process(optimiser.pid).suspend()
        asked = asyncio.create_task(optimiser.solve(QUESTION))
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.wait([asked])
        other = hospital(12, 40, seed=2, occupied=0.5)
        assert await optimiser.solve(other) == solve(other)


async def test_a_round_that_takes_too_long_is_given_up():
    async with Optimiser(patience_seconds=0.05) as optimiser:
        psutil.Process(optimiser.pid).suspend()
        with pytest.raises(OptimiserLost, match=r"within 0\.05 s"):
            await optimiser.solve(QUESTION)
        assert optimiser.pid is None


async def test_closing_ends_the_process_even_in_the_middle_of_a_round():
    optimiser = Optimiser()
    await optimiser.start()
    process = psutil.Process(optimiser.pid)
    process.suspend()
    asked = asyncio.create_task(optimiser.solve(QUESTION))
    await asyncio.sleep(0)
    await asyncio.wait_for(optimiser.close(), DEADLINE_SECONDS)
    with pytest.raises(OptimiserLost, match="closed"):
        await asked
    assert not process.is_running()
    with pytest.raises(OptimiserLost, match="closed"):
        await optimiser.start()


def test_the_process_dies_with_a_parent_that_is_killed():
    with subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
    child.wait(DEADLINE_SECONDS)
    assert not child.is_running()


def test_the_process_gets_none_of_the_services_settings(monkeypatch):
    monkeypatch.setenv("JOURNEY_DATABASE_URL", "postgresql://secret")
    assert "JOURNEY_DATABASE_URL" not in environment()
    assert environment()["PYTHONPATH"].split(":")[0] == str(Path(ROOT))
