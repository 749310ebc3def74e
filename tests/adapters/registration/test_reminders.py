"""Reminders on a real database: planned by events, sent once, and one bad record stops nobody."""

import asyncio
import json
import re
from datetime import timedelta
from uuid import UUID

import pytest

from services.registration.app import SERVICE
from services.registration.reminders.model import LEASE, Result
from services.registration.reminders.sending import AT_ONCE
from services.registration.schedules.model import SlotKey
from shared.messages.registration.booking import AppointmentBooked
from shared.telemetry import Telemetry
from tests.adapters.registration.conftest import Registration
from tests.adapters.registration.reminding import Post, die_sending, fire, hear, reachable, states
from tests.support.service import NOON


@pytest.fixture
async def registration(run_service, tmp_path):
    async with run_service(SERVICE, reminder_file=tmp_path / "reminders.jsonl") as service:
        yield Registration(service)


@pytest.fixture
def post():
    return Post()


async def booked(registration, patient_id, days=10):
    slot = await registration.slot(days=days)
    answer = await registration.take(slot, patient_id)
    await hear(registration)
    return answer.json()["appointment_id"], slot


async def test_who_chose_it_is_reminded_and_nobody_else(registration, tmp_path):
    wants, wants_not = await reachable(registration), await registration.patient()
    for patient_id in (wants, wants_not):
        await booked(registration, patient_id)
    registration.service.clock.advance(timedelta(days=9, hours=8, minutes=30))
    assert await registration.service.fire("reminders") == 3
    (line,) = [json.loads(line) for line in (tmp_path / "reminders.jsonl").read_text().splitlines()]
    assert (line["channel"], line["address"]) == ("sms", "+86 28 0000 0000")
    assert (tmp_path / "reminders.jsonl").stat().st_mode & 0o777 == 0o600
    outcome = {rung: said for (rung, _), said in (await states(registration)).items()}
    assert outcome == {"3d": ("dropped", "superseded"), "1d": ("dropped", "superseded"), "2h": ("sent", None)}
    assert await registration.service.fire("reminders") == 0


async def test_no_event_and_no_list_holds_the_address(registration, post):
    await booked(registration, await reachable(registration))
    registration.service.clock.advance(timedelta(days=7))
    await fire(registration, post)
    shown = (await registration.service.get("/reminders", role="front-desk")).text
    assert "0000 0000" not in shown + str(await registration.service.said())


async def test_a_moved_appointment_is_reminded_of_its_new_slot(registration, post):
    patient_id = await reachable(registration)
    appointment_id, old = await booked(registration, patient_id)
    new = await registration.slot(days=12)
    body = {"session_id": str(new.session_id), "slot_starts_at": new.starts_at.isoformat()}
    await registration.post(f"/appointments/{appointment_id}/reschedule", body=body)
    registration.service.clock.set(old.starts_at - timedelta(days=3))
    assert await fire(registration, post) == 1
    assert post.sent == []
    await hear(registration)
    registration.service.clock.set(new.starts_at - timedelta(days=3))
    await fire(registration, post)
    assert len(post.sent) == 1
    outcome = await states(registration, appointment_id=appointment_id)
    assert sum(said == ("dropped", "not-booked") for said in outcome.values()) == 3
    assert sum(said == ("pending", None) for said in outcome.values()) == 2


async def test_who_loses_the_place_is_told_so_at_once_and_where_it_is_now_if_anywhere(registration, post):
    clinic_id = await registration.clinic(capacity=1)
    day = NOON.replace(hour=8) + timedelta(days=5)
    first, later = [(await registration.open(clinic_id, day + timedelta(days=number)))[0] for number in range(2)]
    slots = [SlotKey(session_id=UUID(first["session_id"]), starts_at=day + timedelta(minutes=m)) for m in (0, 30)]
    for slot in slots:
        await registration.take(slot, await reachable(registration))
    kept = SlotKey(session_id=UUID(later["session_id"]), starts_at=day + timedelta(days=1))
    await registration.take(kept, await registration.patient())
    await hear(registration)
    body = {"orphans": "move", "reason": "clinician-away"}
    closed = (await registration.post(f"/sessions/{first['session_id']}/closure", body=body)).json()
    assert (len(closed["moved"]), len(closed["rebookings"])) == (1, 1)
    await hear(registration)
    await fire(registration, post)
    assert sorted(one.subject for one in post.sent) == ["就诊取消", "就诊时间变更"]
    moved = next(one.body for one in post.sent if one.subject == "就诊时间变更")
    assert (day + timedelta(days=1)).strftime("%Y年%m月%d日 08:30") in moved
    await fire(registration, post)
    assert len(post.sent) == 2


