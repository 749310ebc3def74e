"""Whom no reminder can reach: on the desk's list while a visit is ahead, and off it once they can be (REG-12)."""

from datetime import timedelta

import pytest

from services.registration.reminders.model import Result
from services.registration.reminders.sending import unreached_patients
from shared.telemetry import Telemetry
from tests.adapters.registration.exam_rooms import act, open_exams
from tests.adapters.registration.reminding import Post, at, booked_exams, fire, hear, move_exam, reachable
from tests.support.service import NOON


@pytest.fixture
def post():
    return Post()


async def listed(registration, **wanted):
    answer = await registration.service.get("/reminders/unreached", role="front-desk", **wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()["patients"]


async def causes(registration, **wanted):
    return {one["patient_id"]: one["cause"] for one in await listed(registration, **wanted)}


async def booked(registration, patient_id, days=10):
    slot = await registration.slot(days=days)
    appointment = (await registration.take(slot, patient_id)).json()["appointment_id"]
    await hear(registration)
    return appointment, slot


async def choose(registration, patient_id, address):
    body = {"channel": "sms", "address": address}
    answer = await registration.service.command("PUT", f"/patients/{patient_id}/contact", role="patient-app", body=body)
    assert answer.status_code == 200, answer.text
    await hear(registration)


async def test_who_has_no_contact_is_listed_with_the_visits_ahead_and_nothing_of_the_person(registration):
    await open_exams(registration)
    nobody, patient = await registration.patients(2)
    await reachable(registration)
    assert await listed(registration) == []
    appointment, slot = await booked(registration, patient)
    written, plan = await booked_exams(registration, patient, "holter", "mr-head")
    (one,) = await listed(registration)
    starts = slot.starts_at.isoformat().replace("+00:00", "Z")
    first = plan["exams"][0]["starts_at"]
    assert one == {
        "patient_id": str(patient),
        "cause": "no-contact",
        "visits": [
            {"appointment_id": appointment, "order_id": None, "starts_at": starts},
            {"appointment_id": None, "order_id": plan["order_id"], "starts_at": first},
        ],
    }
    assert str(nobody) not in str(one)
    await move_exam(registration, written, "holter", NOON + timedelta(days=14))
    registration.service.clock.set(at(first) + timedelta(hours=12))
    (one,) = await listed(registration)
    assert [visit["order_id"] for visit in one["visits"]] == [plan["order_id"]]
    await act(registration, written, "cancellation", {"reason": "patient"})
    assert await listed(registration) == []


async def test_a_visit_that_is_over_or_has_begun_or_is_off_is_nobodys_call_any_more(registration):
    patients = await registration.patients(4)
    over, arrived, cancelled, died = patients
    bookings = {patient: await booked(registration, patient, days=1) for patient in patients}
    assert set(await causes(registration)) == {str(patient) for patient in patients}
    await registration.post(f"/appointments/{bookings[cancelled][0]}/cancellation", body={"reason": "patient"})
    await registration.post(f"/patients/{died}/death", body={"deceased_at": NOON.isoformat()})
    assert set(await causes(registration)) == {str(over), str(arrived)}
    starts = bookings[arrived][1].starts_at
    registration.service.clock.set(starts)
    answer = await registration.post(f"/appointments/{bookings[arrived][0]}/arrival")
    assert answer.status_code == 200, answer.text
    assert set(await causes(registration)) == {str(over)}
    registration.service.clock.set(starts + timedelta(minutes=30))
    assert await listed(registration) == []


async def test_whose_address_is_refused_is_listed_until_they_give_another_or_a_message_is_taken(registration, post):
    address = "+86 28 0000 0000"
    post.answers = {address: Result.REFUSED}
    patient = await reachable(registration, address)
    _, slot = await booked(registration, patient)
    assert await listed(registration) == []
    registration.service.clock.set(slot.starts_at - timedelta(days=2, hours=23))
    await fire(registration, post)
    assert await causes(registration) == {str(patient): "address-refused"}
    registration.service.clock.advance(timedelta(minutes=1))
    await choose(registration, patient, "+86 28 1111 1111")
    assert await listed(registration) == []
    registration.service.clock.advance(timedelta(minutes=1))
    await choose(registration, patient, address)
    registration.service.clock.set(slot.starts_at - timedelta(hours=23))
    await fire(registration, post)
    assert await causes(registration) == {str(patient): "address-refused"}
    post.answers = {}
    await booked(registration, patient, days=11)
    registration.service.clock.set(slot.starts_at - timedelta(minutes=1))
    registration.service.clock.advance(timedelta(hours=2))
    await fire(registration, post)
    assert post.sent[-1].address == address
    assert await listed(registration) == []


async def test_the_list_tells_who_was_never_asked_from_who_said_no_and_comes_in_pages_by_patient(registration):
    asked_never = [str(one) for one in await registration.patients(3)]
    said_no = str(await reachable(registration))
    await registration.service.command("DELETE", f"/patients/{said_no}/contact", role="patient-app")
    for number, patient in enumerate([*asked_never, said_no]):
        await booked(registration, patient, days=2 + number)
    assert await causes(registration) == dict.fromkeys(asked_never, "no-contact") | {said_no: "not-wanted"}
    assert set(await causes(registration, cause="not-wanted")) == {said_no}
    soon = (NOON + timedelta(days=3)).isoformat()
    assert set(await causes(registration, starts_before=soon)) == set(asked_never[:2])
    found, after = [], {}
    while True:
        page = (await registration.service.get("/reminders/unreached", role="front-desk", limit=3, **after)).json()
        found += [one["patient_id"] for one in page["patients"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert found == sorted([*asked_never, said_no])


async def test_the_list_is_the_desks_and_its_count_is_a_metric_asked_for_every_five_minutes(registration):
    await booked(registration, await registration.patient())
    for role in ("patient-app", "viewer", "clinician"):
        assert (await registration.service.get("/reminders/unreached", role=role)).status_code == 403
    refused = await registration.service.get("/reminders/unreached", role="front-desk", cause="moon")
    assert refused.status_code == 422
    counted = {"no-contact": 1, "not-wanted": 0, "address-refused": 0}
    answer = (await registration.service.get("/reminders/unreached/summary", role="viewer")).json()
    assert {one["cause"]: one["patients"] for one in answer} == counted
    telemetry = Telemetry("test")
    measured = unreached_patients(telemetry)
    for _ in range(2):
        async with registration.service.database.work() as work:
            await measured.look(work)
        shown = telemetry.render().decode()
        for cause, patients in counted.items():
            assert f'journey_unreached_patients{{cause="{cause}"}} {patients}.0' in shown
        await booked(registration, await registration.patient())
