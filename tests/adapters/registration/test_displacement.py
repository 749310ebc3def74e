"""Sessions that are cut or closed: everybody who loses the place has another, or an entry of the worklist."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from services.registration.schedules.model import SlotKey
from shared.messages.registration.booking import (
    AppointmentCancelled,
    AppointmentDisplaced,
    AppointmentRescheduled,
)
from shared.messages.registration.schedules import SessionCut
from tests.support.service import NOON

TOMORROW = NOON + timedelta(days=1)


async def clinic(registration, *, capacity: int = 2, days: int = 2) -> list[SlotKey]:
    """A clinic's first slots of so many days from tomorrow on."""
    await registration.clinic(capacity=capacity)
    slots = []
    for day in range(1, days + 1):
        (session,) = await registration.open("cardiology", NOON + timedelta(days=day))
        at = (NOON + timedelta(days=day)).replace(hour=8)
        slots.append(SlotKey(session_id=UUID(session["session_id"]), starts_at=at))
    return slots


async def book(registration, slot, how_many: int, **fields) -> list[dict]:
    patients = await registration.patients(how_many)
    return [(await registration.take(slot, one, **fields)).json() for one in patients]


async def close(registration, slot, orphans: str, key: str | None = None):
    body = {"orphans": orphans, "reason": "clinician-away"}
    return await registration.post(f"/sessions/{slot.session_id}/closure", role="back-office", body=body, key=key)


async def said(registration, kind):
    return [one for one in await registration.service.said() if isinstance(one, kind)]


async def appointment(registration, one) -> dict:
    return (await registration.service.get(f"/appointments/{one['appointment_id']}", role="front-desk")).json()


async def live(registration) -> list[dict]:
    """Slots whose count of places taken is not that of the appointments in them."""
    return await registration.service.sql("""
        SELECT slot.session_id FROM slot WHERE booked <> (
            SELECT count(*) FROM appointment WHERE appointment.session_id = slot.session_id
                AND slot_starts_at = slot.starts_at AND status IN ('held', 'booked', 'arrived', 'completed'))""")


async def test_a_preview_names_the_last_who_booked_and_changes_nothing(registration):
    (slot,) = await clinic(registration, days=1)
    booked = await book(registration, slot, 2)
    path = f"/sessions/{slot.session_id}/orphans"
    one_less = (await registration.service.get(path, role="back-office", capacity=1)).json()
    assert [one["appointment_id"] for one in one_less["orphans"]] == [booked[1]["appointment_id"]]
    everybody = (await registration.service.get(path, role="back-office")).json()
    assert len(everybody["orphans"]) == 2
    assert set(everybody["capacities"].values()) == {0}
    assert (await registration.places(slot))["capacity"] == 2


async def test_a_closed_session_moves_everybody_to_the_next_days_of_the_clinic_in_order(registration):
    first, second, _ = await clinic(registration, days=3)
    await book(registration, second, 1)
    booked = await book(registration, first, 2)
    key = "close-once"
    answer = await close(registration, first, "move", key)
    assert answer.status_code == 200, answer.text
    there = [(await appointment(registration, one)) for one in booked]
    assert [one["session_id"] for one in there] == [str(second.session_id)] * 2
    assert [one["slot_starts_at"][11:16] for one in there] == ["08:00", "08:30"]
    assert len(await said(registration, AppointmentRescheduled)) == 2
    (event,) = await said(registration, SessionCut)
    assert (event.closed, event.places, event.reason) == (True, 0, "clinician-away")
    assert (await close(registration, first, "move", key)).json() == answer.json()
    assert (await close(registration, first, "move")).json()["code"] == "session-closed"
    refused = await registration.take(first, await registration.patient())
    assert refused.json()["code"] == "session-closed"
    assert await live(registration) == []


async def test_who_cannot_be_moved_is_on_the_worklist_until_rebooked_or_cancelled(registration):
    (slot,) = await clinic(registration, days=1)
    first, second = await book(registration, slot, 2)
    answer = (await close(registration, slot, "move")).json()
    assert (answer["moved"], len(answer["rebookings"])) == ([], 2)
    assert {one["state"] for one in answer["rebookings"]} == {"notified"}
    assert {one.reason for one in await said(registration, AppointmentDisplaced)} == {"clinician-away"}
    assert (await appointment(registration, first))["status"] == "displaced"
    target = await registration.slot(days=5)
    body = {"session_id": str(target.session_id), "slot_starts_at": target.starts_at.isoformat()}
    moved = await registration.post(f"/appointments/{first['appointment_id']}/reschedule", body=body)
    assert (moved.status_code, moved.json()["status"]) == (200, "booked")
    path = f"/appointments/{second['appointment_id']}/cancellation"
    assert (await registration.post(path, body={"reason": "patient"})).json()["status"] == "cancelled"
    for event in (*await said(registration, AppointmentRescheduled), *await said(registration, AppointmentCancelled)):
        await registration.service.deliver(event, times=2)
    assert (await registration.service.get("/rebookings", role="front-desk")).json()["rebookings"] == []
    done = (await registration.service.get("/rebookings", role="front-desk", state="done")).json()["rebookings"]
    assert len(done) == 2
    assert await live(registration) == []


