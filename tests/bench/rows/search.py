"""P2.search: patients look for free slots while others book as fast as they can."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from random import Random
from statistics import median

import httpx

from tests.bench import load, seeding
from tests.bench.figures import Row, percentile
from tests.bench.harness import Bench
from tests.bench.load import Seen
from tests.bench.rows.http import ROLE, errand, registration
from tests.bench.service import Running, tokens

SESSIONS = 300
"""A hospital's day."""
BOOKERS = 8
SECONDS = 4.0


def measure(bench: Bench) -> Iterator[Row]:
    """The tail of a search, by clinic or over the whole campus, during a rush."""
    template = seeding.registration(bench, "registration_day", sessions=SESSIONS)
    tails, rushes = [], []
    for _ in range(bench.runs):
        with bench.database(template) as url, registration(bench, url) as running, ThreadPoolExecutor(1) as pool:
            rush = errand(bench, running, seconds=SECONDS, connections=BOOKERS, sessions=SESSIONS)
            seconds, seen = search(bench, running, pool.submit(load.run, rush))
        tails.append(percentile(seconds, 99) * 1000)
        rushes.append(seen.created_per_second)
    yield Row(
        id="P2.search", what=f"find free slots while {median(rushes):,.0f} bookings/s are made", value=median(tails),
        unit="ms", runs=bench.runs, target="value <= 50",
    )  # fmt: skip


def search(bench: Bench, running: Running, rush: "Future[Seen]") -> tuple[list[float], Seen]:
    """Search in turn by clinic, and by campus, specialty and time of day, until the rush is over."""
    random, seconds = Random(5), []  # noqa: S311 - a reproducible crowd
    token = tokens(bench, ROLE, 1)[0]
    day = {"from_at": seeding.opens().isoformat(), "to_at": (seeding.opens() + timedelta(days=1)).isoformat()}
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{running.port}", headers=headers, trust_env=False) as client:
        while not rush.done():
            clinic = {"clinic_id": f"clinic-{random.randint(1, SESSIONS)}", "on": seeding.opens().date().isoformat()}
            broad = {"campus_id": "east", "specialty": "cardiology", "from_time": "09:00", "to_time": "12:00"}
            for asked in (clinic, broad):
                began = time.perf_counter()
                client.get("/slots", params=day | asked).raise_for_status()
                seconds.append(time.perf_counter() - began)
    return seconds, rush.result()