async def test_who_goes_back_to_a_slot_before_anything_was_sent_is_reminded_of_it_again(registration, post):
    appointment_id, old = await booked(registration, await reachable(registration))
    new = await registration.slot(days=12)
    for slot in (new, old):
        body = {"session_id": str(slot.session_id), "slot_starts_at": slot.starts_at.isoformat()}
        answer = await registration.post(f"/appointments/{appointment_id}/reschedule", body=body)
        assert answer.status_code == 200, answer.text
        await hear(registration)
    await fire(registration, post)
    registration.service.clock.set(old.starts_at - timedelta(days=3))
    await fire(registration, post)
    assert [one.subject for one in post.sent] == ["就诊时间变更", "就诊提醒"]


async def test_a_cancelled_appointment_is_not_reminded_of(registration, post):
    appointment_id, slot = await booked(registration, await reachable(registration))
    await registration.post(f"/appointments/{appointment_id}/cancellation", body={"reason": "patient"})
    await hear(registration)
    left = {rung: said for (rung, _), said in (await states(registration)).items()}
    assert left.pop("cancelled") == ("pending", None)
    assert set(left.values()) == {("dropped", "not-booked")}
    for hours in (24, 1):
        registration.service.clock.set(slot.starts_at - timedelta(hours=hours))
        await fire(registration, post)
    assert [one.subject for one in post.sent] == ["就诊已取消"]


async def test_who_chooses_later_is_reminded_of_what_is_booked_and_who_chooses_none_of_nothing(registration, post):
    patient_id = await registration.patient()
    await booked(registration, patient_id)
    assert await states(registration) == {}
    path = f"/patients/{patient_id}/contact"
    chosen = {"channel": "sms", "address": "+86 28 0000 0000", "language": "en"}
    await registration.service.command("PUT", path, role="patient-app", body=chosen)
    await hear(registration)
    assert len(await states(registration)) == 3
    gone = (await registration.service.command("DELETE", path, role="patient-app")).json()
    assert (gone["channel"], gone["address"]) == (None, None)
    registration.service.clock.advance(timedelta(days=7))
    await fire(registration, post)
    assert post.sent == []
    assert ("dropped", "not-wanted") in (await states(registration)).values()


async def test_one_bad_address_stops_nobody(registration, post):
    addresses = [f"+86 28 0000 000{number}" for number in range(5)]
    post.answers = {
        addresses[0]: Result.REFUSED,
        addresses[1]: RuntimeError("the gateway said something new"),
        addresses[2]: Result.DEFERRED,
    }
    for address in addresses:
        await booked(registration, await reachable(registration, address))
    registration.service.clock.advance(timedelta(days=7))
    telemetry = Telemetry("test")
    assert await fire(registration, post, telemetry) == 5
    counts = (await registration.service.get("/reminders/summary", role="operator")).json()
    outcome = {(one["state"], one["reason"]): one["reminders"] for one in counts if one["state"] != "pending"}
    assert outcome == {("failed", "address-refused"): 1, ("unknown", "interrupted"): 1, ("sent", None): 2}
    results = await registration.service.sql("SELECT result, count(*) AS n FROM reminder_attempt GROUP BY result")
    assert {row["result"]: row["n"] for row in results} == {"refused": 1, "unknown": 1, "deferred": 1, "sent": 2}
    shown = dict(re.findall(r'journey_reminder_attempts_total\{result="([^"]+)"\} (\S+)', telemetry.render().decode()))
    assert shown == {"sent": "2.0", "refused": "1.0", "deferred": "1.0", "unknown": "1.0", "no-channel": "0.0"}
    registration.service.clock.advance(timedelta(minutes=5))
    assert await fire(registration, post) == 1
    assert [message.address for message in post.sent].count(addresses[2]) == 2


