"""The day list and what comes of trying, through the service's own edge."""

import asyncio
from datetime import timedelta

from shared.ids import new_id
from tests.adapters.followup.conftest import NOON, NURSE, attempt, first_task, types

DAY = timedelta(days=1)


async def listed(followup, **params):
    answer = await followup.get("/tasks", role=NURSE, **params)
    assert answer.status_code == 200
    return [task["task_id"] for task in answer.json()["tasks"]]


async def test_a_patient_who_was_reached_completes_the_task(followup, case):
    task_id = await first_task(followup, case)
    answer = await attempt(followup, task_id, "reached", answers={"pain": 2})
    assert (answer.status_code, answer.json()["task_status"], answer.json()["plan_status"]) == (
        201,
        "completed",
        "active",
    )
    completed = (await followup.said())[-1]
    assert (completed.type, completed.outcome) == ("followup.task-completed.v1", "reached")
    whole = await followup.get(f"/tasks/{task_id}", role=NURSE)
    [kept] = whole.json()["attempts"]
    assert (kept["outcome"], kept["contact_kind"], kept["answers"]) == ("reached", "phone", {"pain": 2})


async def test_the_same_key_records_one_attempt_and_another_one_finds_the_task_closed(followup, case):
    task_id = await first_task(followup, case)
    key = str(new_id())
    first, again = [await attempt(followup, task_id, "reached", key=key) for _ in range(2)]
    assert first.json() == again.json()
    late = await attempt(followup, task_id, "reached")
    assert (late.status_code, late.json()["code"]) == (409, "task-closed")
    assert types(await followup.said()).count("task-completed") == 1


