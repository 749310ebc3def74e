"""P6.import: a hospital of 12,000 beds taken in through the API, beside the same bytes copied into a bare table."""

from collections.abc import Iterator
from io import BytesIO
from statistics import median
from time import perf_counter
from uuid import uuid4

import asyncpg
import httpx

from deploy.local.ports import LOOPBACK
from services.beds.app import SERVICE
from shared.migrating import migrate
from tests.bench.figures import Row, ratio
from tests.bench.harness import Bench, run
from tests.bench.service import Running, service, tokens

BEDS = 12_000
BEDS_A_ROOM, ROOMS_A_WARD = 4, 10
HEADER = "campus,ward,specialty,overflow,room,bed,status,sex_policy,room_sex,attributes,age_group,isolation,stay_band"
BARE = f"CREATE TABLE bare ({', '.join(f'{name} text' for name in HEADER.split(','))})"


def measure(bench: Bench) -> Iterator[Row]:
    """P6.import."""
    template = bench.template("beds", lambda url: migrate(SERVICE.migrations, url))
    content = hospital()
    taken, copied, used = [], [], []
    for _ in range(bench.runs):
        with bench.database(template) as url, service(bench, "beds", url, part="api") as running:
            clock = bench.cpu(running.child.pid)
            taken.append(imported(bench, running, content))
            used.append(clock.seconds())
        with bench.database() as url:
            copied.append(run(copy(url, content)))
    yield Row(
        id="P6.import", what=f"{BEDS:,} beds imported through the API, events included", value=median(taken), unit="s",
        cpu_us=median(used) / BEDS * 1e6, baseline={"what": "COPY into a bare table", "value": median(copied)},
        ratio=ratio(taken, copied), runs=bench.runs, target="value <= 5",
    )  # fmt: skip


def hospital() -> bytes:
    """A bed file."""
    lines = []
    for number in range(BEDS):
        room, bed = divmod(number, BEDS_A_ROOM)
        ward = room // ROOMS_A_WARD
        place = f"W{ward:03d},specialty-{ward % 30},specialty-{(ward + 1) % 30},{room:04d},{bed + 1}"
        campus = ("east", "main", "west")[ward % 3]
        lines.append(f"{campus},{place},U,single,,oxygen,adult,none,1-30")
    return "\n".join([HEADER, *lines, ""]).encode()


def imported(bench: Bench, running: Running, content: bytes) -> float:
    """Seconds from the request to the answer."""
    headers = {
        "Authorization": f"Bearer {tokens(bench, 'back-office', 1)[0]}",
        "Content-Type": "text/csv",
        "Idempotency-Key": str(uuid4()),
    }
    began = perf_counter()
    answer = httpx.post(f"http://{LOOPBACK}:{running.port}/beds/import", content=content, headers=headers, timeout=60)
    seconds = perf_counter() - began
    assert answer.json()["added"] == BEDS, answer.text
    return seconds


async def copy(url: str, content: bytes) -> float:
    """Seconds that the database takes for the same bytes alone."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(BARE)
        began = perf_counter()
        await connection.copy_to_table("bare", source=BytesIO(content), format="csv", header=True)
        return perf_counter() - began
    finally:
        await connection.close()
