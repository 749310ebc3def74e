"""Plans open and end by what others tell, in whatever order it comes."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import asyncpg
import pytest

from services.followup.plans import handlers
from shared.ids import new_id
from tests.adapters.followup.conftest import NOON, Case, types

DAY = timedelta(days=1)


async def plans(followup):
    rows = await followup.sql("SELECT stay_id, status, close_reason, next_due_at FROM plan")
    return {row["stay_id"]: (row["status"], row["close_reason"]) for row in rows}


async def test_leaving_the_ward_opens_the_plan_once_however_often_it_is_told(followup, case):
    await followup.deliver(case.left(), times=3)
    [opened] = await followup.said()
    assert (opened.plan_id, opened.template, opened.stay_id) == (case.plan_id, "post-discharge", case.stay_id)
    answer = await followup.get(f"/plans/{case.plan_id}", role="viewer")
    assert answer.json()["next_due_at"] == "2026-03-04T01:00:00Z"
    assert [one["step"] for one in answer.json()["schedule"]] == ["day-2", "day-7", "day-14", "day-30", "day-90"]


async def test_a_second_telling_with_another_event_id_opens_no_second_plan(followup, case):
    await followup.deliver(case.left())
    await followup.deliver(case.left())
    assert types(await followup.said()) == ["plan-opened"]


async def test_who_died_in_the_ward_gets_no_plan_in_any_order(followup, case):
    died, left = case.died(NOON.date()), case.left(disposition="exp")
    await followup.deliver(died, left)
    assert await followup.said() == []


async def test_a_death_after_the_discharge_ends_the_plan(followup, case):
    await followup.deliver(case.left())
    await followup.deliver(case.died(NOON.date() + DAY))
    assert await plans(followup) == {case.stay_id: ("revoked", "deceased")}
    assert types(await followup.said()) == ["plan-opened", "plan-closed"]


async def test_a_death_heard_of_before_the_discharge_leaves_no_running_plan(followup, case):
    await followup.deliver(case.died(NOON.date() + DAY), case.left())
    assert await plans(followup) == {case.stay_id: ("revoked", "deceased")}
    followup.clock.set(NOON + 100 * DAY)
    assert await followup.fire("followup-due") == 0


async def test_a_death_known_before_the_day_of_leaving_opens_nothing(followup, case):
    await followup.deliver(case.died(NOON.date() - DAY), case.left())
    assert await plans(followup) == {}


async def test_a_readmission_ends_the_first_plan_and_the_second_discharge_opens_its_own_in_any_order(followup):
    for order in permutations(range(4)):
        first = Case(new_id(), new_id())
        again = first.again()
        told = [first.admitted(NOON - DAY), first.left(NOON), again.admitted(NOON + DAY), again.left(NOON + 3 * DAY)]
        for place in order:
            await followup.deliver(told[place])
        now = await plans(followup)
        assert now[again.stay_id] == ("active", None), order
        assert now[first.stay_id] in {("revoked", "readmitted"), ("revoked", "superseded")}, order


async def test_nothing_that_fell_due_is_left_open_when_a_plan_ends(followup, case):
    await followup.deliver(case.left())
    followup.clock.set(NOON + 2 * DAY)
    await followup.fire("followup-due")
    await followup.deliver(case.again().admitted(NOON + 3 * DAY))
    [task] = await followup.sql("SELECT status, reason FROM task")
    assert task == {"status": "cancelled", "reason": "readmitted"}


async def test_events_of_one_plan_are_numbered_without_a_gap(followup, case):
    await followup.deliver(case.left())
    followup.clock.set(NOON + 2 * DAY)
    await followup.fire("followup-due")
    await followup.deliver(case.again().admitted(NOON + 3 * DAY))
    assert [event.aggregate_version for event in await followup.said()] == [1, 2, 3]


async def test_the_database_refuses_a_second_running_plan_and_a_due_instant_off_schedule(followup, case):
    await followup.deliver(case.left())
    with pytest.raises(asyncpg.CheckViolationError, match="plan_next_due_at"):
        await followup.sql("UPDATE plan SET next_due_at = now()")
    await followup.deliver(case.again().left(NOON + DAY))
    with pytest.raises(asyncpg.UniqueViolationError, match="one_running_plan"):
        await followup.sql(
            "UPDATE plan SET status = 'active', close_reason = NULL, closed_at = NULL, next_due_at = due_ats[next_step]"
        )


async def test_the_summary_counts_plans_by_what_became_of_them(followup, case):
    await followup.deliver(case.left(), case.again().left(NOON + DAY))
    answer = await followup.get("/plans/summary", role="viewer")
    assert answer.json() == {
        "opened": 2,
        "active": 1,
        "completed": 0,
        "revoked": 1,
        "closed_by_reason": {"superseded": 1},
    }
    listed = await followup.get("/plans", role="viewer", patient_id=str(case.patient_id))
    assert [plan["status"] for plan in listed.json()] == ["active", "revoked"]


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_an_undone_leaving_ends_the_plan_and_the_real_one_opens_it_anew_in_any_order(followup, case, place):
    hour = timedelta(hours=1)
    events = [case.left(), case.left(NOON + 5 * hour)]
    events.insert(place, case.undone(NOON + hour))
    followup.clock.set(NOON + 5 * hour)
    for event in events:
        await followup.deliver(event, times=2)
    assert await plans(followup) == {case.stay_id: ("active", None)}
    [kept] = await followup.sql("SELECT left_at FROM plan")
    assert kept["left_at"] == NOON + 5 * hour
    said = await followup.said()
    assert types(said) == ["plan-opened", "plan-closed", "plan-opened"]
    assert [one.aggregate_version for one in said] == [1, 2, 3]
    assert {one.plan_id for one in said} == {case.plan_id}


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_who_leaves_at_the_instant_of_the_undoing_is_followed_in_any_order(followup, case, place):
    hour = timedelta(hours=1)
    undone = replace(case.undone(NOON + hour), left_at=NOON)
    events = [case.left(), case.left(NOON + hour)]
    events.insert(place, undone)
    followup.clock.set(NOON + hour)
    for event in events:
        await followup.deliver(event)
    assert await plans(followup) == {case.stay_id: ("active", None)}
    [kept] = await followup.sql("SELECT left_at FROM plan")
    assert kept["left_at"] == NOON + hour


async def test_a_step_that_came_up_before_the_leaving_was_undone_comes_up_again(followup, case):
    await followup.deliver(case.left())
    followup.clock.set(NOON + 3 * DAY)
    assert await followup.fire("followup-due") == 1
    await followup.deliver(case.undone(NOON + timedelta(hours=1)), case.left(NOON + timedelta(hours=2)))
    assert await followup.fire("followup-due") == 1
    tasks = await followup.sql("SELECT step, occurrence, status, reason FROM task ORDER BY occurrence")
    assert [tuple(task.values()) for task in tasks] == [
        ("day-2", 1, "cancelled", "readmitted"),
        ("day-2", 2, "ready", None),
    ]
    said = await followup.said()
    assert types(said) == ["plan-opened", "task-due", "plan-closed", "plan-opened", "task-due"]
    assert [one.aggregate_version for one in said] == [1, 2, 3, 4, 5]
    [plan] = await followup.sql("SELECT version, next_step, occurrences FROM plan")
    assert plan == {"version": 5, "next_step": 2, "occurrences": [2, 1, 1, 1, 1]}


async def test_a_stays_plan_is_known_by_the_stay_whatever_its_id(followup, case):
    kept = new_id()
    await followup.deliver(case.left())
    await followup.sql("UPDATE plan SET plan_id = $1", kept)
    await followup.deliver(case.undone(NOON + DAY), case.left(NOON + 2 * DAY))
    [plan] = await followup.sql("SELECT plan_id, status, left_at FROM plan")
    assert plan == {"plan_id": kept, "status": "active", "left_at": NOON + 2 * DAY}


async def test_leavings_of_one_stay_that_are_heard_of_at_once_open_one_plan(followup, case):
    async def hear(minutes):
        async with followup.database.work() as work:
            await handlers.on_patient_left(case.left(NOON + minutes * timedelta(minutes=1)), work)

    await asyncio.gather(*(hear(minutes) for minutes in range(8)))
    [plan] = await followup.sql("SELECT plan_id, status, left_at, version FROM plan")
    said = await followup.said()
    assert (plan["status"], plan["left_at"]) == ("active", NOON + timedelta(minutes=7))
    assert {one.plan_id for one in said} == {plan["plan_id"]}
    assert [one.aggregate_version for one in said] == list(range(1, plan["version"] + 1))


async def test_plans_lie_in_the_order_of_leaving(followup):
    left_at = [NOON + minutes * timedelta(minutes=1) for minutes in (0, 3, 1, 2)]
    await followup.deliver(*(Case(new_id(), new_id()).left(at) for at in left_at))
    assert [plan["left_at"] for plan in await followup.sql("SELECT left_at FROM plan ORDER BY plan_id")] == sorted(
        left_at
    )


async def test_a_leaving_that_is_undone_and_not_said_again_leaves_no_running_plan_in_any_order(followup):
    for order in permutations(range(2)):
        case = Case(new_id(), new_id())
        events = [case.left(), case.undone(NOON + timedelta(hours=1))]
        for place in order:
            await followup.deliver(events[place])
        assert (await plans(followup))[case.stay_id] == ("revoked", "readmitted")