async def test_of_two_nurses_who_end_one_task_at_once_one_is_told(followup, case):
    task_id = await first_task(followup, case)
    answers = await asyncio.gather(*(attempt(followup, task_id, "reached") for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    assert types(await followup.said()).count("task-completed") == 1


async def test_no_answer_puts_the_task_on_hold_for_a_week(followup, case):
    task_id = await first_task(followup, case)
    answer = await attempt(followup, task_id, "no_answer")
    assert answer.json()["remind_at"] == "2026-03-11T04:00:00Z"
    assert await listed(followup, status="ready") == []
    assert await listed(followup, status="on-hold") == [str(task_id)]
    followup.clock.advance(7 * DAY)
    assert str(task_id) in await listed(followup, status="overdue")


async def test_three_vain_attempts_on_three_days_end_the_task_as_failed(followup, case):
    task_id = await first_task(followup, case)
    for _ in range(3):
        answer = await attempt(followup, task_id, "no_answer")
        followup.clock.advance(7 * DAY)
    assert answer.json()["task_status"] == "failed"
    assert (await followup.said())[-1].outcome == "unreachable"
    tally = (await followup.get("/tasks/summary", role="viewer")).json()
    assert (tally["due"], tally["failed"], tally["attempts"]) == (1, 1, {"no_answer": 3})


async def test_who_agrees_to_come_is_asked_in_by_an_event(followup, case):
    task_id = await first_task(followup, case)
    answer = await attempt(followup, task_id, "agreed_to_visit")
    completed, requested = (await followup.said())[-2:]
    assert types([completed, requested]) == ["task-completed", "visit-requested"]
    assert str(requested.visit_request_id) == answer.json()["visit_request_id"]
    assert (requested.clinic_id, requested.reason) == ("main-general-practice-1", "agreed-to-visit")
    assert (requested.earliest_on.isoformat(), requested.latest_on.isoformat()) == ("2026-03-05", "2026-03-18")
    assert requested.aggregate_version == completed.aggregate_version + 1


async def test_a_danger_sign_heard_by_a_machine_stays_on_top_of_the_list_until_a_person_has_seen_to_it(followup, case):
    task_id = await first_task(followup, case)
    heard = await attempt(followup, task_id, "danger_sign", contact_kind="ai_call")
    assert heard.json()["task_status"] == "ready"
    [task] = (await followup.get("/tasks", role=NURSE, status="ready")).json()["tasks"]
    assert task["precedence"] == 0
    seen = await attempt(followup, task_id, "danger_sign")
    assert seen.json()["task_status"] == "completed"
    assert seen.json()["visit_request_id"] == heard.json()["visit_request_id"]
    assert types(await followup.said()).count("visit-requested") == 1


async def test_moved_ends_the_plan_and_says_so_in_order(followup, case):
    task_id = await first_task(followup, case)
    answer = await attempt(followup, task_id, "moved")
    assert (answer.json()["plan_status"], answer.json()["plan_close_reason"]) == ("revoked", "moved")
    said = await followup.said()
    assert types(said) == ["plan-opened", "task-due", "task-completed", "plan-closed"]
    assert [event.aggregate_version for event in said] == [1, 2, 3, 4]
    followup.clock.set(NOON + 100 * DAY)
    assert await followup.fire("followup-due") == 0


async def test_a_plan_is_complete_with_its_last_task_and_not_before(followup, case):
    await followup.deliver(case.left())
    for days in (2, 7, 14, 30, 90):
        followup.clock.set(NOON + days * DAY)
        await followup.fire("followup-due")
        [task_id] = await listed(followup, status="ready")
        answer = await attempt(followup, task_id, "reached")
        assert answer.json()["plan_status"] == ("completed" if days == 90 else "active")
    assert types(await followup.said())[-1] == "plan-closed"
    tally = (await followup.get("/tasks/summary", role="viewer")).json()
    assert (tally["due"], tally["done"], tally["open"]) == (5, 5, 0)


async def test_a_task_of_an_ended_plan_takes_no_attempt(followup, case):
    task_id = await first_task(followup, case)
    await followup.deliver(case.again().admitted(NOON + 2 * DAY))
    answer = await attempt(followup, task_id, "reached")
    assert (answer.status_code, answer.json()["code"]) == (409, "task-closed")


async def test_a_refused_attempt_leaves_nothing_behind(followup, case):
    task_id = await first_task(followup, case)
    answer = await attempt(followup, task_id, "reached", answers={"pain": 11})
    assert (answer.status_code, answer.json()["code"]) == (409, "answer-out-of-range")
    assert answer.json()["remedy"] == "in answers.pain, give 0 to 10"
    assert await followup.sql("SELECT FROM attempt") == []


async def test_free_text_and_unknown_outcomes_are_refused_by_field(followup, case):
    task_id = await first_task(followup, case)
    answer = await attempt(followup, task_id, "chatted", note_code="He said: call my wife")
    assert answer.status_code == 422
    assert {wrong["field"] for wrong in answer.json()["fields"]} == {"outcome", "note_code"}


async def test_only_a_followup_nurse_records_an_attempt_and_a_viewer_may_read(followup, case):
    task_id = await first_task(followup, case)
    body = {"outcome": "reached"}
    refused = await followup.command("POST", f"/tasks/{task_id}/attempts", role="viewer", body=body)
    assert refused.status_code == 403
    assert (await followup.get(f"/tasks/{task_id}", role="viewer")).status_code == 200


async def test_what_is_not_there_is_not_found(followup):
    nothing = new_id()
    for answer in (
        await attempt(followup, nothing, "reached"),
        await followup.get(f"/tasks/{nothing}", role=NURSE),
        await followup.get("/tasks", role=NURSE, after=str(nothing)),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "task-missing")


async def test_a_day_list_is_read_page_by_page_without_a_gap(followup, case):
    await followup.deliver(*(type(case)(new_id(), new_id()).left() for _ in range(7)))
    followup.clock.set(NOON + 2 * DAY)
    await followup.fire("followup-due")
    seen, after = [], None
    while True:
        params = {"limit": 3} | ({"after": after} if after else {})
        page = (await followup.get("/tasks", role=NURSE, **params)).json()
        seen += [task["task_id"] for task in page["tasks"]]
        after = page["after"]
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 7
