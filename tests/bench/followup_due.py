"""How fast the due engine is on a durable PostgreSQL: `python -m tests.bench.followup_due [--plans N] [--due N]`.

One plan is opened by the service's own rule and copied, with ids as they are made (stays in order of time,
the rest random), a part of the copies due now; then the service's own timer
fires until none is due. Says tasks a second, the time of a batch, and our CPU time a task.
"""

import argparse
import asyncio
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from time import perf_counter, process_time
from typing import Any

import psutil

from deploy.local.postgres import EmbeddedPostgres
from services.followup.app import SERVICE
from services.followup.plans import handlers
from services.followup.templates.handlers import publish_shipped
from shared.clock import FixedClock
from shared.database import Database, engine_for
from shared.ids import new_id
from shared.messages.discharge import PatientLeft
from shared.migrating import migrate
from shared.timers import BATCH

LEFT_AT = datetime(2026, 3, 2, 4, tzinfo=UTC)
COPY = """
INSERT INTO plan (plan_id, patient_id, stay_id, template, template_version, purpose, risk, left_at, steps, occurrences,
                  due_ats, late_ats, next_step, next_due_at, status, opened_at, correlation_id, shard, version)
SELECT gen_random_uuid(), gen_random_uuid(), uuidv7(), template, template_version, purpose, risk, left_at,
       steps, occurrences, array(SELECT at + later FROM unnest(due_ats) AS at),
       array(SELECT at + later FROM unnest(late_ats) AS at), 1, due_ats[1] + later, status, opened_at,
       gen_random_uuid()::text, shard, 1
FROM plan, generate_series(1, $1) AS number,
     LATERAL (SELECT CASE WHEN number <= $2 THEN make_interval(secs => number / 100.0)
                          ELSE make_interval(days => 10 + number % 60) END AS later) AS shift
"""


async def seed(database: Database, plans: int, due: int) -> None:
    """Fill the database: one plan by the rule, the others its copies, `due` of them due within the first hour."""
    left = PatientLeft(stay_id=new_id(), patient_id=new_id(), disposition="home", left_at=LEFT_AT, aggregate_version=1)
    async with database.work() as work:
        await publish_shipped(work)
        await handlers.on_patient_left(left, work)
    async with database.work() as work:
        connection = await work.sql()
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute(COPY, plans - 1, due - 1)
    connection = await database.driver()
    await connection.execute("VACUUM ANALYZE plan")
    await connection.close()


def server_seconds(server: psutil.Process) -> float:
    """CPU time that the database server and its backends have used: the same on a busy machine."""
    times = [process.cpu_times() for process in (server, *server.children(recursive=True))]
    return sum(one.user + one.system for one in times)


async def drain(database: Database) -> list[float]:
    """Fire until nothing is due, as one replica does. Returns the seconds of each batch."""
    [timer] = SERVICE.timers
    seconds = []
    while True:
        before = perf_counter()
        if not await timer.fire(database, BATCH):
            return seconds
        seconds.append(perf_counter() - before)


async def measure(database: Database, server: psutil.Process, workers: int) -> dict[str, Any]:
    """Let so many workers fire until nothing is due."""
    started, cpu, server_cpu = perf_counter(), process_time(), server_seconds(server)
    seconds = [one for each in await asyncio.gather(*(drain(database) for _ in range(workers))) for one in each]
    took, used, server_used = perf_counter() - started, process_time() - cpu, server_seconds(server) - server_cpu
    async with database.work() as work:
        made = await (await work.sql()).fetchrow(
            "SELECT count(*) AS tasks, count(DISTINCT plan_id) AS plans, "
            "(SELECT count(*) FROM outbox) AS said FROM task"
        )
    tasks = made["tasks"]
    return {
        "tasks": tasks,
        "duplicates": tasks - made["plans"],
        "events": made["said"] - 1,
        "tasks_per_second": round(tasks / took),
        "batch_ms_p50": round(quantiles(seconds, n=100)[49] * 1000, 1),
        "batch_ms_p99": round(quantiles(seconds, n=100)[98] * 1000, 1),
        "cpu_us_per_task": round(used / tasks * 1e6, 1),
        "server_cpu_us_per_task": round(server_used / tasks * 1e6, 1),
    }


async def run(url: str, server: psutil.Process, plans: int, due: int, workers: int) -> dict[str, Any]:
    """Seed and measure on a migrated database."""
    clock = FixedClock(LEFT_AT)
    database = Database(engine_for(url, 4), clock)
    await seed(database, plans, due)
    clock.set(LEFT_AT + timedelta(days=3))
    try:
        return {"plans": plans, "workers": workers, **await measure(database, server, workers)}
    finally:
        await database.close()


def main() -> None:
    """Start a PostgreSQL with fsync on, run once, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", type=int, default=100_000)
    parser.add_argument("--due", type=int, default=50_000)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        server = EmbeddedPostgres(Path(directory) / "server", Path(directory) / "postgres.log", tied=True)
        server.prepare()
        server.start()
        try:
            server.wait_ready()
            migrate(SERVICE.migrations, server.admin_url)
            process = psutil.Process(int((Path(directory) / "server/data/postmaster.pid").read_text().split()[0]))
            figures = asyncio.run(run(server.admin_url, process, arguments.plans, arguments.due, arguments.workers))
        finally:
            server.stop()
    for name, value in figures.items():
        sys.stdout.write(f"{name:22} {value}\n")


if __name__ == "__main__":
    main()
