"""Referrals on a real database: the earliest kept place, the worklist, and what is given back."""

import asyncio
from datetime import datetime, timedelta

import pytest

from shared.ids import new_id
from shared.messages.registration.booking import AppointmentCancelled
from shared.messages.registration.schedules import SessionOpened
from tests.support.service import NOON


async def partner(registration, places_a_week=100, partner_id="qingyang", **fields):
    body = {"name_zh": "青羊社区", "places_a_week": places_a_week} | fields
    answer = await registration.service.command("PUT", f"/partners/{partner_id}", role="back-office", body=body)
    assert answer.status_code == 200, answer.text
    return partner_id


async def kept(registration, days=1, capacity=1, clinic_id="heart"):
    """A clinic whose two slots from 08:00 of that day are kept for partners."""
    await registration.clinic(clinic_id, capacity=capacity, access="alliance")
    (session,) = await registration.open(clinic_id, NOON + timedelta(days=days))
    return session


async def refer(registration, urgency="soon", **fields):
    body = {"partner_id": "qingyang", "specialty": "cardiology", "urgency": urgency}
    body |= {"patient_id": str(fields.pop("patient_id", None) or await registration.patient())}
    return await registration.post("/referrals", role="system", body=body | fields)


async def worklist(registration):
    page = (await registration.service.get("/referrals", role="front-desk", state="waiting")).json()
    return [(one["referral_id"], one["wait_reason"], one["overdue"]) for one in page["referrals"]]


async def hear(registration, kind):
    said = [event for event in await registration.service.said() if isinstance(event, kind)]
    await registration.service.deliver(*said)


async def read(registration, referral):
    path = f"/referrals/{referral['referral_id']}"
    return (await registration.service.get(path, role="system")).json()


async def taken(registration):
    rows = await registration.service.sql("SELECT coalesce(sum(taken), 0) AS taken FROM partner_week")
    return rows[0]["taken"]


async def test_a_referral_gets_the_earliest_kept_place_and_no_other(registration):
    await partner(registration)
    session = await kept(registration, days=2)
    await registration.slot(days=1)
    answer = await refer(registration)
    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "placed"
    path = f"/appointments/{answer.json()['appointment_id']}"
    appointment = (await registration.service.get(path, role="front-desk")).json()
    assert (appointment["session_id"], appointment["channel"]) == (session["session_id"], "alliance")
    assert datetime.fromisoformat(appointment["slot_starts_at"]) == datetime.fromisoformat(session["starts_at"])


async def test_many_referrals_at_once_never_share_a_place(registration):
    await partner(registration)
    await kept(registration)
    patients = await registration.patients(8)
    answers = await asyncio.gather(*(refer(registration, patient_id=patient_id) for patient_id in patients))
    states = [answer.json()["state"] for answer in answers]
    assert sorted(states) == ["placed"] * 2 + ["waiting"] * 6
    assert await taken(registration) == 2
    rows = await registration.service.sql("SELECT max(booked) AS most FROM slot")
    assert rows[0]["most"] == 1
    assert len(await worklist(registration)) == 6


async def test_a_partner_never_takes_more_than_its_quota_of_a_week(registration):
    await partner(registration, places_a_week=2)
    await kept(registration, capacity=10)
    patients = await registration.patients(6)
    answers = await asyncio.gather(*(refer(registration, patient_id=patient_id) for patient_id in patients))
    assert sorted(answer.json()["state"] for answer in answers) == ["placed"] * 2 + ["waiting"] * 4
    assert {reason for _, reason, _ in await worklist(registration)} == {"quota-used"}


async def test_no_place_inside_the_promise_is_on_the_worklist_with_reason_and_due(registration):
    await partner(registration)
    await kept(registration, days=3)
    urgent = (await refer(registration, "urgent")).json()
    assert (urgent["state"], urgent["wait_reason"]) == ("waiting", "no-place")
    assert datetime.fromisoformat(urgent["due_at"]) == NOON + timedelta(hours=24)
    assert (await refer(registration, "routine")).json()["state"] == "placed"
    registration.service.clock.advance(timedelta(days=1))
    assert await worklist(registration) == [(urgent["referral_id"], "no-place", True)]


