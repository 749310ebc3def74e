"""The due engine: every step that comes up becomes a task once, whoever works and whatever was missed."""

import asyncio
from datetime import UTC, datetime, timedelta

import orjson

from services.followup.plans import handlers, model
from services.followup.plans.store import add_plan
from services.followup.templates import handlers as templates
from services.followup.templates.model import Risk
from shared.envelope import Origin, caused_by, seal
from shared.ids import new_id
from shared.outbox import shard_of, unpack_headers
from tests.adapters.followup.conftest import NOON, Case, types

DAY = timedelta(days=1)


async def drain(followup):
    moved = 0
    while done := await followup.fire("followup-due"):
        moved += done
    return moved


async def tasks(followup):
    rows = await followup.sql("SELECT step, status, reason FROM task ORDER BY due_at")
    return [(row["step"], row["status"], row["reason"]) for row in rows]


async def next_due_at(followup):
    async with followup.database.work() as work:
        return await handlers.next_due_at(work)


async def high_risk(followup, case):
    async with followup.database.work() as work:
        template = await templates.template("post-discharge", "1", work)
        plan, _ = model.open_plan(
            case.left(), template, Risk.HIGH, plan_id=case.plan_id, correlation_id="c", now=work.now
        )
        assert await add_plan(work, plan)


async def test_nothing_is_due_a_microsecond_too_early(followup, case):
    await followup.deliver(case.left())
    due_at = datetime(2026, 3, 4, 1, tzinfo=UTC)
    assert await next_due_at(followup) == due_at
    followup.clock.set(due_at - timedelta(microseconds=1))
    assert await followup.fire("followup-due") == 0
    followup.clock.set(due_at)
    assert await followup.fire("followup-due") == 1


async def test_a_step_that_comes_up_becomes_a_task_and_says_so(followup, case):
    await followup.deliver(case.left())
    followup.clock.set(NOON + 2 * DAY)
    await followup.fire("followup-due")
    opened, due = await followup.said()
    assert types([opened, due]) == ["plan-opened", "task-due"]
    assert (due.plan_id, due.step, due.due_at, due.aggregate_version) == (
        case.plan_id,
        "day-2",
        datetime(2026, 3, 4, 1, tzinfo=UTC),
        2,
    )
    assert await next_due_at(followup) == datetime(2026, 3, 9, 1, tzinfo=UTC)


async def test_a_whole_plan_makes_five_tasks_and_then_nothing_is_due(followup, case):
    await followup.deliver(case.left())
    while (at := await next_due_at(followup)) is not None:
        followup.clock.set(at)
        assert await followup.fire("followup-due") == 1
    assert [step for step, _, _ in await tasks(followup)] == ["day-2", "day-7", "day-14", "day-30", "day-90"]
    assert types(await followup.said()) == ["plan-opened", *["task-due"] * 5]


async def test_after_an_outage_a_patient_gets_one_call_and_no_backlog(followup, case):
    await followup.deliver(case.left())
    followup.clock.set(NOON + 15 * DAY)
    assert await drain(followup) == 3
    assert await tasks(followup) == [
        ("day-2", "cancelled", "coalesced"),
        ("day-7", "cancelled", "coalesced"),
        ("day-14", "ready", None),
    ]
    assert types(await followup.said()) == ["plan-opened", "task-due"]


async def test_stale_reminders_are_skipped_and_a_call_is_never_joined_with_one_that_is_skipped(followup, case):
    await high_risk(followup, case)
    followup.clock.set(datetime(2026, 3, 15, 1, tzinfo=UTC))
    await drain(followup)
    assert await tasks(followup) == [
        ("day-2", "cancelled", "coalesced"),
        ("day-5", "cancelled", "stale"),
        ("day-7", "ready", None),
        ("day-10", "cancelled", "stale"),
    ]


async def test_a_reminder_that_is_a_little_late_is_given_out(followup, case):
    await high_risk(followup, case)
    followup.clock.set(NOON + 2 * DAY)
    await drain(followup)
    followup.clock.set(datetime(2026, 3, 9, 1, tzinfo=UTC) - timedelta(seconds=1))
    await drain(followup)
    assert (await tasks(followup))[1] == ("day-5", "ready", None)


async def test_the_last_step_is_sent_late_however_late(followup, case):
    await followup.deliver(case.left())
    followup.clock.set(NOON + 400 * DAY)
    assert await drain(followup) == 5
    assert (await tasks(followup))[-1] == ("day-90", "ready", None)


async def test_a_plan_whose_last_step_is_skipped_is_complete(followup, case):
    await high_risk(followup, case)
    await followup.sql("UPDATE plan SET next_step = 8, next_due_at = NULL")
    last_is_a_reminder = (
        "UPDATE plan SET steps = ARRAY['day-5'], occurrences = ARRAY[1], due_ats = due_ats[1:1], "
        "late_ats = late_ats[1:1], next_step = 1, next_due_at = due_ats[1]"
    )
    await followup.sql(last_is_a_reminder)
    followup.clock.set(NOON + 30 * DAY)
    assert await drain(followup) == 1
    [plan] = await followup.sql("SELECT status, close_reason FROM plan")
    assert plan == {"status": "completed", "close_reason": "completed"}
    assert types(await followup.said()) == ["plan-closed"]


