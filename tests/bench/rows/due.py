"""P7: the due engine with a million plans, on a durable PostgreSQL; and how late it is at 100,000 tasks an hour.

One plan is opened by the service's own rule and copied as plans arise: one leaving after the other over 86 days, the
last of them due, the others with the latest of the tasks that they have had. Ids are as they are made: of plans, stays
and tasks in the order of their time, patients' random. Then the service's own timer fires.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

from services.followup.app import SERVICE
from services.followup.plans import handlers
from services.followup.templates.handlers import publish_shipped
from shared.clock import Clock, FixedClock, SystemClock, wall_now
from shared.database import Database, engine_for
from shared.ids import new_id
from shared.messages.discharge.clearance import PatientLeft
from shared.migrating import migrate
from shared.telemetry import Telemetry
from shared.timers import BATCH, Timers
from tests.bench.figures import Row, percentile
from tests.bench.harness import Bench, rows_of, run

PLANS = 1_000_000
DUE = 100_000
TASKS_A_RUN = 30_000
WORKERS = 2
LAG_SECONDS = 12
TASKS_AN_HOUR = 100_000
LATEST_STEP = timedelta(days=3)
LEFT_AT = datetime(2026, 3, 2, 4, tzinfo=UTC)
COPY = """
INSERT INTO plan (plan_id, patient_id, stay_id, template, template_version, purpose, risk, left_at, steps, occurrences,
                  due_ats, late_ats, next_step, next_due_at, status, opened_at, correlation_id, shard, version)
SELECT uuidv7(left_at + shift - now()), gen_random_uuid(), uuidv7(left_at + shift - now()), template,
       template_version, purpose, risk, left_at + shift, steps, occurrences, due,
       array(SELECT at + shift FROM unnest(late_ats) AS at), made + 1, due[made + 1], status, left_at + shift,
       gen_random_uuid()::text, shard, made + 1
FROM plan, generate_series($2 - $1::int, $2 - 1) AS number,
     LATERAL (SELECT CASE WHEN number < 0 THEN make_interval(days => 85 * number / ($1 - $2)::int - 1)
                          ELSE make_interval(secs => (number + 1) / $3::float8) END AS shift OFFSET 0) AS shifted,
     LATERAL (SELECT array(SELECT at + shift FROM unnest(due_ats) AS at) AS due OFFSET 0) AS schedule,
     LATERAL (SELECT count(*)::int AS made FROM unnest(due) AS at WHERE number < 0 AND at <= $4 OFFSET 0) AS history
"""
HISTORY = """
INSERT INTO task (task_id, plan_id, patient_id, step, occurrence, due_at, late_at, precedence, status, outcome, made_at,
                  ended_at)
SELECT uuidv7(due_ats[made] - now()), plan_id, patient_id, steps[made], occurrences[made], due_ats[made],
       late_ats[made], 2, 'completed', 'reached', due_ats[made], late_ats[made]
FROM plan, LATERAL (SELECT next_step - 1 AS made) AS history WHERE made > 0 ORDER BY due_ats[made]
"""
MADE = "SELECT count(*), count(DISTINCT (plan_id, step)) FROM task WHERE status = 'ready'"
LAGS = "SELECT extract(epoch FROM made_at - due_at)::float8 AS lag FROM task WHERE status = 'ready' AND due_at > $1"


@dataclass(frozen=True, kw_only=True)
class Fired:
    """What the engine did. `cpu_us` is ours and the database's, a task."""

    tasks_per_second: float
    cpu_us: float


def measure(bench: Bench) -> Iterator[Row]:
    """P7."""
    with bench.database(seeded(bench, PLANS)) as url:
        fired = run(_fired(bench, url))
        made, steps = rows_of(url, MADE)[0]
    if made != steps:
        raise RuntimeError(f"{made - steps} tasks were made twice")
    yield Row(
        id="P7.throughput", what="due engine, 1,000,000 plans, two workers", unit="tasks/s", runs=len(fired),
        value=median(one.tasks_per_second for one in fired), cpu_us=median(one.cpu_us for one in fired),
        target="value >= 10000",
    )  # fmt: skip
    yield Row(
        id="P7.lag", what="lateness p99 at 100,000 tasks an hour", unit="s", value=lag_seconds(bench), runs=1,
        target="value <= 5",
    )  # fmt: skip


