"""Who and what sits where, when places are released, and days that are not like the others, on a real database."""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from services.registration.schedules.model import SlotKey
from shared.messages.registration.schedules import ClinicianSubstituted
from tests.support.service import NOON

TOMORROW = NOON + timedelta(days=1)
CHINESE_HOLIDAY = {
    "version": "1",
    "source": "an invented notice",
    "valid_from": "2026-03-01",
    "valid_to": "2026-03-31",
    "days_off": [{"from_on": "2026-03-03", "to_on": "2026-03-03", "name": "Invented"}],
    "days_worked": [],
}


async def sitting(registration, clinic_id: str, **line):
    """A clinic that asks to sit tomorrow; the answer to opening it."""
    await registration.clinic(clinic_id, **line)
    body = {"from_on": "2026-03-03", "to_on": "2026-03-03"}
    return await registration.post(f"/clinics/{clinic_id}/sessions", role="back-office", body=body)


def of(*clinicians: str, **setting):
    return {"setting": {"clinicians": clinicians, **setting}}


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (of("C-1"), of("C-2", "C-1", kind="mdt", mdt_form="remote"), "clinician-busy"),
        (of("C-1", room="R-1"), of("C-2", room="R-1"), "room-busy"),
        (
            of(kind="mobile", vehicle="V-1", stop="village-1"),
            of(kind="mobile", vehicle="V-1", stop="village-2"),
            "vehicle-busy",
        ),
    ],
)
async def test_nobody_and_nothing_is_in_two_sittings_at_a_time(registration, first, second, code):
    assert (await sitting(registration, "one", **first)).status_code == 200
    refused = await sitting(registration, "two", **second)
    assert (refused.status_code, refused.json()["code"]) == (409, code)
    assert await registration.service.sql("SELECT count(*) AS sessions FROM session") == [{"sessions": 1}]
    after = await sitting(registration, "three", **second | {"from": "09:00", "to": "10:00"})
    assert after.status_code == 200, after.text


