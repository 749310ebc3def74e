"""G4: is the console's projection linear in the events it draws? CPU of all of them, ours and the database's."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count, islice
from uuid import UUID

from services.console.app import SERVICE
from shared.clock import FixedClock
from shared.database import Database, engine_for
from shared.effects import Effects
from shared.inbox import Record
from shared.messages.beds.inventory import BedState
from shared.messages.registration.booking import AppointmentBooked
from shared.migrating import migrate
from shared.telemetry import Telemetry
from tests.bench.figures import Row
from tests.bench.growth import shape
from tests.bench.harness import Bench, run
from tests.support.service import record_of

SIZES = (1_000, 10_000, 100_000)
BATCH = 500
BEDS = 800
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def measure(bench: Bench) -> Iterator[Row]:
    """Bookings of ever more patients, and every fifth event a bed that changes."""
    template = bench.template("console", lambda url: migrate(SERVICE.migrations, url))
    costs: dict[int, float] = {}
    for size in SIZES:
        with bench.database(template) as url:
            costs[size] = run(_project(bench, url, size))
    what = "CPU of drawing all events, events"
    yield from shape.rows("G4.projection", what, costs, unit="ms", runs=1, target="value <= 1.1")


async def _project(bench: Bench, url: str, size: int) -> float:
    database = Database(engine_for(url, 2), FixedClock(NOON))
    effects = Effects("console", database, SERVICE.reactions, Telemetry("bench"))
    said = stream()
    await effects.take(list(islice(said, BATCH)))
    used = 0.0
    for _ in range(size // BATCH):
        records = list(islice(said, BATCH))
        clock = bench.cpu()
        await effects.take(records)
        used += clock.seconds()
    await database.close()
    return used * 1000


def stream() -> Iterator[Record]:
    """Events without end."""
    for number in count():
        if number % 5 == 0:
            yield record_of(_bed(number // 5), NOON)
        else:
            yield record_of(_booking(number), NOON)


def _bed(number: int) -> BedState:
    bed = number % BEDS
    return BedState(
        bed_id=f"east/W{bed // 40}/{bed}", campus_id="east", ward_id=f"W{bed // 40}", room_id=f"W{bed // 40}/{bed}",
        status="H", reserved=False, stay_id=None, patient_id=None, changed_at=NOON,
        aggregate_version=1 + number // BEDS,
    )  # fmt: skip


def _booking(number: int) -> AppointmentBooked:
    return AppointmentBooked(
        appointment_id=UUID(int=number + 1), patient_id=UUID(int=number + 1), session_id=UUID(int=1),
        clinic_id="clinic-1", slot_starts_at=NOON, visit_type="outpatient", channel="app", aggregate_version=1,
    )  # fmt: skip
