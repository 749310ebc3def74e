"""Reminders of visits for exams: they follow the plan, and say what to prepare (REG-12)."""

import asyncio
from datetime import timedelta

import pytest
from asyncpg import CheckViolationError, UniqueViolationError
from sqlalchemy.exc import IntegrityError

from services.registration.reminders.model import LEASE
from services.registration.reminders.store import ReminderRow
from shared.ids import new_id
from shared.messages.beds.stays import ReservationExpired
from tests.adapters.registration.exam_rooms import act, open_exams, order
from tests.adapters.registration.reminding import (
    RUNGS,
    Post,
    at,
    booked_exams,
    die_sending,
    fire,
    hear,
    move_exam,
    reachable,
    states,
)
from tests.adapters.registration.test_admissions import request, write
from tests.adapters.registration.test_exams_before_admission import reserved
from tests.support.service import NOON

LOST = ("dropped", "not-booked")


@pytest.fixture
async def exams(registration):
    """Registration with the sample hospital's exams."""
    await open_exams(registration)
    return registration


@pytest.fixture
def post():
    return Post()


async def test_a_plan_is_reminded_of_once_a_visit_and_rung_with_what_to_prepare_and_no_exams_name(exams, post):
    patient = await reachable(exams, language="en")
    items = ("ct-abdomen-contrast", "lab-renal", "us-abdomen", "ecg")
    _, plan = await booked_exams(exams, patient, *items, conditions=["metformin"])
    assert plan["visits"] == 1
    starts = plan["exams"][0]["starts_at"]
    assert await states(exams, order_id=plan["order_id"]) == dict.fromkeys(
        ((rung, starts) for rung in RUNGS), ("pending", None)
    )
    exams.service.clock.set(at(starts) - timedelta(hours=23))
    assert await fire(exams, post) == 2
    (sent,) = post.sent
    assert sent.subject == "Your examination"
    local = (at(starts) + timedelta(hours=8)).strftime("%d/%m/%Y at %H:%M")
    assert f"{local}, at {plan['exams'][0]['campus_id']} " in sent.body
    for told in ("Do not eat for 8 hours", "Contrast with iodine", "You take metformin"):
        assert told in sent.body
    assert "CT of the abdomen" not in sent.body
    assert (await states(exams))["1d", starts] == ("sent", None)
    shown = (await exams.service.get("/reminders", role="front-desk", order_id=plan["order_id"])).json()["reminders"]
    assert {(one["appointment_id"], one["order_id"]) for one in shown} == {(None, plan["order_id"])}
    assert "0000 0000" not in str(shown) + str(await exams.service.said())


async def test_who_has_no_contact_gets_none_and_who_chooses_one_later_is_reminded(exams):
    patient = await exams.patient()
    _, plan = await booked_exams(exams, patient, "ecg")
    assert await states(exams) == {}
    chosen = {"channel": "sms", "address": "+86 28 0000 0000"}
    await exams.service.command("PUT", f"/patients/{patient}/contact", role="patient-app", body=chosen)
    await hear(exams)
    assert {rung for rung, _ in await states(exams, order_id=plan["order_id"])} == set(RUNGS)


async def test_a_changed_plan_takes_its_reminders_along_and_tells_of_a_new_visit_at_once(exams, post):
    written, plan = await booked_exams(exams, await reachable(exams), "holter", "mr-head")
    first = plan["exams"][0]["starts_at"]
    exams.service.clock.advance(timedelta(days=1))
    later = await move_exam(exams, written, "holter", NOON + timedelta(days=14))
    await hear(exams)
    expected = dict.fromkeys([(rung, start) for rung in RUNGS for start in (first, later)], ("pending", None))
    assert await states(exams) == expected | {("placed", later): ("pending", None)}
    exams.service.clock.advance(timedelta(hours=13))
    assert await fire(exams, post) == 1
    assert [one.subject for one in post.sent] == ["检查时间"]
    await move_exam(exams, written, "holter", NOON + timedelta(days=15))
    await hear(exams)
    assert {said for (rung, start), said in (await states(exams)).items() if start == later and rung in RUNGS} == {LOST}


async def test_a_plan_that_changed_unheard_is_not_reminded_of_as_it_was(exams, post):
    written, plan = await booked_exams(exams, await reachable(exams), "holter")
    await move_exam(exams, written, "holter", NOON + timedelta(days=15))
    exams.service.clock.set(at(plan["exams"][0]["starts_at"]) - timedelta(days=1))
    await fire(exams, post)
    assert post.sent == []


