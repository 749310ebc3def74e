"""L, the limit that bookings are compared with: the one conditional statement, from pgbench's C client.

It is the product's own statement for one request, prepared, 64 clients, each booking committed durably.
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
from services.registration.booking.taking import ONE
from shared.envelope import Origin, headers_of
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
QUOTED = "'{}'"
WRITTEN = "RETURNING *"
"""Where the statement has written an appointment; pgbench ends at an error, so a lost race must be none."""


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
        1: "clock_timestamp()",
        2: "NULL",
        3: "ARRAY[]::text[]",
        4: "ARRAY[]::text[]",
        5: "gen_random_uuid()::text",
        6: "'/appointments'",
        7: QUOTED.format(r"\x" + "5a" * 32),
        8: "uuidv7()",
        9: "lpad(to_hex(:patient::bigint), 32, '0')",
        10: "lpad(to_hex(:session::bigint), 32, '0')",
        11: f"to_timestamp({int(opens.timestamp())} + :slot::int * {int(seeding.SLOT.total_seconds())})",
        12: "false",
        13: "'outpatient'",
        14: QUOTED.format(Channel.APP),
        15: "NULL",
        16: "NULL",
        17: f":patient::int % {SHARDS}",
        18: QUOTED.format(r"\x" + headers(opens).hex()),
    }
    if WRITTEN not in ONE:
        raise RuntimeError(f"the statement no longer says {WRITTEN!r}: say anew how a lost race goes on")
    lenient = ONE.replace("\\", "\\\\").replace(WRITTEN, f"ON CONFLICT DO NOTHING {WRITTEN}")
    one = re.sub(r"\$(\d+)", lambda parameter: f"({values[int(parameter[1])]})", lenient)
    sets = [
        f"\\set patient random(1, {spread.patients})",
        f"\\set session random(1, {spread.sessions})",
        f"\\set slot random(0, {spread.slots} - 1)",
    ]
    return "\n".join([*sets, f"{one};"])


def headers(opens: datetime) -> bytes:
    """The headers of the event, as long as the product's."""
    cause = Origin(correlation_id=str(new_id()), causation_id=f"command:{new_id()}")
    return pack_headers(headers_of(AppointmentBooked, str(new_id()), str(new_id()), opens, cause))
