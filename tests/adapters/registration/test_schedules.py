"""Clinics and their sessions, over HTTP and in the database."""

import asyncio
from datetime import timedelta

import pytest

from shared.messages.registration.schedules import SessionOpened
from tests.support.service import NOON


async def test_a_clinic_opens_its_sessions_once_however_often_it_is_asked(registration):
    clinic_id = await registration.clinic(capacity=3)
    body = {"from_on": "2026-03-02", "to_on": "2026-03-08"}
    first = (await registration.post(f"/clinics/{clinic_id}/sessions", body=body)).json()
    second = (await registration.post(f"/clinics/{clinic_id}/sessions", body=body)).json()
    assert (first["opened"], second["opened"]) == (7, 0)
    assert first["sessions"] == second["sessions"]
    assert {session["places"] for session in first["sessions"]} == {6}
    opened = [one for one in await registration.service.said() if isinstance(one, SessionOpened)]
    assert [str(one.session_id) for one in opened] == [one["session_id"] for one in first["sessions"]]
    listed = await registration.service.get(
        f"/clinics/{clinic_id}/sessions", role="viewer", from_on="2026-03-03", to_on="2026-03-04"
    )
    assert listed.json()["sessions"] == first["sessions"][1:3]
    path = f"/sessions/{first['sessions'][1]['session_id']}"
    assert (await registration.service.get(path, role="patient-app")).json() == first["sessions"][1]


@pytest.mark.parametrize("zone", ["posixrules", "localtime", "right/UTC", "Mars/Olympus"])
async def test_a_clinic_in_a_zone_that_its_slots_cannot_be_searched_in_is_refused(registration, zone):
    body = {"campus_id": "main", "specialty": "cardiology", "zone": zone, "template": []}
    refused = await registration.service.command("PUT", "/clinics/one", role="back-office", body=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "zone-unknown")


@pytest.mark.parametrize(
    ("path", "asked", "remedy"),
    [
        ("/clinics/cardiology/sessions", {"from_on": "2026-03-04", "to_on": "2026-03-03"}, "to_on"),
        ("/clinics/cardiology/days", {"from_on": "2026-03-04", "to_on": "2027-03-05"}, "365"),
        ("/slots", {"from_at": "2026-03-04T00:00:00Z", "to_at": "2026-03-03T00:00:00Z"}, "to_at"),
        ("/slots", {"from_time": "12:00", "to_time": "12:00"}, "to_time"),
    ],
)
async def test_who_asks_for_days_or_times_that_run_backwards_is_told_what_to_send(registration, path, asked, remedy):
    await registration.clinic()
    refused = await registration.service.get(path, role="viewer", **asked)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid-input")
    assert remedy in refused.json()["fields"][0]["remedy"]


async def test_a_clinic_that_is_open_round_the_clock_has_forty_eight_slots_a_day(registration):
    clinic_id = await registration.clinic(capacity=8, **{"from": "00:00", "to": "24:00"})
    (session,) = await registration.open(clinic_id, NOON)
    assert (session["starts_at"], session["ends_at"]) == ("2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z")
    rows = await registration.service.sql("SELECT count(*) AS slots, sum(capacity) AS places FROM slot")
    assert rows == [{"slots": 48, "places": 384}]


async def test_a_year_of_a_clinic_is_opened_in_one_command(registration):
    clinic_id = await registration.clinic(capacity=3, to="17:00")
    body = {"from_on": "2026-03-02", "to_on": "2027-03-01"}
    answer = await registration.post(f"/clinics/{clinic_id}/sessions", body=body)
    assert answer.json()["opened"] == 365
    assert await registration.service.sql("SELECT count(*) AS slots FROM slot") == [{"slots": 365 * 18}]


async def test_a_changed_template_leaves_open_sessions_as_they_are(registration):
    clinic_id = await registration.clinic(capacity=3)
    opened = await registration.open(clinic_id, NOON)
    await registration.clinic(clinic_id, capacity=9)
    assert await registration.open(clinic_id, NOON) == opened
    (later,) = await registration.open(clinic_id, NOON + timedelta(days=1))
    assert later["places"] == 18


async def test_a_clinic_is_in_one_sitting_at_a_time_also_when_its_week_has_changed(registration):
    clinic_id = await registration.clinic(capacity=3)
    (before,) = await registration.open(clinic_id, NOON)
    await registration.clinic(clinic_id, capacity=3, **{"from": "08:30", "to": "09:30"})
    days = {"from_on": "2026-03-02", "to_on": "2026-03-03"}
    refused = await registration.post(f"/clinics/{clinic_id}/sessions", body=days)
    assert (refused.status_code, refused.json()["code"]) == (409, "hours-overlap")
    assert "2026-03-02" in refused.json()["remedy"]
    assert await registration.service.sql("SELECT count(*) AS sessions FROM session") == [{"sessions": 1}]
    registration.service.clock.set(NOON.replace(hour=7))
    closed = {"orphans": "notify", "reason": "other"}
    assert (await registration.post(f"/sessions/{before['session_id']}/closure", body=closed)).status_code == 200
    opened = (await registration.post(f"/clinics/{clinic_id}/sessions", body=days)).json()
    assert [one["starts_at"] for one in opened["sessions"] if one["closed_at"] is None] == [
        "2026-03-02T08:30:00Z",
        "2026-03-03T08:30:00Z",
    ]


async def test_two_weeks_of_a_clinic_that_are_opened_at_once_never_overlap(registration):
    clinic_id = await registration.clinic()
    path, days = f"/clinics/{clinic_id}/sessions", {"from_on": "2026-03-03", "to_on": "2026-03-09"}

    async def changed():
        await registration.clinic(clinic_id, **{"from": "08:30", "to": "09:30"})
        return await registration.post(path, body=days)

    answers = await asyncio.gather(registration.post(path, body=days), changed())
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert await registration.service.sql("SELECT count(*) AS sessions FROM session") == [{"sessions": 7}]


async def test_a_clinic_is_shown_as_it_was_written_and_its_version_counts_changes_only(registration):
    clinic_id = await registration.clinic(capacity=3)
    await registration.clinic(clinic_id, capacity=3)
    shown = (await registration.service.get(f"/clinics/{clinic_id}", role="viewer")).json()
    assert shown["version"] == 1
    line = {"weekday": 1, "from": "08:00", "to": "09:00", "slot_minutes": 30, "capacity": 3, "access": "public"}
    assert shown["template"][0].items() >= line.items()
    await registration.clinic(clinic_id, capacity=4)
    listed = (await registration.service.get("/clinics", role="viewer", campus_id="main")).json()["clinics"]
    assert [(clinic["clinic_id"], clinic["version"]) for clinic in listed] == [(clinic_id, 2)]


async def test_a_clinic_that_does_not_exist_opens_nothing(registration):
    answer = await registration.post("/clinics/nowhere/sessions", body={"from_on": "2026-03-02", "to_on": "2026-03-02"})
    assert (answer.status_code, answer.json()["code"]) == (404, "clinic-missing")