@pytest.mark.parametrize(
    "settings",
    [
        [{"kind": "mobile", "vehicle": "V-1", "stop": stop} for stop in ("village-1", "village-2", "village-1")],
        [
            {"kind": "mdt", "mdt_form": form, "clinicians": ["C-1", "C-2"]}
            for form in ("rare-disease", "remote", "rare-disease")
        ],
    ],
    ids=["stop", "form of MDT"],
)
async def test_nobody_is_moved_to_another_village_or_another_form_of_mdt(registration, settings):
    line = {"from": "08:00", "to": "09:00", "capacity": 1}
    template = [line | {"weekday": 2 + day, "setting": setting} for day, setting in enumerate(settings)]
    body = {"campus_id": "main", "specialty": "cardiology", "zone": "UTC", "template": template}
    await registration.service.command("PUT", "/clinics/far", role="back-office", body=body)
    first, other, same = [
        SlotKey(session_id=UUID(session["session_id"]), starts_at=TOMORROW.replace(hour=8) + timedelta(days=day))
        for day in range(3)
        for session in await registration.open("far", TOMORROW + timedelta(days=day))
    ]
    await book(registration, first, 1)
    (moved,) = (await close(registration, first, "move")).json()["moved"]
    assert moved["session_id"] == str(same.session_id) != str(other.session_id)


@pytest.mark.parametrize(("orphans", "state"), [("offer", "offered"), ("notify", "notified")])
async def test_an_orphan_is_offered_the_next_slot_or_only_listed_by_choice(registration, orphans, state):
    first, second = await clinic(registration)
    await book(registration, first, 1)
    (entry,) = (await close(registration, first, orphans)).json()["rebookings"]
    offered = str(second.session_id) if orphans == "offer" else None
    assert (entry["state"], entry["offered_session_id"]) == (state, offered)
    assert (await registration.places(second))["booked"] == 0
    (listed,) = (await registration.service.get("/rebookings", role="front-desk", clinic_id="cardiology")).json()[
        "rebookings"
    ]
    assert listed == entry


async def test_no_slot_is_offered_to_more_patients_than_it_has_free_places(registration):
    first, second = await clinic(registration, capacity=2)
    await book(registration, second, 1)
    await book(registration, first, 2)
    later = SlotKey(session_id=first.session_id, starts_at=first.starts_at + timedelta(minutes=30))
    await book(registration, later, 2)
    entries = (await close(registration, first, "offer")).json()["rebookings"]
    offered = [one["offered_slot_starts_at"] for one in entries]
    assert [one and one[11:16] for one in offered] == ["08:00", "08:30", "08:30", None]


async def test_a_cut_keeps_who_has_arrived_and_who_came_first_and_gives_holds_up(registration):
    slot, later = await clinic(registration, capacity=4)
    arrived, first, second = await book(registration, slot, 3)
    held = (await registration.take(slot, await registration.patient(), hold=True)).json()
    registration.service.clock.set(slot.starts_at - timedelta(minutes=2))
    await registration.post(f"/appointments/{arrived['appointment_id']}/arrival")
    body = {"capacity": 2, "to_at": (slot.starts_at + timedelta(minutes=30)).isoformat()}
    choice = {"orphans": "move", "reason": "room"}
    answer = await registration.post(f"/sessions/{slot.session_id}/cut", role="back-office", body=body | choice)
    assert answer.status_code == 200, answer.text
    outcome = answer.json()
    assert [one["appointment_id"] for one in outcome["moved"]] == [second["appointment_id"]]
    assert outcome["holds_given_up"] == [held["appointment_id"]]
    assert outcome["moved"][0]["slot_starts_at"][11:16] == "08:30"
    assert outcome["session"]["places"] == 2 + 4
    assert (await registration.places(slot)).items() >= {"booked": 2, "capacity": 2}.items()
    assert (await appointment(registration, first))["status"] == "booked"
    assert (await registration.places(later))["booked"] == 0
    again = await registration.post(f"/sessions/{slot.session_id}/cut", role="back-office", body=body | choice)
    assert again.json()["code"] == "nothing-to-cut"
    assert await live(registration) == []


async def test_bookings_that_race_with_a_closure_are_moved_or_refused(registration):
    slot, _, _ = await clinic(registration, capacity=8, days=3)
    patients = await registration.patients(12)
    booked = await book(registration, slot, 2)
    closing, *answers = await asyncio.gather(
        close(registration, slot, "move"),
        *(registration.ask(slot, one) for one in patients),
        registration.post(f"/appointments/{booked[0]['appointment_id']}/cancellation", body={"reason": "patient"}),
    )
    assert closing.status_code in {200, 409}, closing.text
    if closing.status_code == 409:
        assert (await close(registration, slot, "move")).status_code == 200
    left = await registration.service.sql(
        "SELECT count(*) AS left FROM appointment WHERE session_id = $1 AND status IN ('held', 'booked')",
        slot.session_id,
    )
    assert left == [{"left": 0}]
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    assert await live(registration) == []
    kept = await registration.service.sql("SELECT count(*) AS kept FROM appointment WHERE status = 'booked'")
    taken = sum(answer.status_code == 201 for answer in answers)
    gone = len(await said(registration, AppointmentCancelled))
    assert kept == [{"kept": 2 + taken - gone}]


async def test_a_cut_that_makes_no_sense_is_refused_with_what_to_do(registration):
    (slot,) = await clinic(registration, days=1)
    path = f"/sessions/{slot.session_id}/orphans"
    span = {"from_at": TOMORROW.isoformat(), "to_at": NOON.isoformat()}
    backwards = await registration.service.get(path, role="back-office", **span)
    assert (backwards.status_code, backwards.json()["code"]) == (409, "span-backwards")
    registration.service.clock.set(NOON + timedelta(days=3))
    over = await registration.service.get(path, role="back-office")
    assert over.json()["code"] == "session-over"
    missing = await registration.service.get(f"/sessions/{UUID(int=7)}/orphans", role="back-office")
    assert (missing.status_code, missing.json()["code"]) == (404, "session-missing")