def template(bench: Bench) -> str:
    """An empty database of the service."""
    return bench.template("followup", lambda url: migrate(SERVICE.migrations, url))


def seeded(bench: Bench, plans: int) -> str:
    """A database with so many plans, of which as many as are measured are due."""

    def fill(url: str) -> None:
        migrate(SERVICE.migrations, url)
        run(seed(url, plans, min(plans, DUE)))

    return bench.template(f"followup_{plans}", fill)


async def seed(url: str, plans: int, due: int, per_second: float = 100.0) -> datetime:
    """One plan by the rule, the others its copies, `due` of them due so many a second. Returns when the first is."""
    database = Database(engine_for(url, 2), FixedClock(LEFT_AT))
    left = PatientLeft(stay_id=new_id(), patient_id=new_id(), disposition="home", left_at=LEFT_AT, aggregate_version=1)
    async with database.work() as work:
        await publish_shipped(work)
        await handlers.on_patient_left(left, work)
    async with database.work() as work:
        connection = await work.sql()
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute(COPY, plans - 1, due - 1, per_second, LEFT_AT + LATEST_STEP)
        await connection.execute(HISTORY)
        first: datetime = await connection.fetchval("SELECT min(next_due_at) FROM plan")
    connection = await database.driver()
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
    await database.close()
    return first


@asynccontextmanager
async def workers_on(url: str) -> AsyncIterator[Database]:
    """The service's database, three days after the first of those patients has left."""
    database = Database(engine_for(url, WORKERS), FixedClock(LEFT_AT + LATEST_STEP))
    try:
        yield database
    finally:
        await database.close()


async def fire(bench: Bench, database: Database, tasks: int) -> Fired:
    """Let the workers make so many tasks together, a batch at a time."""
    timer = next(timer for timer in SERVICE.timers if timer.name == "followup-due")
    left = tasks
    clock = bench.cpu()

    async def worker() -> None:
        nonlocal left
        while left > 0:
            left -= BATCH
            if not await timer.fire(database, BATCH):
                raise RuntimeError("there are fewer plans due than are to be measured")

    await asyncio.gather(*(worker() for _ in range(WORKERS)))
    return Fired(tasks_per_second=tasks / clock.elapsed(), cpu_us=clock.seconds() / tasks * 1e6)


async def _fired(bench: Bench, url: str) -> list[Fired]:
    async with workers_on(url) as database:
        return [await fire(bench, database, TASKS_A_RUN) for _ in range(bench.runs)]


def lag_seconds(bench: Bench) -> float:
    """How late tasks are made by the service's loop while they fall due at the rate of the target, p99."""
    with bench.database(template(bench)) as url:
        per_second = TASKS_AN_HOUR / 3600
        first = run(seed(url, PLANS // 10, int(per_second * LAG_SECONDS), per_second))
        shift = wall_now() + timedelta(seconds=2) - first
        run(_run_timers(url, Shifted(-shift)))
        lags = [row["lag"] for row in rows_of(url, LAGS, first)]
    return percentile(lags, 99)


class Shifted:
    """The system's clock, so many seconds earlier: what was seeded for another day falls due now."""

    def __init__(self, shift: timedelta) -> None:
        self.now: Callable[[], datetime] = lambda: SystemClock().now() + shift


async def _run_timers(url: str, clock: Clock) -> None:
    database = Database(engine_for(url, 4), clock)
    loop = asyncio.create_task(Timers(database, SERVICE.timers, Telemetry("bench")).run())
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(loop), LAG_SECONDS + 4)
    loop.cancel()
    with suppress(asyncio.CancelledError):
        await loop
    await database.close()
