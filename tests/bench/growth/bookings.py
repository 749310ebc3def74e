"""G1: does a booking cost more with a million appointments behind it? CPU a booking, ours and the database's."""

from collections.abc import Iterator
from statistics import median

from tests.bench import seeding
from tests.bench.figures import Row
from tests.bench.growth import shape
from tests.bench.harness import Bench
from tests.bench.pgbench import Spread
from tests.bench.rows.booking import by_lane

SIZES = (1_000, 10_000, 100_000, 1_000_000)
PAST = """
INSERT INTO appointment (appointment_id, patient_id, session_id, clinic_id, slot_starts_at, slot_ends_at, ordinal,
    status, visit_type, channel, booked_at, arrived_at, completed_at, version)
SELECT uuidv7(), lpad(to_hex(1 + number % {patients}), 32, '0')::uuid,
    lpad(to_hex(1000000 + number / 300), 32, '0')::uuid, 'clinic-1', timestamptz '2025-01-06T00:00Z',
    timestamptz '2025-01-06T00:20Z', 1 + number % 300, 'completed', 'outpatient', 'app',
    timestamptz '2025-01-01T00:00Z', timestamptz '2025-01-06T00:01Z', timestamptz '2025-01-06T00:20Z', 4
FROM generate_series(0, {size} - 1) AS number;
INSERT INTO command (key, route, body_hash, status, answer)
SELECT gen_random_uuid()::text, '/appointments', decode(repeat('5a', 32), 'hex'), 201, decode(repeat('20', 500), 'hex')
FROM generate_series(1, {size});
"""


def measure(bench: Bench) -> Iterator[Row]:
    """The same load on the same slots, behind it ever more appointments of the past and their remembered answers."""
    template = seeding.registration(bench)
    costs: dict[int, float] = {}
    for size in SIZES:
        with bench.database(template) as grown:
            bench.execute(PAST.format(patients=seeding.PATIENTS, size=size), grown)
            bench.execute("VACUUM ANALYZE appointment", grown)
            bench.execute("CHECKPOINT")
            costs[size] = median(by_lane_on(bench, grown) for _ in range(bench.runs))
    what = "CPU of a booking, appointments in the table"
    yield from shape.rows("G1.bookings", what, costs, unit="µs", runs=bench.runs, target="ratio <= 1.3")


def by_lane_on(bench: Bench, url: str) -> float:
    """CPU of a booking on this database."""
    return by_lane(bench, url, Spread(), seconds=2.0).cpu_us
