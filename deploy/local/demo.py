"""The demo: a fresh stack on driven time, a recording played into it, and the report of what came of it.

Invariant: it keeps its data in a state directory of its own, so it never touches a stack that somebody else uses, and
whatever ends it, nothing of it goes on running.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from deploy.local.issuer import Issuer
from deploy.local.layout import STATE, Home
from deploy.local.record import Record
from deploy.local.stack import Stack
from deploy.local.starting import Wishes
from services.simulator.catalogue import files as catalogue_files
from services.simulator.hospital import files as hospital_files
from services.simulator.play.driver import Driver, Scene
from services.simulator.play.exams import open_exams
from services.simulator.play.morning import morning_round
from services.simulator.play.opening import Premises, open_hospital
from services.simulator.play.quiet import Quiet
from services.simulator.play.suite import Addresses, Suite
from services.simulator.reading import synthea
from services.simulator.reading.model import Recording
from services.simulator.report.figures import Circumstances, read_report
from services.simulator.report.shapes import Part, Report, Seconds
from shared.broker import TOPICS
from shared.clock import EARLIEST, ClockDriver

HOME = STATE / "demo"
SHIPPED = Path(hospital_files.__file__).parents[1] / "patients" / "synthea"
DECIDING = ("registration", "beds", "discharge", "followup")
"""The services whose effects the next step may need; the console only shows."""
SERVICES = (*DECIDING, "console")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to play and on what. `say` is told each step, `on_progress` how far it is: done, left, business time."""

    patients: Path = SHIPPED
    kafka: str = "auto"
    postgres: str | None = None
    install_seconds: float = 0.0
    say: Callable[[str], None] = field(default=lambda _: None)
    on_progress: Callable[[int, int, object], None] = field(default=lambda *_: None)


@contextmanager
def demo(wanted: Wanted, home: Path = HOME) -> Iterator[tuple[Record, Report]]:
    """Play; yields what runs and the report, and takes everything down on the way out.

    Raises `UnreadableExport` before anything starts, `StackFailed`, or `Unexpected` when a service says so.
    """
    recording = synthea.read(wanted.patients, lambda file, rows: wanted.say(f"reading {file}, {rows:,} rows"))
    for row in recording.rejected:
        wanted.say(f"left out {row.file} line {row.line}: {row.reason}")
    stack = Stack(Home(home))
    wanted.say("clearing the last demo")
    stack.reset(wanted.postgres)
    clock = fresh_clock(home / "clock")
    began = time.monotonic()
    wishes = Wishes(
        kafka=wanted.kafka,
        postgres=wanted.postgres,
        clock=str(home / "clock"),
        tied=True,
        log_level="warning",
        say=wanted.say,
    )
    try:
        record = stack.up(wishes)
        seconds = Seconds(install=wanted.install_seconds, start=round(time.monotonic() - began, 2), play=0)
        yield record, uvloop.run(_play(wanted, recording, clock, record, seconds, home))
    finally:
        stack.down()


async def _play(
    wanted: Wanted, recording: Recording, clock: ClockDriver, record: Record, seconds: Seconds, home: Path
) -> Report:
    issuer = Issuer(home)
    suite = Suite(
        Addresses(services=record.urls, kafka=record.kafka, token=lambda role: issuer.token(role, f"demo-{role}"))
    )
    topics = [topic.name for topic in TOPICS]
    quiet, everybody = Quiet(suite, DECIDING, topics), Quiet(suite, SERVICES, topics)
    try:
        await quiet.start()
        await everybody.start()
        hospital, catalogue = hospital_files.load(), catalogue_files.load()
        scene = Scene(
            recording=recording, hospital=hospital, catalogue=catalogue, suite=suite, quiet=quiet, clock=clock
        )
        driver = Driver(scene)
        clock.advance_to(max(driver.plan(), EARLIEST))
        beds = await open_hospital(suite, Premises.read(hospital.clinics))
        wanted.say(f"opened the sample hospital: {beds} beds, {len(hospital.clinics)} clinics")
        wanted.say(f"opened its exams: {await open_exams(suite, hospital)} items")
        began = time.monotonic()
        await driver.play(wanted.on_progress)
        last = await everybody.wait()
        wanted.say("reading the report from the services and the topics")
        circumstances = Circumstances(
            recording=recording,
            reading=last,
            morning=await morning_round(suite, hospital, recording),
            kafka=Part(kind=record.kafka_kind, version=record.kafka_version),
            postgres=Part(kind="external" if wanted.postgres else "embedded", version=record.postgres_version),
            seconds=seconds.model_copy(update={"play": round(time.monotonic() - began, 2)}),
        )
        return await read_report(suite, circumstances)
    finally:
        await everybody.close()
        await quiet.close()
        await suite.close()


def fresh_clock(path: Path) -> ClockDriver:
    """A driven clock that begins anew: time never goes back on an old one."""
    path.unlink(missing_ok=True)
    return ClockDriver(path)
