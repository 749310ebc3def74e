"""Calls to those who wait for a bed: opened and ended by events in any order, due by the clock, worked off by hand."""

import asyncio
from datetime import timedelta
from itertools import permutations

import pytest

from shared.ids import new_id
from shared.messages.beds.requests import AdmissionQueued, AdmissionWithdrawn
from shared.messages.beds.stays import BedReserved, ReservationExpired
from tests.adapters.followup.conftest import NOON, NURSE, types

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def queued(case, at=NOON, **changes):
    usual = {
        "request_id": case.stay_id,
        "patient_id": case.patient_id,
        "specialty": "cardiology",
        "campus_id": "main",
        "tier": 1,
        "queued_at": at,
        "aggregate_version": 1,
        "admission_class": "A",
    }
    return AdmissionQueued(**(usual | changes))


def withdrawn(case, version=5):
    return AdmissionWithdrawn(
        request_id=case.stay_id,
        patient_id=case.patient_id,
        reason="patient-wish",
        withdrawn_at=NOON,
        aggregate_version=version,
    )


async def listed(followup, **params):
    answer = await followup.get("/call-backs", role=NURSE, **params)
    assert answer.status_code == 200
    return answer.json()["call_backs"]


async def schedule(followup, case):
    return (await followup.get(f"/call-backs/schedules/{case.stay_id}", role="coordinator")).json()


async def record(followup, call_back_id, outcome, role=NURSE, **more):
    path = f"/call-backs/{call_back_id}/attempts"
    return await followup.command("POST", path, role=role, body={"outcome": outcome, **more})


async def summary(followup, **params):
    return (await followup.get("/call-backs/summary", role="viewer", **params)).json()


async def first_call(followup, case):
    await followup.deliver(queued(case))
    followup.clock.set(NOON + 2 * HOUR)
    assert await followup.fire("call-back-due") == 1
    [call] = await listed(followup)
    return call


async def test_who_waits_is_called_within_a_day_and_then_every_week_until_they_are_admitted(followup, case):
    call = await first_call(followup, case)
    assert (call["due_at"], call["late_at"]) == ("2026-03-02T06:00:00Z", "2026-03-03T04:00:00Z")
    assert (await record(followup, call["call_back_id"], "reached")).json()["next_due_at"] == "2026-03-09T01:00:00Z"
    followup.clock.set(NOON + 7 * DAY)
    assert await followup.fire("call-back-due") == 1
    await followup.deliver(case.admitted(NOON + 7 * DAY))
    followup.clock.set(NOON + 100 * DAY)
    assert await followup.fire("call-back-due") == 0
    assert types(await followup.said()) == ["call-back-due", "call-back-recorded", "call-back-due"]
    assert [event.aggregate_version for event in await followup.said()] == [1, 2, 3]
    shown = await schedule(followup, case)
    assert (shown["end_reason"], shown["next_due_at"]) == ("admitted", None)
    assert [one["status"] for one in shown["call_backs"]] == ["completed", "cancelled"]


@pytest.mark.parametrize("ends", ["admitted", "withdrawn", "died"])
async def test_whichever_is_heard_of_first_nobody_is_called_whose_wait_is_over(followup, case, ends):
    end = {
        "admitted": case.admitted(NOON),
        "withdrawn": withdrawn(case),
        "died": case.died(NOON.date()),
    }[ends]
    events = (queued(case), end)
    for order in permutations(events):
        await followup.deliver(*order)
    followup.clock.set(NOON + 3 * DAY)
    assert await followup.fire("call-back-due") == 0
    expected = {"admitted": "admitted", "withdrawn": "withdrawn", "died": "deceased"}[ends]
    assert (await schedule(followup, case))["end_reason"] == expected


@pytest.mark.parametrize("ends", ["admitted", "withdrawn", "died"])
async def test_an_end_that_comes_before_the_beginning_opens_nothing(followup, case, ends):
    end = {"admitted": case.admitted(NOON), "withdrawn": withdrawn(case, 1), "died": case.died(NOON.date())}[ends]
    await followup.deliver(end)
    await followup.deliver(queued(case, aggregate_version=2))
    followup.clock.set(NOON + 3 * DAY)
    assert await followup.fire("call-back-due") == 0
    assert (await schedule(followup, case))["end_reason"] == {"died": "deceased"}.get(ends, ends)


async def test_an_end_and_a_beginning_at_the_same_instant_never_leave_a_schedule_for_who_is_admitted(followup, case):
    cases = [type(case)(new_id(), new_id()) for _ in range(12)]
    told = [followup.deliver(event) for one in cases for event in (queued(one), one.admitted(NOON))]
    await asyncio.gather(*told)
    followup.clock.set(NOON + DAY)
    assert await followup.fire("call-back-due") == 0
    rows = await followup.sql("SELECT end_reason FROM call_schedule")
    assert [row["end_reason"] for row in rows] == ["admitted"] * 12


