"""G5: a year of a hospital's sessions, 300 a day, opened by the handler that the API calls, four clinics at a time."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from statistics import median
from zoneinfo import ZoneInfo

from services.registration.app import SERVICE
from services.registration.schedules import handlers
from services.registration.schedules.model import Hours, OpenSessions, PutClinic, Release, Setting
from shared.clock import SystemClock, wall_now
from shared.database import Database, engine_for
from shared.envelope import Origin, caused_by
from shared.migrating import migrate
from tests.bench.figures import Row
from tests.bench.harness import Bench, run

CLINICS = 150
DAYS = 365
SESSIONS = CLINICS * 2 * DAYS
AT_ONCE = 4
ZONE = ZoneInfo("Asia/Shanghai")
"""Nobody opens sessions of yesterday, which in UTC may still be today."""
BOTH_HALVES = ((8 * 60, 12 * 60), (13 * 60, 17 * 60))


def measure(bench: Bench) -> Iterator[Row]:
    """G5."""
    template = bench.template("registration_empty", lambda url: migrate(SERVICE.migrations, url))
    seconds, cpu = [], []
    for _ in range(bench.runs):
        with bench.database(template) as url:
            took, used = run(_open(bench, url))
        seconds.append(took)
        cpu.append(used)
    yield Row(
        id="G5.sessions", what="a year of 300 sessions a day (109,500 with 876,000 slots) opened", unit="s",
        value=median(seconds), cpu_us=median(cpu) / SESSIONS * 1e6, runs=bench.runs, target="value <= 10",
    )  # fmt: skip


async def _open(bench: Bench, url: str) -> tuple[float, float]:
    """Wall and CPU seconds."""
    database = Database(engine_for(url, 12), SystemClock())
    database.at_once = SERVICE.at_once
    for number in range(CLINICS):
        async with database.work() as work:
            await handlers.put_clinic(_clinic(number), work)
    today = wall_now().astimezone(ZONE).date()
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> int:
        command = OpenSessions(clinic_id=f"clinic-{number}", from_on=today, to_on=today + timedelta(days=DAYS - 1))
        async with gate, database.work() as work:
            return (await handlers.open_sessions(command, work)).opened

    clock = bench.cpu()
    with caused_by(Origin(correlation_id="bench", causation_id="bench")):
        opened = sum(await asyncio.gather(*(one(number) for number in range(CLINICS))))
    took, used = clock.elapsed(), clock.seconds()
    await database.close()
    if opened != SESSIONS:
        raise RuntimeError(f"{SESSIONS} sessions were to be opened, and {opened} were")
    return took, used


def _clinic(number: int) -> PutClinic:
    """Mornings and afternoons, each with a clinician and a room of its own, released a week ahead at 07:00."""
    setting = Setting(clinicians=(f"C-{number}",), room=f"R-{number}")
    release = Release(days_ahead=7, at_minute=7 * 60)
    lines = [
        Hours(weekday=day, from_minute=begin, to_minute=end, capacity=3, setting=setting, release=release)
        for day in range(1, 8)
        for begin, end in BOTH_HALVES
    ]
    return PutClinic(
        clinic_id=f"clinic-{number}", campus_id="east", specialty="cardiology", zone=ZONE.key, name_zh=None,
        name_en=None, template=tuple(lines),
    )  # fmt: skip