async def test_a_reminder_that_cannot_be_read_is_put_off_by_itself_until_somebody_has_to_call(registration, post):
    bad, good = await reachable(registration, "+86 28 1111 1111"), await reachable(registration)
    appointment_id, slot = await booked(registration, bad)
    await booked(registration, good)
    await registration.service.sql("UPDATE reminder SET zone = 'Mars/Olympus' WHERE patient_id = $1", bad)
    registration.service.clock.set(slot.starts_at - timedelta(days=3))
    assert await fire(registration, post) == 2
    assert [message.address for message in post.sent] == ["+86 28 0000 0000"]
    assert set((await states(registration, appointment_id=appointment_id)).values()) == {("pending", None)}
    registration.service.clock.set(slot.starts_at - timedelta(minutes=30))
    await fire(registration, post)
    assert set((await states(registration, appointment_id=appointment_id)).values()) == {("failed", "too-late")}


async def test_a_channel_without_a_way_out_is_visible(registration, post):
    await booked(registration, await reachable(registration, "someone@example.org", "email"))
    registration.service.clock.advance(timedelta(days=7))
    await fire(registration, post)
    assert ("failed", "no-channel") in (await states(registration, state="failed")).values()


async def test_many_workers_at_once_send_each_reminder_once(registration, post):
    for number in range(8):
        await booked(registration, await reachable(registration, f"+86 28 0000 001{number}"))
    registration.service.clock.advance(timedelta(days=7))
    seen = await asyncio.gather(*(fire(registration, post) for _ in range(4)))
    assert sum(seen) == 8
    assert len({message.address for message in post.sent}) == len(post.sent) == 8


async def test_an_attempt_whose_process_died_is_unknown_and_not_repeated(registration, post):
    appointment_id, _ = await booked(registration, await reachable(registration))
    registration.service.clock.advance(timedelta(days=7))
    await die_sending(registration, post)
    assert ("sending", None) in (await states(registration)).values()
    registration.service.clock.advance(LEASE)
    await fire(registration, post)
    assert len(post.sent) == 1
    assert ("unknown", "interrupted") in (await states(registration, appointment_id=appointment_id)).values()


async def test_a_process_that_dies_in_a_batch_leaves_the_others_of_it_to_the_next(registration, post):
    patients = [await reachable(registration, f"+86 28 0000 00{number:02}") for number in range(12)]
    slot = await registration.slot(days=3, capacity=12)
    for patient in patients:
        await registration.take(slot, patient)
    await hear(registration)
    registration.service.clock.set(slot.starts_at - timedelta(days=1))
    await die_sending(registration, post, AT_ONCE)
    await fire(registration, post)
    assert len({message.address for message in post.sent}) == len(post.sent) == 12


async def test_the_same_event_again_plans_nothing_again(registration):
    appointment_id, _ = await booked(registration, await reachable(registration))
    before = await registration.service.sql("SELECT * FROM reminder ORDER BY reminder_id")
    (event,) = [one for one in await registration.service.said() if isinstance(one, AppointmentBooked)]
    assert event.appointment_id == UUID(appointment_id)
    await registration.service.deliver(event)
    assert await registration.service.sql("SELECT * FROM reminder ORDER BY reminder_id") == before


async def test_an_address_that_would_break_a_letter_is_refused(registration):
    patient_id = await registration.patient()
    for address in ("a@b.example\r\nBcc: c@d.example", "no address", "@b.example"):
        body = {"channel": "email", "address": address}
        path = f"/patients/{patient_id}/contact"
        answer = await registration.service.command("PUT", path, role="front-desk", body=body)
        assert answer.status_code == 422
        assert "b.example" not in answer.text