async def test_a_reservation_that_expires_changes_nothing_and_another_request_keeps_its_own_calls(followup, case):
    other = case.again()
    await followup.deliver(queued(case), queued(other))
    reserved = {"stay_id": case.stay_id, "patient_id": case.patient_id, "bed_id": "main/w1/1/1"}
    kept = BedReserved(**reserved, ward_id="w1", campus_id="main", held_until=NOON + 4 * HOUR, aggregate_version=1)
    await followup.deliver(kept, ReservationExpired(**reserved, aggregate_version=2))
    followup.clock.set(NOON + 2 * HOUR)
    assert await followup.fire("call-back-due") == 2
    await followup.deliver(other.admitted(NOON))
    assert [call["request_id"] for call in await listed(followup, status="ready")] == [str(case.stay_id)]


async def test_two_workers_and_a_replayed_topic_let_an_occurrence_come_up_once(followup, case):
    cases = [type(case)(new_id(), new_id()) for _ in range(20)]
    for _ in range(2):
        await followup.deliver(*(queued(one) for one in cases))
    followup.clock.set(NOON + 2 * HOUR)
    assert sum(await asyncio.gather(*(followup.fire("call-back-due") for _ in range(3)))) == 20
    assert types(await followup.said()).count("call-back-due") == 20
    assert len(await followup.sql("SELECT FROM call_back")) == 20


async def test_what_nobody_did_in_time_is_missed_and_one_call_is_to_be_made_after_an_outage(followup, case):
    await followup.deliver(queued(case))
    followup.clock.set(NOON + 30 * DAY)
    assert await followup.fire("call-back-due") == 1
    assert types(await followup.said()) == ["call-back-due"]
    figures = await summary(followup)
    assert (figures["came_up"], figures["missed"], figures["open"]) == (5, 4, 1)


async def test_the_figure_is_one_when_everybody_was_called_and_says_who_was_not(followup, case):
    assert (await summary(followup))["called_share"] is None
    call = await first_call(followup, case)
    followup.clock.set(NOON + 25 * HOUR)
    late = await summary(followup)
    assert (late["waiting"], late["overdue"], late["called_share"]) == (1, 1, 0.0)
    assert [one["status"] for one in await listed(followup, status="overdue")] == ["overdue"]
    await record(followup, call["call_back_id"], "reached")
    done = await summary(followup, campus_id="main")
    assert (done["done"], done["done_in_time"], done["overdue"], done["called_share"]) == (1, 0, 0, 1.0)
    assert (await summary(followup, campus_id="west"))["came_up"] == 0


async def test_a_worse_condition_is_told_at_once(followup, case):
    call = await first_call(followup, case)
    answer = await record(followup, call["call_back_id"], "condition_worse", note_code="short-of-breath")
    assert (answer.status_code, answer.json()["status"]) == (201, "completed")
    told = (await followup.said())[-1]
    assert (told.type, told.outcome, told.request_id) == (
        "followup.call-back-recorded.v1",
        "condition_worse",
        case.stay_id,
    )


async def test_of_two_nurses_who_end_one_call_at_once_one_is_told_and_the_call_shows_who_tried(followup, case):
    call = await first_call(followup, case)
    path = call["call_back_id"]
    await record(followup, path, "no_answer")
    answers = await asyncio.gather(*(record(followup, path, "reached") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    whole = (await followup.get(f"/call-backs/{path}", role=NURSE)).json()
    assert [one["outcome"] for one in whole["tried"]] == ["no_answer", "reached"]
    assert whole["attempts"] == 2


async def test_free_text_and_other_roles_are_refused_and_what_is_not_there_is_not_found(followup, case):
    call = await first_call(followup, case)
    wrong = await record(followup, call["call_back_id"], "chatted", note_code="He said: call my wife")
    assert {field["field"] for field in wrong.json()["fields"]} == {"outcome", "note_code"}
    assert (await record(followup, call["call_back_id"], "reached", role="viewer")).status_code == 403
    assert (await record(followup, new_id(), "reached")).json()["code"] == "call-back-missing"
    missing = await followup.get(f"/call-backs/schedules/{new_id()}", role=NURSE)
    assert missing.json()["code"] == "call-schedule-missing"


async def test_the_day_list_is_read_page_by_page_without_a_gap(followup, case):
    await followup.deliver(*(queued(type(case)(new_id(), new_id()), tier=number % 2) for number in range(7)))
    followup.clock.set(NOON + 2 * HOUR)
    await followup.fire("call-back-due")
    seen, after = [], None
    while True:
        params = {"limit": 3} | ({"after": after} if after else {})
        page = (await followup.get("/call-backs", role=NURSE, **params)).json()
        seen += page["call_backs"]
        after = page["after"]
        if after is None:
            break
    assert len({one["call_back_id"] for one in seen}) == 7
    assert [one["precedence"] for one in seen] == [1] * 4 + [2] * 3