async def test_what_the_house_books_is_told_at_once_and_booked_again_after_all_it_is_reminded_of_again(exams, post):
    body = request(await reachable(exams), exams=["us-abdomen"])
    await write(exams, body)
    first = reserved(body)
    await hear(exams)
    await exams.service.deliver(first)
    await hear(exams)
    assert await fire(exams, post) == 1
    (sent,) = post.sent
    assert sent.subject == "检查时间"
    assert "检查前8小时禁食" in sent.body
    before = await states(exams)
    expired = ReservationExpired(
        stay_id=first.stay_id, patient_id=first.patient_id, bed_id=first.bed_id, aggregate_version=2
    )
    await exams.service.deliver(expired)
    await hear(exams)
    assert {rung for rung, _ in await states(exams, state="dropped")} == {"2h"}
    await exams.service.deliver(reserved(body, version=3))
    await hear(exams)
    (told,) = set((await states(exams)).items()) - set(before.items())
    assert (told[0][0], told[1]) == ("postponed", ("dropped", "superseded"))
    assert before.items() <= (await states(exams)).items()
    exams.service.clock.advance(timedelta(minutes=30))
    await fire(exams, post)
    assert [one.subject for one in post.sent] == ["检查时间", "检查提醒"]


async def test_who_could_be_told_of_it_at_night_only_is_on_the_list_of_those_to_be_called(exams, post):
    body = request(await reachable(exams), exams=["us-abdomen"])
    await write(exams, body)
    await hear(exams)
    exams.service.clock.advance(timedelta(hours=2))
    await exams.service.deliver(reserved(body))
    await hear(exams)
    await fire(exams, post)
    assert post.sent == []
    assert set((await states(exams, state="failed")).values()) == {("failed", "too-late")}


async def test_a_visit_early_in_the_morning_is_reminded_of_before_the_quiet(exams):
    _, plan = await booked_exams(exams, await reachable(exams), "lab-fasting")
    starts = at(plan["exams"][0]["starts_at"])
    due = await exams.service.sql("SELECT due_at FROM reminder ORDER BY due_at DESC LIMIT 1")
    local = starts + timedelta(hours=8)
    assert local.hour < 8
    evening = local.replace(hour=20, minute=30) - timedelta(days=1, hours=8)
    assert due == [{"due_at": evening}]


async def test_what_is_left_of_a_visit_that_has_begun_is_no_visit_of_its_own(exams, post):
    patient = await reachable(exams)
    written, plan = await booked_exams(exams, patient, "holter", "mr-head")
    first = plan["exams"][0]["starts_at"]
    later = await move_exam(exams, written, "holter", on=at(first), which=-1, campus=plan["exams"][0]["campus_id"])
    assert at(later) - at(first) > timedelta(hours=3)
    await hear(exams)
    exams.service.clock.set(at(first))
    await fire(exams, post)
    assert (await act(exams, written, "exams/mr-head/done", role="clinician")).status_code == 200
    body = {"channel": "sms", "address": "+86 28 1111 1111"}
    await exams.service.command("PUT", f"/patients/{patient}/contact", role="front-desk", body=body)
    await hear(exams)
    assert {start for _, start in await states(exams)} == {first}


async def test_what_is_heard_at_once_from_two_sides_plans_each_rung_once(exams):
    written = await order(exams, await reachable(exams), "ecg", not_before=(NOON + timedelta(days=10)).isoformat())
    await act(exams, written, "booking")
    chosen, booking = await exams.service.said()
    await asyncio.gather(exams.service.deliver(chosen), exams.service.deliver(booking))
    rows = await exams.service.sql("SELECT rung, state FROM reminder ORDER BY due_at")
    assert [(row["rung"], row["state"]) for row in rows] == [(rung, "pending") for rung in RUNGS]


async def test_an_attempt_whose_process_died_is_unknown_and_not_repeated(exams, post):
    _, plan = await booked_exams(exams, await reachable(exams), "ct-head")
    exams.service.clock.set(at(plan["exams"][0]["starts_at"]) - timedelta(days=3))
    await die_sending(exams, post)
    exams.service.clock.advance(LEASE)
    await fire(exams, post)
    assert len(post.sent) == 1
    assert ("unknown", "interrupted") in (await states(exams, order_id=plan["order_id"])).values()


async def test_the_database_keeps_one_reminder_a_visit_and_rung_of_an_appointment_or_an_order(exams):
    await booked_exams(exams, await reachable(exams), "ct-head")
    for changed, refusal in ((("rung", "1d"), UniqueViolationError), (("order_id", None), CheckViolationError)):
        (row,) = await exams.service.sql("SELECT * FROM reminder WHERE rung = '3d'")
        row |= {"reminder_id": new_id(), "rung": "other"} | dict([changed])
        async with exams.service.database.work() as work:
            with pytest.raises(IntegrityError) as refused:
                async with work.session.begin_nested():
                    work.session.add(ReminderRow(**row))
            assert isinstance(refused.value.orig.__cause__, refusal)
