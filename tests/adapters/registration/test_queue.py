"""The queue in front of a session: checking in, calling, and what everybody may see of it."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

from services.registration.schedules.model import SlotKey
from shared.messages.registration.arrivals import PatientArrived
from shared.messages.registration.booking import AppointmentMissed
from shared.messages.registration.queue import PatientCalled
from tests.support.service import NOON

TOMORROW = NOON + timedelta(days=1)


class Waiting:
    """A session of two slots from eight to nine, with as many booked in each as asked."""

    def __init__(self, registration, slot: SlotKey) -> None:
        self.registration = registration
        self.slot = slot
        self.session_id = slot.session_id

    @classmethod
    async def of(cls, registration, *, in_slots: tuple[int, ...]) -> "Waiting":
        slot = await registration.slot(capacity=20)
        waiting = cls(registration, slot)
        waiting.booked = [
            (await registration.take(waiting.at(30 * number), patient)).json()["appointment_id"]
            for number, count in enumerate(in_slots)
            for patient in await registration.patients(count)
        ]
        return waiting

    def at(self, minutes: int) -> SlotKey:
        return SlotKey(session_id=self.slot.session_id, starts_at=self.slot.starts_at + timedelta(minutes=minutes))

    def clock(self, minutes: float) -> datetime:
        """Let it be so many minutes after eight."""
        at = self.slot.starts_at + timedelta(minutes=minutes)
        self.registration.service.clock.set(at)
        return at

    async def arrive(self, appointment_id: str, source: str = "desk"):
        return await self.registration.post(f"/appointments/{appointment_id}/arrival", body={"source": source})

    async def call(self, desk: str = "1"):
        path = f"/sessions/{self.session_id}/calls"
        return await self.registration.post(path, role="clinician", body={"desk": desk})

    async def say(self, appointment_id: str, word: str):
        return await self.registration.post(f"/queue/{appointment_id}/{word}", role="clinician")

    async def complete(self, appointment_id: str):
        return await self.registration.post(f"/appointments/{appointment_id}/completion", role="clinician")

    async def get(self, path: str, role: str = "patient-app"):
        return (await self.registration.service.get(path, role=role)).json()


async def test_check_in_opens_by_where_it_is_done_and_gives_a_number(registration):
    waiting = await Waiting.of(registration, in_slots=(2,))
    first, second = waiting.booked
    waiting.clock(-45)
    early = await waiting.arrive(first, "phone")
    assert (early.status_code, early.json()["code"]) == (409, "too-early")
    assert "30 minutes" in early.json()["remedy"]
    own_phone = await registration.post(f"/appointments/{second}/arrival", role="patient-app")
    assert own_phone.json()["code"] == "too-early"
    assert (await waiting.arrive(second, "kiosk")).status_code == 200
    waiting.clock(-30)
    assert (await waiting.arrive(first, "phone")).status_code == 200
    said = [one for one in await registration.service.said() if isinstance(one, PatientArrived)]
    assert [one.source for one in said] == ["kiosk", "phone"]
    assert [(await waiting.get(f"/queue/{one}"))["number"] for one in (second, first)] == [1, 2]
    assert (await waiting.get(f"/queue/{first}"))["position"] == 1


async def test_desks_that_call_at_once_get_different_patients_and_one_each(registration):
    waiting = await Waiting.of(registration, in_slots=(6, 4))
    waiting.clock(0)
    await asyncio.gather(*(waiting.arrive(one) for one in waiting.booked))
    answers = await asyncio.gather(*(waiting.call(f"desk-{number}") for number in range(8)))
    assert [one.status_code for one in answers] == [200] * 8
    called = {one.json()["appointment_id"] for one in answers}
    assert len(called) == 8
    assert set(waiting.booked[:6]) < called
    busy = await waiting.call("desk-3")
    assert busy.json()["code"] == "desk-busy"
    same = await asyncio.gather(*(waiting.call("desk-9") for _ in range(2)))
    assert sorted(one.status_code for one in same) == [200, 409]
    assert len({one.appointment_id for one in await registration.service.said() if isinstance(one, PatientCalled)}) == 9


async def test_who_does_not_come_is_called_again_later_and_at_last_has_missed_the_visit(registration):
    waiting = await Waiting.of(registration, in_slots=(5,))
    waiting.clock(0)
    for one in waiting.booked:
        await waiting.arrive(one)
    away = waiting.booked[0]
    assert (await waiting.call()).json()["appointment_id"] == away
    assert (await waiting.say(away, "recall")).json()["calls"] == 2
    assert (await waiting.say(away, "skip")).json()["status"] == "waiting"
    order = []
    for _ in range(4):
        one = (await waiting.call()).json()["appointment_id"]
        order.append(one)
        if one != away:
            await waiting.complete(one)
    assert order == [*waiting.booked[1:4], away]
    booked = (await registration.places(waiting.slot))["booked"]
    assert (await waiting.say(away, "no-show")).json()["status"] == "missed"
    found = await registration.service.get(f"/appointments/{away}", role="front-desk")
    assert found.json()["status"] == "missed"
    assert (await registration.places(waiting.slot))["booked"] == booked - 1
    assert [one.appointment_id for one in await registration.service.said() if isinstance(one, AppointmentMissed)] == [
        UUID(away)
    ]
    assert (await waiting.say(away, "skip")).json()["code"] == "not-called"


async def test_who_is_skipped_and_missed_at_once_is_one_of_both(registration):
    waiting = await Waiting.of(registration, in_slots=(8,))
    waiting.clock(0)
    for number, one in enumerate(waiting.booked):
        await waiting.arrive(one)
        await waiting.call(f"desk-{number}")
    for one in waiting.booked:
        answers = await asyncio.gather(waiting.say(one, "skip"), waiting.say(one, "no-show"))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"not-called"}


async def test_who_is_back_with_results_is_seen_again_between_the_others(registration):
    waiting = await Waiting.of(registration, in_slots=(4,))
    waiting.clock(0)
    for one in waiting.booked:
        await waiting.arrive(one)
    first = (await waiting.call()).json()["appointment_id"]
    assert (await waiting.say(first, "return")).json()["code"] == "not-away"
    assert (await waiting.say(first, "end")).json()["code"] == "not-returning"
    await waiting.complete(first)
    assert (await waiting.say(first, "return")).json()["returning"]
    order = []
    for _ in range(4):
        one = (await waiting.call()).json()["appointment_id"]
        order.append(one)
        await (waiting.say(one, "end") if one == first else waiting.complete(one))
    assert order == [*waiting.booked[1:3], first, waiting.booked[3]]
    assert (await waiting.call()).json()["code"] == "nobody-waits"


async def test_the_screen_shows_numbers_and_the_patient_only_their_own_wait(registration):
    waiting = await Waiting.of(registration, in_slots=(3,))
    waiting.clock(0)
    for one in waiting.booked:
        await waiting.arrive(one)
    await waiting.call("B-12")
    screen = await waiting.get(f"/sessions/{waiting.session_id}/queue/screen", role="viewer")
    assert screen["called"] == [{"number": 1, "desk": "B-12"}]
    assert [one["number"] for one in screen["waiting"]] == [2, 3]
    assert set(screen["waiting"][0]) == {"number", "wait"}
    mine = await waiting.get(f"/queue/{waiting.booked[2]}")
    assert set(mine) == {"number", "status", "desk", "position", "wait"}
    assert mine["position"] == 2
    assert mine["wait"]["low"] <= mine["wait"]["minutes"] <= mine["wait"]["high"]
    refused = await registration.service.get(f"/sessions/{waiting.session_id}/queue", role="patient-app")
    assert refused.status_code == 403
    full = await waiting.get(f"/sessions/{waiting.session_id}/queue", role="clinician")
    assert [line["ticket"]["appointment_id"] for line in full["waiting"]] == waiting.booked[1:]


async def test_the_pools_of_a_sitting_have_one_queue_with_one_row_of_numbers(registration):
    line = {"from": "08:00", "to": "09:00", "slot_minutes": 30, "capacity": 2}
    lines = [{"weekday": 2, **line, "access": access} for access in ("public", "application")]
    body = {"campus_id": "main", "specialty": "cardiology", "zone": "UTC", "template": lines}
    await registration.service.command("PUT", "/clinics/pools", role="back-office", body=body)
    opened = await registration.open("pools", TOMORROW)
    assert len({one["sitting_id"] for one in opened}) == 1
    sessions = {one["access"]: UUID(one["session_id"]) for one in opened}
    at = TOMORROW.replace(hour=8)
    public = SlotKey(session_id=sessions["public"], starts_at=at)
    booked = (await registration.take(public, await registration.patient())).json()["appointment_id"]
    applied = {"patient_id": str(await registration.patient()), "clinic_id": "pools", "channel": "app"}
    application = await registration.post("/applications", body=applied | {"need": "rare-disease"})
    path = f"/applications/{application.json()['application_id']}/acceptance"
    accepted = await registration.post(path, role="clinician", body={"urgency": "urgent"}, clinics=["pools"])
    given = accepted.json()["appointment_id"]
    waiting = Waiting(registration, public)
    waiting.clock(-20)
    for one in (given, booked):
        assert (await waiting.arrive(one)).status_code == 200
    for session_id in sessions.values():
        screen = await waiting.get(f"/sessions/{session_id}/queue/screen", role="viewer")
        assert [one["number"] for one in screen["waiting"]] == [1, 2]
    assert (await waiting.get(f"/queue/{booked}"))["wait"]["minutes"] >= 20
    waiting.clock(0)
    paths = [f"/sessions/{session_id}/calls" for session_id in sessions.values()]
    same_desk = [registration.post(path, role="clinician", body={"desk": "1"}) for path in paths]
    called, busy = sorted(await asyncio.gather(*same_desk), key=lambda one: one.status_code)
    assert (called.json()["appointment_id"], busy.json()["code"]) == (given, "desk-busy")
    waiting.session_id = sessions["application"]
    assert (await waiting.call("2")).json()["appointment_id"] == booked
    assert (await waiting.call("3")).json()["code"] == "nobody-waits"


async def test_waits_are_counted_from_check_in_to_the_first_call(registration):
    waiting = await Waiting.of(registration, in_slots=(3,))
    waiting.clock(0)
    for one in waiting.booked:
        await waiting.arrive(one)
    for minutes in (10, 30):
        waiting.clock(minutes)
        await waiting.complete((await waiting.call()).json()["appointment_id"])
    await waiting.complete(waiting.booked[2])
    summary = await waiting.get("/queue/summary", role="viewer")
    assert summary == {"checked_in": 3, "called": 2, "mean_wait_minutes": 20.0, "within_target": 1}
    unknown = await registration.service.get(f"/queue/{waiting.session_id}", role="patient-app")
    assert unknown.status_code == 404
