"""A hospital's registration in bulk: patients, sessions and slots with numbers for ids, so that any client knows them.

Invariant: the same call makes the same rows; every slot lies ahead.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.registration.app import SERVICE
from shared.clock import wall_now
from shared.migrating import migrate
from tests.bench.harness import Bench

PATIENTS = 100_000
SESSIONS = 2_000
SLOTS_A_SESSION = 10
PLACES = 30
HISTORY = 1_000
"""Appointments of the past: no statement is planned for empty tables, neither ours nor the limit's."""
SLOT = timedelta(minutes=20)

SEED = """
INSERT INTO patient (patient_id, name, sex, born_on, insutype, retired, low_income, version)
SELECT lpad(to_hex(number), 32, '0')::uuid, 'P' || number, CASE number % 2 WHEN 0 THEN 'F' ELSE 'M' END,
    date '1950-01-01' + number % 20000, '310', false, false, 1
FROM generate_series(1, {patients}) AS number;
INSERT INTO clinic (clinic_id, campus_id, specialty, zone, template, version)
SELECT 'clinic-' || number, 'east', 'cardiology', 'Asia/Shanghai', '{{}}', 1
FROM generate_series(1, {sessions}) AS number;
INSERT INTO session (session_id, clinic_id, campus_id, session_on, starts_at, ends_at, slot_minutes, places, version)
SELECT lpad(to_hex(number), 32, '0')::uuid, 'clinic-' || number, 'east', '{day}', '{opens}',
    timestamptz '{opens}' + {slots} * interval '20 minutes', 20, {places}, 1
FROM generate_series(1, {sessions}) AS number;
INSERT INTO slot (session_id, starts_at, ends_at, clinic_id, capacity, booked, last_ordinal)
SELECT session_id, starts_at + step * interval '20 minutes', starts_at + (step + 1) * interval '20 minutes', clinic_id,
    {places}, 0, 0
FROM session, generate_series(0, {slots} - 1) AS step;
"""

HISTORY_SQL = """
INSERT INTO appointment (appointment_id, patient_id, session_id, clinic_id, slot_starts_at, slot_ends_at, ordinal,
    status, visit_type, channel, booked_at, arrived_at, completed_at, version)
SELECT uuidv7(), lpad(to_hex(1 + number % {patients}), 32, '0')::uuid,
    lpad(to_hex(1000000 + {size} + number / 300), 32, '0')::uuid, 'clinic-1', timestamptz '2025-01-06T00:00Z',
    timestamptz '2025-01-06T00:20Z', 1 + number % 300, 'completed', 'outpatient', 'app',
    timestamptz '2025-01-01T00:00Z', timestamptz '2025-01-06T00:01Z', timestamptz '2025-01-06T00:20Z', 4
FROM generate_series(0, {size} - 1) AS number;
INSERT INTO command (key, route, body_hash, status, answer)
SELECT gen_random_uuid()::text, '/appointments', decode(repeat('5a', 32), 'hex'), 201, decode(repeat('20', 500), 'hex')
FROM generate_series(1, {size});
"""


def opens() -> datetime:
    """When every session begins: in a week."""
    return (wall_now() + timedelta(days=7)).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def numbered(number: int) -> UUID:
    """The id of a patient or a session."""
    return UUID(int=number)


def registration(
    bench: Bench,
    name: str = "registration_seeded",
    *,
    patients: int = PATIENTS,
    sessions: int = SESSIONS,
    slots: int = SLOTS_A_SESSION,
    places: int = PLACES,
) -> str:
    """A template database of registration, migrated and filled; nothing is booked."""
    day = opens()
    sql = SEED.format(
        patients=patients, sessions=sessions, slots=slots, places=places, day=day.date(), opens=day.isoformat()
    )

    def fill(url: str) -> None:
        migrate(SERVICE.migrations, url)
        bench.execute(sql, url)
        add_history(bench, url, HISTORY)
        bench.execute("VACUUM ANALYZE", url)

    return bench.template(name, fill)


def add_history(bench: Bench, url: str, appointments: int) -> None:
    """More appointments of the past, of random patients, each with its remembered answer."""
    if appointments > 0:
        bench.execute(HISTORY_SQL.format(patients=PATIENTS, size=appointments), url)
        bench.execute("VACUUM ANALYZE appointment, command", url)
