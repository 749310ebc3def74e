"""Arrival passes on a real database: never more than there are places, and gone with the appointment."""

import asyncio
from datetime import date, timedelta

from shared.messages.registration.booking import AppointmentCancelled, AppointmentRescheduled
from tests.support.service import NOON

DAY = (NOON + timedelta(days=1)).date()


async def booked(registration, slot=None):
    slot = slot or await registration.slot()
    return (await registration.take(slot, await registration.patient())).json()["appointment_id"]


async def reserve(registration, appointment_id, plate="川A12345"):
    return await registration.post("/arrival-passes", body={"appointment_id": appointment_id, "plate": plate})


async def capacity(registration, places, day=DAY):
    path = f"/parking/main/{day}"
    return await registration.service.command("PUT", path, role="back-office", body={"capacity": places})


async def reserved(registration, day: date = DAY):
    return (await registration.service.get(f"/parking/main/{day}", role="viewer")).json()["reserved"]


async def pass_of(registration, appointment_id):
    return (await registration.service.get(f"/arrival-passes/{appointment_id}", role="front-desk")).json()


async def hear(registration, kind):
    said = [event for event in await registration.service.said() if isinstance(event, kind)]
    await registration.service.deliver(*said)


async def move(registration, appointment_id, days):
    slot = await registration.slot(days=days)
    body = {"session_id": str(slot.session_id), "slot_starts_at": slot.starts_at.isoformat()}
    answer = await registration.post(f"/appointments/{appointment_id}/reschedule", body=body)
    assert answer.status_code == 200, answer.text
    await hear(registration, AppointmentRescheduled)


async def test_a_campus_has_five_hundred_places_until_it_says_otherwise(registration):
    lot = (await registration.service.get(f"/parking/main/{DAY}", role="viewer")).json()
    assert (lot["capacity"], lot["reserved"]) == (500, 0)


async def test_a_plate_is_shown_without_its_middle_and_is_in_no_event(registration):
    answer = await reserve(registration, await booked(registration), "川a·123 45")
    assert answer.status_code == 201
    assert answer.json()["shown_plate"] == "川A***45"
    listed = (await registration.service.get("/arrival-passes", role="viewer", campus_id="main", day=DAY)).text
    assert "A12345" not in listed + str(await registration.service.said())
    stored = await registration.service.sql("SELECT answer FROM command")
    assert not any(b"A12345" in row["answer"] for row in stored)


async def test_of_many_who_ask_at_once_as_many_get_a_place_as_there_are(registration):
    await capacity(registration, 3)
    slot = await registration.slot(capacity=10)
    appointments = [await booked(registration, slot) for _ in range(8)]
    answers = await asyncio.gather(
        *(reserve(registration, one, f"川A1234{number}") for number, one in enumerate(appointments))
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"parking-full"}
    assert await reserved(registration) == 3


async def test_an_appointment_and_a_car_have_one_place(registration):
    slot = await registration.slot(capacity=3)
    first, second = await booked(registration, slot), await booked(registration, slot)
    answers = await asyncio.gather(*(reserve(registration, first) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert (await reserve(registration, second)).json()["code"] == "plate-has-pass"
    assert await reserved(registration) == 1


async def test_a_cancelled_appointment_gives_its_place_back_and_the_plate_is_forgotten(registration):
    appointment_id = await booked(registration)
    await reserve(registration, appointment_id)
    await registration.post(f"/appointments/{appointment_id}/cancellation", body={"reason": "patient"})
    await hear(registration, AppointmentCancelled)
    gone = await pass_of(registration, appointment_id)
    assert (gone["state"], gone["release_reason"], gone["shown_plate"]) == ("released", "appointment-over", None)
    assert await reserved(registration) == 0


async def test_a_moved_appointment_takes_its_place_along(registration):
    appointment_id = await booked(registration)
    await reserve(registration, appointment_id)
    await move(registration, appointment_id, days=4)
    there = NOON.date() + timedelta(days=4)
    assert (await pass_of(registration, appointment_id))["day"] == str(there)
    assert (await reserved(registration), await reserved(registration, there)) == (0, 1)


async def test_on_a_full_day_the_place_is_lost_and_says_so(registration):
    await capacity(registration, 0, NOON.date() + timedelta(days=4))
    appointment_id = await booked(registration)
    await reserve(registration, appointment_id)
    await move(registration, appointment_id, days=4)
    lost = await pass_of(registration, appointment_id)
    assert (lost["state"], lost["release_reason"]) == ("released", "new-day-full")
    assert await reserved(registration) == 0


async def test_a_place_that_was_given_back_can_be_reserved_again(registration):
    appointment_id = await booked(registration)
    await reserve(registration, appointment_id)
    path = f"/arrival-passes/{appointment_id}"
    assert (await registration.service.command("DELETE", path, role="patient-app")).json()["state"] == "released"
    assert (await registration.service.command("DELETE", path, role="patient-app")).json()["code"] == "not-reserved"
    assert (await reserve(registration, appointment_id)).status_code == 201
    assert await reserved(registration) == 1


async def test_the_gate_lets_in_whose_pass_is_good_now(registration):
    slot = await registration.slot()
    await reserve(registration, await booked(registration, slot))

    async def enter(plate="川A12345"):
        return await registration.post("/parking/main/entries", role="system", body={"plate": plate})

    assert (await enter()).json()["code"] == "no-pass"
    registration.service.clock.set(slot.starts_at - timedelta(hours=2))
    assert (await enter()).json()["state"] == "used"
    assert (await enter()).status_code == 200
    assert (await enter("川A99999")).json()["code"] == "no-pass"


async def test_no_pass_without_a_booked_visit_that_is_to_come(registration):
    slot = await registration.slot()
    held = (await registration.take(slot, await registration.patient(), hold=True)).json()["appointment_id"]
    assert (await reserve(registration, held)).json()["code"] == "not-booked"
    visit = await booked(registration)
    registration.service.clock.advance(timedelta(days=3))
    assert (await reserve(registration, visit)).json()["code"] == "slot-over"


async def test_places_that_are_reserved_are_not_taken_away(registration):
    await reserve(registration, await booked(registration))
    assert (await capacity(registration, 0)).json()["code"] == "capacity-below-reserved"
    assert (await capacity(registration, 1)).json()["capacity"] == 1
