"""L, the limit that bookings are compared with: the one conditional statement, from pgbench's C client.

It is the product's own statement for one request, with the remembered answer and the event written by the same
statement, prepared, 64 clients, each booking committed durably.
"""

import re
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import psutil

from deploy.local.postgres import programs
from services.registration.booking.model import Channel
from services.registration.booking.taking import ANSWER_REFUSED, ANSWER_TAKEN, ONE
from shared.envelope import Origin, caused_by, seal
from shared.ids import new_id
from shared.messages.registration.booking import AppointmentBooked
from shared.outbox import pack_headers
from shared.tables import SHARDS
from tests.bench import seeding
from tests.bench.harness import CpuClock, rows_of

CLIENTS = 64
WHAT = "pgbench, the same statement, 64 clients"
SECONDS = 4
COUNT = "SELECT count(*) FROM appointment WHERE status = 'booked'"
ANSWER_BYTES = 500
QUOTED = "'{}'"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What the C client reached; `cpu_us` counts it and the server."""

    bookings_per_second: float
    cpu_us: float


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Over what the bookings are spread: everything, or one hot slot."""

    sessions: int = seeding.SESSIONS
    slots: int = seeding.SLOTS_A_SESSION
    patients: int = seeding.PATIENTS


def measure(url: str, clock: CpuClock, script: Path, spread: Spread, seconds: int = SECONDS) -> Limit:
    """Run pgbench on a seeded database. Only bookings that were made count."""
    script.write_text(statement(seeding.opens(), spread), encoding="utf-8")
    place = urlsplit(url)
    before = psutil.Process().cpu_times()
    made = subprocess.run(
        [
            str(programs() / "pgbench"), "--no-vacuum", "--protocol=prepared", f"--client={CLIENTS}", "--jobs=1",
            f"--time={seconds}", f"--file={script}", f"--host={parse_qs(place.query)['host'][0]}",
            f"--username={place.username}", place.path.lstrip("/"),
        ],
        env={"PGPASSWORD": unquote(place.password or "")},
        capture_output=True, text=True, check=False, timeout=seconds + 60,
    )  # fmt: skip
    if made.returncode:
        raise RuntimeError(f"pgbench failed: {made.stderr.strip()}")
    after = psutil.Process().cpu_times()
    client = after.children_user + after.children_system - before.children_user - before.children_system
    bookings = rows_of(url, COUNT)[0][0]
    ran = float(re.search(r"tps = ([\d.]+)", made.stdout)[1])
    done = int(re.search(r"transactions actually processed: (\d+)", made.stdout)[1])
    return Limit(bookings_per_second=ran * bookings / done, cpu_us=(clock.seconds() + client) / bookings * 1e6)


def statement(opens: datetime, spread: Spread) -> str:
    """The script: a random patient books a random slot under a fresh key."""
    values = {
        1: "gen_random_uuid()::text",
        2: QUOTED.format(r"\x" + "5a" * 32),
        3: "uuidv7()",
        4: "lpad(to_hex(:patient::bigint), 32, '0')",
        5: "lpad(to_hex(:session::bigint), 32, '0')",
        6: f"to_timestamp({int(opens.timestamp())} + :slot::int * {int(seeding.SLOT.total_seconds())})",
        7: "false",
        8: "'outpatient'",
        9: QUOTED.format(Channel.APP),
        10: "NULL",
        11: "NULL",
        12: "clock_timestamp()",
        13: "NULL",
    }
    one = re.sub(r"\$(\d+)", lambda parameter: f"({values[int(parameter[1])]})", ONE.replace("\\", "\\\\"))
    one = one.removesuffix(f"{ANSWER_REFUSED} UNION ALL {ANSWER_TAKEN}")
    sets = [
        f"\\set patient random(1, {spread.patients})",
        f"\\set session random(1, {spread.sessions})",
        f"\\set slot random(0, {spread.slots} - 1)",
    ]
    answer = f"SELECT outcome FROM ({ANSWER_REFUSED} UNION ALL {ANSWER_TAKEN}) AS answer;"  # noqa: S608 - our own words
    return "\n".join([*sets, f"{one}{remembered_and_said(opens)}{answer}"])


def remembered_and_said(opens: datetime) -> str:
    """The rows of the answer and of the event, as long as the product's."""
    event = AppointmentBooked(
        appointment_id=new_id(), patient_id=new_id(), session_id=new_id(), clinic_id="clinic-1000",
        slot_starts_at=opens, visit_type="outpatient", channel="app", aggregate_version=1,
    )  # fmt: skip
    with caused_by(Origin(correlation_id=str(new_id()), causation_id=f"command:{new_id()}")):
        sealed = seal(event, opens)
    headers = pack_headers(sealed.headers).hex()
    value = (sealed.value or b"").hex()
    return f"""
, remembered AS (
    INSERT INTO command (key, route, body_hash, status, answer)
    SELECT key, '/appointments', body_hash, 201, '\\x{"20" * ANSWER_BYTES}'::bytea
    FROM taken JOIN judged USING (appointment_id)
)
, said AS (
    INSERT INTO outbox (shard, topic, key, headers, value)
    SELECT :patient::int % {SHARDS}, '{sealed.topic}', patient_id::text, '\\x{headers}'::bytea, '\\x{value}'::bytea
    FROM taken JOIN judged USING (appointment_id)
)
"""  # noqa: S608 - our own words
