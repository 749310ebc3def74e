"""P6.desk: the coordinator's list of 500 who wait, each with a preparation and a call, among 100,000 who did once."""

from collections.abc import Iterator
from datetime import timedelta
from time import perf_counter

import httpx

from services.beds.app import SERVICE
from services.beds.preparation import handlers as preparation
from services.beds.preparation.model import Mark, MarkItems, State, Who
from shared.clock import SystemClock, wall_now
from shared.database import Database, engine_for
from shared.effects import Effects
from shared.ids import new_id
from shared.messages.followup.callbacks import CallBackDue
from shared.messages.registration.admissions import AdmissionRequested
from shared.migrating import migrate
from shared.telemetry import Telemetry
from tests.adapters.beds.wards import requested
from tests.bench.figures import Row, percentile
from tests.bench.harness import Bench, run
from tests.bench.rows.footprint import cpu_seconds
from tests.bench.service import service, tokens
from tests.support.service import record_of

WAITING = 500
ENDED = 100_000
CALLS = 300
MARKED = ("insurance-card", "emergency-contact", "allergy-list")
COPY = """
INSERT INTO admission_request SELECT ended.*
FROM (SELECT to_jsonb(request) AS fields FROM admission_request AS request LIMIT 1) AS one, generate_series(1, $1) AS n,
     LATERAL jsonb_populate_record(NULL::admission_request, one.fields || jsonb_build_object(
         'request_id', md5(n::text)::uuid, 'patient_id', md5(n::text)::uuid, 'phase', 'admitted')) AS ended
"""


def measure(bench: Bench) -> Iterator[Row]:
    """P6.desk."""
    with bench.database(bench.template("beds_desk", _fill)) as url, service(bench, "beds", url, part="api") as running:
        address = f"http://127.0.0.1:{running.port}/desk/worklist"
        for limit, name in ((100, "page"), (WAITING, "all")):
            used = cpu_seconds(running.child.pid)
            taken = _ask(bench, address, limit)
            used = (cpu_seconds(running.child.pid) - used) / len(taken)
            yield Row(
                id=f"P6.desk.{name}", what=f"coordinator's list, {WAITING} wait, {limit} shown, p99", unit="ms",
                value=percentile(taken, 99), cpu_us=used * 1e6, runs=len(taken), target="value <= 50",
            )  # fmt: skip


def _ask(bench: Bench, address: str, limit: int) -> list[float]:
    """Milliseconds of one call after the other."""
    taken = []
    headers = {"Authorization": f"Bearer {tokens(bench, 'coordinator', 1)[0]}"}
    with httpx.Client(headers=headers, trust_env=False, timeout=60) as http:
        for _ in range(CALLS):
            began = perf_counter()
            answer = http.get(address, params={"limit": limit})
            taken.append((perf_counter() - began) * 1000)
            if answer.json()["total"] != WAITING:
                raise RuntimeError("the list is not whole")
    return taken


def _fill(url: str) -> None:
    migrate(SERVICE.migrations, url)
    run(_seed(url))


async def _seed(url: str) -> None:
    database, now = Database(engine_for(url, 2), SystemClock()), wall_now()
    asked = [requested(now - timedelta(hours=number)) for number in range(WAITING)]
    records = [record_of(event, now) for one in asked for event in (one, _due(one))]
    await Effects("beds", database, SERVICE.reactions, Telemetry("bench")).take(records)
    async with database.work() as work:
        for one in asked:
            marks = tuple(Mark(item=item, state=State.DONE) for item in MARKED)
            command = MarkItems(
                request_id=one.request_id, marks=marks, as_who=frozenset({Who.PATIENT}), marked_by="bench"
            )
            await preparation.mark_items(command, work)
    async with database.work() as work:
        await (await work.sql()).execute(COPY, ENDED)
    connection = await database.driver()
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
    await database.close()


def _due(event: AdmissionRequested) -> CallBackDue:
    now = event.requested_at
    return CallBackDue(
        call_back_id=new_id(), request_id=event.request_id, patient_id=event.patient_id, occurrence=1, due_at=now,
        late_at=now + timedelta(hours=24), next_due_at=None, aggregate_version=1,
    )  # fmt: skip