async def test_new_kept_places_are_for_those_who_wait_the_nearest_promise_first(registration):
    await partner(registration)
    routine, soon = (await refer(registration, "routine")).json(), (await refer(registration, "soon")).json()
    third = (await refer(registration, "routine")).json()
    await kept(registration, days=2)
    await hear(registration, SessionOpened)
    assert [(await read(registration, one))["state"] for one in (soon, routine, third)] == [
        "placed",
        "placed",
        "waiting",
    ]


async def test_what_partners_do_not_use_goes_to_everybody_before_it_starts(registration):
    await partner(registration)
    session = await kept(registration, days=1)
    find = {"from_at": NOON.isoformat(), "to_at": (NOON + timedelta(days=2)).isoformat()}
    assert (await registration.service.get("/slots", role="patient-app", **find)).json()["slots"] == []
    starts_at = datetime.fromisoformat(session["starts_at"])
    registration.service.clock.set(starts_at - timedelta(hours=4, seconds=1))
    assert await registration.service.fire("quota") == 0
    registration.service.clock.set(starts_at - timedelta(hours=4) + timedelta(seconds=1))
    assert await registration.service.fire("quota") == 1
    assert len((await registration.service.get("/slots", role="patient-app", **find)).json()["slots"]) == 2
    assert await registration.service.fire("quota") == 0


async def test_a_place_that_a_partner_gives_back_is_the_next_ones(registration):
    await partner(registration, places_a_week=2)
    await kept(registration)
    first, _, third = [(await refer(registration)).json() for _ in range(3)]
    path = f"/referrals/{first['referral_id']}/closing"
    closed = await registration.post(path, role="system", body={"reason": "partner"})
    assert closed.json()["state"] == "closed"
    await hear(registration, AppointmentCancelled)
    assert (await read(registration, third))["state"] == "placed"
    assert await taken(registration) == 2


@pytest.mark.parametrize(("days", "state", "reason"), [((1, 2), "placed", None), ((1,), "waiting", "place-lost")])
async def test_a_place_that_the_hospital_takes_back_is_replaced_elsewhere_or_waited_for(
    registration, days, state, reason
):
    await partner(registration)
    for day in days:
        await kept(registration, days=day)
    referral = (await refer(registration)).json()
    appointment_id = referral["appointment_id"]
    await registration.post(f"/appointments/{appointment_id}/cancellation", body={"reason": "hospital"})
    await hear(registration, AppointmentCancelled)
    now = await read(registration, referral)
    assert (now["state"], now["wait_reason"], now["appointment_id"] != appointment_id) == (state, reason, True)
    assert await taken(registration) == len(days) - 1


async def test_a_patient_who_cancels_ends_the_referral(registration):
    await partner(registration)
    await kept(registration)
    placed = (await refer(registration)).json()
    await registration.post(f"/appointments/{placed['appointment_id']}/cancellation", body={"reason": "patient"})
    await hear(registration, AppointmentCancelled)
    assert (await read(registration, placed))["close_reason"] == "patient"
    assert await taken(registration) == 0


async def test_somebody_finds_a_place_for_who_waits(registration):
    await partner(registration)
    waiting = (await refer(registration)).json()
    other = (await registration.take(await registration.slot(), await registration.patient())).json()
    path = f"/referrals/{waiting['referral_id']}/placement"
    wrong = await registration.post(path, body={"appointment_id": other["appointment_id"]})
    assert wrong.json()["code"] == "appointment-differs"
    own = (await registration.take(await registration.slot(), waiting["patient_id"])).json()
    found = await registration.post(path, body={"appointment_id": own["appointment_id"]})
    assert (found.json()["state"], await worklist(registration)) == ("placed", [])


async def test_a_referral_needs_a_partner_and_a_patient_who_are_known(registration):
    assert (await refer(registration)).json()["code"] == "partner-missing"
    await partner(registration, active=False)
    assert (await refer(registration)).json()["code"] == "partner-inactive"
    await partner(registration)
    assert (await refer(registration, patient_id=new_id())).json()["code"] == "patient-missing"
    once = str(new_id())
    assert (await refer(registration, referral_id=once)).status_code == 201
    assert (await refer(registration, referral_id=once)).json()["code"] == "referral-exists"
