"""The whole suite as its users run it: real processes, Apache Kafka and PostgreSQL, driven time."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import asyncpg
import pytest

from deploy.local.demo import SERVICES, fresh_clock
from deploy.local.issuer import Issuer
from deploy.local.layout import Home
from deploy.local.record import Record
from deploy.local.stack import Stack
from deploy.local.starting import Wishes
from services.simulator.catalogue import files as catalogue_files
from services.simulator.hospital import files as hospital_files
from services.simulator.play.driver import Driver, Scene
from services.simulator.play.exams import open_exams
from services.simulator.play.opening import Premises, open_hospital
from services.simulator.play.quiet import Quiet
from services.simulator.play.suite import Addresses, Suite
from services.simulator.reading.model import Recording
from shared.broker import TOPICS
from shared.clock import EARLIEST, ClockDriver
from shared.fingerprint import fingerprint
from tests.support.folders import folder

T = TypeVar("T")
MACHINERY = ("outbox", "inbox", "aggregate_version", "parked", "dead_letter_log", "command", "alembic_version")


@dataclass
class RunningStack:
    """A stack that is up."""

    home: Home
    record: Record
    clock: ClockDriver

    def play(self, recording: Recording) -> None:
        """Open the sample hospital and play a recording into it."""
        self.with_suite(lambda suite, quiet: self._play(suite, quiet, recording))

    def quiet(self) -> None:
        """Wait until nothing is under way."""
        self.with_suite(lambda _, quiet: quiet.wait())

    def with_suite(self, act: Callable[[Suite, Quiet], Coroutine[Any, Any, T]]) -> T:
        """Do something as a client of the suite."""
        return asyncio.run(self._with_suite(act))

    async def _with_suite(self, act: Callable[[Suite, Quiet], Coroutine[Any, Any, T]]) -> T:
        issuer = Issuer(self.home.root)
        addresses = Addresses(
            services=self.record.urls, kafka=self.record.kafka, token=lambda role: issuer.token(role, f"test-{role}")
        )
        suite = Suite(addresses)
        quiet = Quiet(suite, SERVICES, [topic.name for topic in TOPICS])
        try:
            await quiet.start()
            return await act(suite, quiet)
        finally:
            await quiet.close()
            await suite.close()

    async def _play(self, suite: Suite, quiet: Quiet, recording: Recording) -> None:
        hospital = hospital_files.load()
        scene = Scene(
            recording=recording,
            hospital=hospital,
            catalogue=catalogue_files.load(),
            suite=suite,
            quiet=quiet,
            clock=self.clock,
        )
        driver = Driver(scene)
        self.clock.advance_to(max(driver.plan(), EARLIEST))
        await open_hospital(suite, Premises.read(hospital.clinics))
        await open_exams(suite, hospital)
        await driver.play(_silently)

    def contents(self) -> dict[str, dict[str, str]]:
        """Service → table → hash of its rows, for every table that the service itself fills."""
        return asyncio.run(self._contents())

    async def _contents(self) -> dict[str, dict[str, str]]:
        addresses = json.loads(self.home.databases.read_text())
        return {service: await _hashes(addresses[service]) for service in SERVICES}


async def _hashes(url: str) -> dict[str, str]:
    connection = await asyncpg.connect(url)
    try:
        return await fingerprint(connection, without=MACHINERY)
    finally:
        await connection.close()


def _silently(_done: int, _left: int, _at: datetime) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    """A stack of the test module's own, with a clock that begins anew."""
    with running_stack() as stack:
        yield stack


@contextmanager
def running_stack() -> Iterator[RunningStack]:
    """A stack that is gone afterwards, with a clock that begins anew."""
    with folder("stack") as root:
        home = Home(root)
        clock = fresh_clock(root / "clock")
        running = Stack(home)
        record = running.up(Wishes(kafka="auto", clock=str(root / "clock"), tied=True, log_level="info"))
        try:
            yield RunningStack(home, record, clock)
        finally:
            running.down()
            running.reset()