async def test_of_two_sittings_opened_at_once_for_one_clinician_one_is_refused(registration):
    names = [f"clinic-{number}" for number in range(4)]
    for name in names:
        await registration.clinic(name, **of("C-1"))
    body = {"from_on": "2026-03-03", "to_on": "2026-03-09"}
    answers = await asyncio.gather(
        *(registration.post(f"/clinics/{name}/sessions", role="back-office", body=body) for name in names)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert await registration.service.sql("SELECT count(*) AS sittings FROM engagement") == [{"sittings": 7}]


async def test_the_database_itself_refuses_a_second_sitting(registration):
    await sitting(registration, "one", **of("C-1"))
    again = "INSERT INTO engagement SELECT gen_random_uuid(), resource, resource_id, starts_at, ends_at FROM engagement"
    with pytest.raises(asyncpg.ExclusionViolationError) as refusal:
        await registration.service.sql(again)
    assert refusal.value.constraint_name == "clinician_in_one_sitting"


async def test_a_substitute_takes_the_sitting_and_the_bookings_stay(registration):
    session = (await sitting(registration, "one", capacity=2, **of("C-1"))).json()["sessions"][0]
    await sitting(registration, "two", **of("C-2"))
    path = f"/sessions/{session['session_id']}/substitution"
    busy = await registration.post(path, body={"clinician_id": "C-1", "substitute_id": "C-2"})
    assert busy.json()["code"] == "clinician-busy"
    absent = await registration.post(path, body={"clinician_id": "C-9", "substitute_id": "C-3"})
    assert absent.json()["code"] == "clinician-absent"
    slot = SlotKey(session_id=UUID(session["session_id"]), starts_at=TOMORROW.replace(hour=8))
    await registration.take(slot, await registration.patient())
    same = await registration.post(path, body={"clinician_id": "C-1", "substitute_id": "C-1"})
    assert same.json()["code"] == "same-clinician"
    changed = await registration.post(path, body={"clinician_id": "C-1", "substitute_id": "C-3"})
    assert (changed.json()["setting"]["clinicians"], changed.json()["version"]) == (["C-3"], 2)
    (event,) = [one for one in await registration.service.said() if isinstance(one, ClinicianSubstituted)]
    assert (event.clinician_id, event.substitute_id, event.aggregate_version) == ("C-1", "C-3", 2)
    assert (await registration.places(slot))["booked"] == 1
    assert (await sitting(registration, "three", **of("C-1"))).status_code == 200


@pytest.mark.parametrize("crowded", [False, True], ids=["alone", "among others"])
async def test_before_its_release_a_place_is_refused_with_the_instant(registration, crowded):
    line = {"capacity": 9, "release": {"days_ahead": 0, "at": "07:00"}}
    session = (await sitting(registration, "one", **line)).json()["sessions"][0]
    slot = SlotKey(session_id=UUID(session["session_id"]), starts_at=TOMORROW.replace(hour=8))
    patients = await registration.patients(3 if crowded else 1)
    refused = await asyncio.gather(*(registration.take(slot, one) for one in patients))
    assert {(one.status_code, one.json()["code"]) for one in refused} == {(409, "not-released")}
    assert "2026-03-03T07:00:00+00:00" in refused[0].json()["remedy"]
    found = {"on": "2026-03-03", "clinic_id": "one"}
    assert (await registration.service.get("/slots", role="patient-app", **found)).json()["slots"] == []
    registration.service.clock.set(TOMORROW.replace(hour=7))
    booked = await asyncio.gather(*(registration.take(slot, one) for one in patients))
    assert {one.status_code for one in booked} == {201}
    assert len((await registration.service.get("/slots", role="patient-app", **found)).json()["slots"]) == 2


async def test_what_is_kept_for_others_becomes_public_by_itself_when_it_is_released(registration):
    line = {"access": "alliance", "release": {"days_ahead": 0, "at": "06:00"}}
    session = (await sitting(registration, "one", **line)).json()["sessions"][0]
    timer = registration.service.host.service.timers[2]
    async with registration.service.database.work() as work:
        assert await timer.next_due_at(work) == TOMORROW.replace(hour=6)
    assert await registration.service.fire("releases") == 0
    registration.service.clock.set(TOMORROW.replace(hour=6))
    assert await registration.service.fire("releases") == 1
    slot = SlotKey(session_id=UUID(session["session_id"]), starts_at=TOMORROW.replace(hour=8))
    assert (await registration.take(slot, await registration.patient())).status_code == 201
    async with registration.service.database.work() as work:
        assert await timer.next_due_at(work) is None


async def test_a_hospitals_own_calendar_and_a_day_of_its_own_decide_what_is_opened(registration):
    loaded = await registration.service.command("PUT", "/calendars/cn", role="back-office", body=CHINESE_HOLIDAY)
    assert loaded.status_code == 200, loaded.text
    line = {"weekday": 2, "from": "08:00", "to": "09:00", "capacity": 1}
    body = {"campus_id": "main", "specialty": "cardiology", "zone": "UTC", "calendar_id": "cn", "template": [line]}
    await registration.service.command("PUT", "/clinics/one", role="back-office", body=body)
    days = {"from_on": "2026-03-03", "to_on": "2026-04-07"}
    answer = (await registration.post("/clinics/one/sessions", role="back-office", body=days)).json()
    assert [one["session_on"] for one in answer["sessions"]][:2] == ["2026-03-10", "2026-03-17"]
    assert answer["days_beyond_calendar"] == 7
    day = "/clinics/one/days/2026-03-03"
    await registration.service.command("PUT", day, role="back-office", body={"lines": [line | {"from": "08:30"}]})
    again = (await registration.post("/clinics/one/sessions", role="back-office", body=days)).json()
    assert (again["opened"], again["sessions"][0]["starts_at"]) == (1, "2026-03-03T08:30:00Z")
    listed = await registration.service.get("/clinics/one/days", role="viewer", **days)
    assert [(one["on"], one["lines"][0]["from"]) for one in listed.json()["days"]] == [("2026-03-03", "08:30")]
    dropped = await registration.service.command("DELETE", day, role="back-office")
    assert dropped.status_code == 200
    listed = await registration.service.get("/clinics/one/days", role="viewer", **days)
    assert listed.json()["days"] == []
    past = "/clinics/one/days/2026-03-01"
    refused = await registration.service.command("PUT", past, role="back-office", body={"lines": []})
    assert (refused.status_code, refused.json()["code"]) == (409, "days-past")
    missing = await registration.service.command(
        "PUT", "/clinics/one", role="back-office", body=body | {"calendar_id": "nowhere"}
    )
    assert (missing.status_code, missing.json()["code"]) == (404, "calendar-missing")


async def test_slots_are_found_by_what_a_patient_would_ask_for(registration):
    await sitting(registration, "heart", zone="Asia/Shanghai", **of("C-1", kind="expert"))
    await sitting(registration, "echo", **{"from": "14:00", "to": "15:00"}, **of(kind="specialty", service_code="echo"))

    async def found(**asked):
        answer = await registration.service.get("/slots", role="patient-app", on="2026-03-03", **asked)
        return {one["clinic_id"] for one in answer.json()["slots"]}

    assert await found() == {"heart", "echo"}
    assert await found(kind="expert") == {"heart"}
    assert await found(service_code="echo") == {"echo"}
    assert await found(clinician_id="C-1") == {"heart"}
    assert await found(campus_id="elsewhere") == set()
    assert await found(specialty="cardiology", from_time="08:00", to_time="08:30") == {"heart"}
    assert await found(from_time="12:00") == {"echo"}
    await sitting(registration, "team", **of("C-2", "C-3", kind="mdt", mdt_form="rare-disease"))
    assert await found(mdt_form="rare-disease") == await found(clinician_id="C-3") == {"team"}
    await sitting(registration, "bus", **of(kind="mobile", vehicle="V-1", stop="village-1"))
    assert await found(stop="village-1") == {"bus"}
    assert await found(stop="village-2") == set()