async def test_eight_workers_make_each_task_once(followup):
    cases = [Case(new_id(), new_id()) for _ in range(300)]
    await followup.deliver(*(case.left() for case in cases))
    followup.clock.set(NOON + 2 * DAY)

    async def worker():
        done = 0
        while made := await followup.fire("followup-due"):
            done += made
        return done

    assert sum(await asyncio.gather(*(worker() for _ in range(8)))) == 300
    [made] = await followup.sql("SELECT count(*) AS tasks, count(DISTINCT plan_id) AS plans FROM task")
    assert made == {"tasks": 300, "plans": 300}
    assert types(await followup.said()).count("task-due") == 300


async def test_a_plan_in_somebody_elses_hands_is_left_to_them_and_stays_due(followup, case):
    await followup.deliver(case.left())
    followup.clock.set(NOON + 2 * DAY)
    async with followup.database.work() as other:
        await (await other.sql()).fetch("SELECT FROM plan FOR UPDATE")
        assert await followup.fire("followup-due") == 0
        assert await next_due_at(followup) <= followup.clock.now()
    assert await followup.fire("followup-due") == 1


async def test_a_task_that_is_there_already_is_not_made_again_and_the_plan_moves_on(followup, case):
    await followup.deliver(case.left())
    followup.clock.set(NOON + 2 * DAY)
    await followup.fire("followup-due")
    await followup.sql("UPDATE plan SET next_step = 1, next_due_at = due_ats[1]")
    assert await drain(followup) == 1
    assert len(await tasks(followup)) == 1
    assert types(await followup.said()) == ["plan-opened", "task-due"]
    assert await next_due_at(followup) == datetime(2026, 3, 9, 1, tzinfo=UTC)


async def test_what_the_statement_says_is_what_publishing_would_say(followup, case):
    await followup.deliver(case.left())
    followup.clock.set(NOON + 2 * DAY)
    await followup.fire("followup-due")
    _, due = await followup.said()
    opened, written = await followup.sql("SELECT shard, topic, key, headers, value FROM outbox ORDER BY id")
    headers = dict(unpack_headers(written["headers"]))
    [plan] = await followup.sql("SELECT correlation_id FROM plan")
    with caused_by(Origin(correlation_id=plan["correlation_id"], causation_id="timer:followup-due")):
        sealed = seal(due, followup.clock.now())
    assert headers == dict(sealed.headers) | {"ce_id": str(due.task_id).encode()}
    assert headers["correlationid"] == dict(unpack_headers(opened["headers"]))["correlationid"]
    assert (written["topic"], written["key"], written["shard"]) == (sealed.topic, sealed.key, shard_of(sealed.key))
    assert orjson.loads(written["value"]).keys() == orjson.loads(sealed.value).keys()


async def test_the_relay_is_woken_when_a_task_falls_due(followup, case):
    await followup.deliver(case.left())
    followup.clock.set(NOON + 2 * DAY)
    woken = []
    followup.database.on_commit = lambda: woken.append(True)
    await followup.fire("followup-due")
    assert woken == [True]


async def test_what_is_due_is_at_every_time_what_the_plans_say(followup, case):
    said = "SELECT next_due_at, plan_id FROM plan WHERE next_due_at IS NOT NULL"

    async def kept():
        return await followup.sql(f"({said} EXCEPT TABLE plan_due) UNION ALL (TABLE plan_due EXCEPT {said})") == []

    await followup.deliver(case.left())
    assert await kept()
    while (at := await next_due_at(followup)) is not None:
        followup.clock.set(at)
        await followup.fire("followup-due")
        assert await kept()
    await followup.sql("UPDATE plan SET next_step = next_step")
    await followup.deliver(Case(new_id(), new_id()).left())
    await followup.sql("UPDATE plan SET next_step = 2, next_due_at = due_ats[2] WHERE next_due_at IS NOT NULL")
    assert await kept()
    assert len(await followup.sql("TABLE plan_due")) == 1


async def test_a_vacuum_lets_nobody_step_over_what_has_gone_though_few_pages_held_it(followup):
    told = []
    connection = await followup.database.driver()
    connection.add_log_listener(lambda _, message: told.append(message.message))
    many = (
        "INSERT INTO plan_due SELECT to_timestamp(number), gen_random_uuid() FROM generate_series(1, 20000) AS number"
    )
    await connection.execute(many)
    await connection.execute("VACUUM plan_due")
    await connection.execute("DELETE FROM plan_due WHERE next_due_at <= to_timestamp(100)")
    await connection.execute("VACUUM (VERBOSE) plan_due")
    await connection.close()
    assert "100 dead item identifiers removed" in "".join(told), told
