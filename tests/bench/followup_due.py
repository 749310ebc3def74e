"""How fast the due engine is: `python -m tests.bench.followup_due [--plans N] [--due N]` on a durable PostgreSQL.

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


async def measure(database: Database) -> dict[str, Any]:
    """Fire until nothing is due."""
    [timer] = SERVICE.timers
    seconds, tasks = [], 0
    started, cpu = perf_counter(), process_time()
    while True:
        before = perf_counter()
        done = await timer.fire(database, BATCH)
        if not done:
            break
        seconds.append(perf_counter() - before)
        tasks += done
    took, used = perf_counter() - started, process_time() - cpu
    async with database.work() as work:
        made = await (await work.sql()).fetchrow(
            "SELECT count(*) AS tasks, count(DISTINCT plan_id) AS plans, "
            "(SELECT count(*) FROM outbox) AS said FROM task"
        )
    return {
        "tasks": made["tasks"],
        "duplicates": made["tasks"] - made["plans"],
        "events": made["said"] - 1,
        "tasks_per_second": round(tasks / took),
        "batch_ms_p50": round(quantiles(seconds, n=100)[49] * 1000, 1),
        "batch_ms_p99": round(quantiles(seconds, n=100)[98] * 1000, 1),
        "cpu_us_per_task": round(used / tasks * 1e6, 1),
    }


async def run(url: str, plans: int, due: int) -> dict[str, Any]:
    """Seed and measure on a migrated database."""
    clock = FixedClock(LEFT_AT)
    database = Database(engine_for(url, 4), clock)
    await seed(database, plans, due)
    clock.set(LEFT_AT + timedelta(days=3))
    try:
        return {"plans": plans, **await measure(database)}
    finally:
        await database.close()


def main() -> None:
    """Start a PostgreSQL with fsync on, run once, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", type=int, default=100_000)
    parser.add_argument("--due", type=int, default=50_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        server = EmbeddedPostgres(Path(directory) / "server", Path(directory) / "postgres.log", tied=True)
        server.prepare()
        server.start()
        try:
            server.wait_ready()
            migrate(SERVICE.migrations, server.admin_url)
            figures = asyncio.run(run(server.admin_url, arguments.plans, arguments.due))
        finally:
            server.stop()
    for name, value in figures.items():
        sys.stdout.write(f"{name:18} {value}\n")


if __name__ == "__main__":
    main()
