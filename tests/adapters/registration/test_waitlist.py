"""The waitlist: who is offered a place that becomes free, and what becomes of the offer."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

from services.registration.schedules.model import SlotKey
from shared.messages.registration.booking import AppointmentBooked, AppointmentCancelled
from shared.messages.registration.patients import PatientDeceased
from shared.messages.registration.waitlist import MESSAGES, PlaceOffered
from shared.outbox import unpack_headers
from tests.adapters.registration.waiting import FullSession, faults
from tests.support.service import NOON
from tests.support.waiting import until


async def said(registration, *kinds):
    return [type(one).__name__ for one in await registration.service.said() if isinstance(one, kinds or MESSAGES)]


async def test_a_place_given_back_is_kept_for_the_most_urgent_then_for_the_one_who_joined_first(registration):
    session = await FullSession.of(registration)
    routine = await session.joined()
    registration.service.clock.advance(timedelta(minutes=1))
    later = await session.joined(urgency="urgent")
    registration.service.clock.advance(timedelta(minutes=1))
    latest = await session.joined(urgency="urgent")
    await session.cancel()
    assert await session.statuses(routine, later, latest) == ["waiting", "offered", "waiting"]
    outsider = await registration.take(session.slot, await registration.patient())
    assert outsider.json()["code"] == "slot-full"
    assert (await registration.places(session.slot))["booked"] == 1
    offered = await session.entry(later)
    assert offered["place"]["slot_starts_at"] == session.slot.starts_at.isoformat().replace("+00:00", "Z")
    accepted = await session.answer(later, "acceptance")
    assert (accepted.status_code, accepted.json()["status"]) == (200, "accepted")
    events = await said(registration, AppointmentBooked, AppointmentCancelled, *MESSAGES)
    assert events[-4:] == ["AppointmentCancelled", "PlaceOffered", "AppointmentBooked", "OfferAccepted"]
    assert await faults(registration, registration.service.clock.now()) == {}


async def test_an_offer_names_the_cancellation_that_brought_it_as_its_cause(registration):
    session = await FullSession.of(registration)
    await session.joined()
    await session.cancel()
    rows = await registration.service.sql("SELECT headers FROM outbox ORDER BY id DESC LIMIT 3")
    offered, held, cancelled = [dict(unpack_headers(row["headers"])) for row in rows]
    assert offered["ce_type"] == PlaceOffered.type.encode()
    assert offered["causationid"] == held["causationid"] == cancelled["ce_id"]
    assert offered["correlationid"] == cancelled["correlationid"]


async def test_an_offer_that_nobody_answers_goes_to_the_next_and_at_last_on_public_sale(registration):
    session = await FullSession.of(registration)
    first, second = await session.joined(), await session.joined()
    await session.cancel()
    registration.service.clock.advance(timedelta(minutes=60))
    late = await session.answer(first, "acceptance")
    assert (late.status_code, late.json()["code"]) == (409, "offer-expired")
    await registration.service.fire("holds")
    assert await session.statuses(first, second) == ["expired", "offered"]
    declined = await session.answer(second, "decline")
    assert declined.json()["status"] == "declined"
    assert (await registration.places(session.slot))["booked"] == 0
    assert (await registration.take(session.slot, await registration.patient())).status_code == 201


async def test_who_wished_it_gets_the_place_unasked(registration):
    session = await FullSession.of(registration)
    entry = await session.joined(auto_accept=True)
    await session.cancel()
    taken = await session.entry(entry)
    assert taken["status"] == "accepted"
    found = await registration.service.get(f"/appointments/{taken['appointment_id']}", role="front-desk")
    assert (found.json()["status"], found.json()["channel"]) == ("booked", "app")


async def test_nobody_loses_the_old_booking_before_the_new_one_is_confirmed(registration):
    old, new = await FullSession.of(registration, days=3), await FullSession.of(registration, days=2)
    patient = await registration.patient()
    await old.cancel()
    mine = (await registration.take(old.slot, patient)).json()["appointment_id"]
    behind = await old.joined()
    entry = await new.joined(patient, replaces_appointment_id=mine)
    await new.cancel()

    async def status():
        return (await registration.service.get(f"/appointments/{mine}", role="front-desk")).json()["status"]

    assert (await new.statuses(entry), await status()) == (["offered"], "booked")
    assert await old.statuses(behind) == ["waiting"]
    await new.answer(entry, "acceptance")
    assert (await new.statuses(entry), await status()) == (["accepted"], "cancelled")
    assert await old.statuses(behind) == ["offered"]
    assert await faults(registration, NOON) == {}


async def test_who_is_booked_unasked_for_an_old_booking_is_so_a_moment_after_the_place_was_free(registration):
    old, new = await FullSession.of(registration, days=3), await FullSession.of(registration, days=2)
    patient = await registration.patient()
    await old.cancel()
    mine = (await registration.take(old.slot, patient)).json()["appointment_id"]
    behind = await old.joined()
    entry = await new.joined(patient, replaces_appointment_id=mine, auto_accept=True)
    running = asyncio.create_task(registration.service.host.clockwork.run())
    await new.cancel()

    async def is_accepted():
        return await new.statuses(entry) == ["accepted"]

    await until(is_accepted, seconds=30)
    running.cancel()
    assert await old.statuses(behind) == ["offered"]


async def test_who_would_be_booked_unasked_loses_nothing_when_we_are_late(registration):
    old, new = await FullSession.of(registration, days=3), await FullSession.of(registration, days=2)
    patient = await registration.patient()
    await old.cancel()
    mine = (await registration.take(old.slot, patient)).json()["appointment_id"]
    entry = await new.joined(patient, replaces_appointment_id=mine, auto_accept=True)
    behind = await new.joined()
    await new.cancel()
    offered = await new.entry(entry)
    registration.service.clock.advance(timedelta(hours=2))
    assert await registration.service.fire("acceptances") == 0
    await registration.service.fire("holds")
    again = await new.entry(entry)
    assert (again["status"], again["version"]) == ("offered", 4)
    assert again["appointment_id"] != offered["appointment_id"]
    assert await registration.service.fire("acceptances") == 1
    assert await new.statuses(entry, behind) == ["accepted", "waiting"]
    found = await registration.service.get(f"/appointments/{mine}", role="front-desk")
    assert found.json()["status"] == "cancelled"


async def test_who_has_died_before_the_place_was_booked_unasked_gives_it_to_the_next(registration):
    old, new = await FullSession.of(registration, days=3), await FullSession.of(registration, days=2)
    (patient,) = await registration.patients(1)
    await old.cancel()
    mine = (await registration.take(old.slot, patient)).json()["appointment_id"]
    entry = await new.joined(patient, replaces_appointment_id=mine, auto_accept=True)
    behind = await new.joined()
    await new.cancel()
    await registration.post(f"/patients/{patient}/death", body={"deceased_at": NOON.isoformat()})
    assert await registration.service.fire("acceptances") == 1
    assert await new.statuses(entry, behind) == ["left", "offered"]
    assert await registration.service.fire("acceptances") == 0
    assert await faults(registration, NOON) == {}


async def test_only_a_booking_of_ones_own_can_be_replaced(registration):
    session = await FullSession.of(registration)
    answer = await session.join(replaces_appointment_id=session.booked[0])
    assert (answer.status_code, answer.json()["code"]) == (409, "not-replaceable")


async def test_a_hold_a_move_and_a_death_feed_the_waitlist_too(registration):
    held, moved = await FullSession.of(registration), await FullSession.of(registration)
    free = await registration.slot(capacity=5)
    await held.cancel()
    await registration.take(held.slot, await registration.patient(), hold=True)
    for_hold, for_move, for_death = await held.joined(), await moved.joined(), await moved.joined()
    registration.service.clock.advance(timedelta(minutes=5))
    await registration.service.fire("holds")
    assert await held.statuses(for_hold) == ["offered"]
    body = {"session_id": str(free.session_id), "slot_starts_at": free.starts_at.isoformat()}
    await registration.post(f"/appointments/{moved.booked.pop(0)}/reschedule", body=body)
    assert await moved.statuses(for_move) == ["offered"]
    query = "SELECT patient_id FROM appointment WHERE appointment_id = $1::text::uuid"
    (dying,) = await registration.service.sql(query, moved.booked[0])
    await registration.post(f"/patients/{dying['patient_id']}/death", body={"deceased_at": NOON.isoformat()})
    await registration.service.deliver((await registration.service.said())[-1], times=2)
    assert await moved.statuses(for_death) == ["offered"]


async def test_the_dead_wait_for_nothing_and_are_offered_nothing(registration):
    session = await FullSession.of(registration)
    patients = await registration.patients(3)
    offered, waiting, unheard = [await session.joined(one) for one in patients]
    await session.cancel()
    for patient in patients:
        await registration.post(f"/patients/{patient}/death", body={"deceased_at": NOON.isoformat()})
    deaths = [one for one in await registration.service.said() if isinstance(one, PatientDeceased)]
    await registration.service.deliver(*deaths[:2])
    left = [await session.entry(one) for one in (offered, waiting, unheard)]
    assert [(one["status"], one["leave_reason"]) for one in left] == [("left", "deceased")] * 3
    assert (await registration.places(session.slot))["booked"] == 0


async def test_nothing_is_offered_past_the_cut_off_and_the_entry_lapses(registration):
    session = await FullSession.of(registration)
    entry = await session.joined()
    registration.service.clock.set(session.slot.starts_at - timedelta(minutes=64))
    await session.cancel()
    assert await session.statuses(entry) == ["waiting"]
    assert (await registration.take(session.slot, await registration.patient())).status_code == 201
    assert (await session.cancel()).status_code == 200
    offered = await session.entry(entry)
    assert offered["offered_until"] == (registration.service.clock.now() + timedelta(minutes=15)).isoformat().replace(
        "+00:00", "Z"
    )
    late = await session.joined()
    registration.service.clock.set(session.slot.starts_at - timedelta(minutes=30))
    await registration.service.fire("waitlist")
    assert await session.statuses(late) == ["lapsed"]
    assert (await session.join()).json()["code"] == "too-late"


async def test_who_waits_for_a_clinic_gets_a_place_of_any_of_its_days(registration):
    clinic_id = await registration.clinic("derma")
    await registration.open(clinic_id, NOON + timedelta(days=1))
    session = await FullSession.of(registration, days=2)
    days = {"session_id": None, "clinic_id": session.clinic_id, "earliest_on": "2026-03-03", "latest_on": "2026-03-04"}
    outside = await session.joined(**days | {"earliest_on": "2026-03-05", "latest_on": "2026-03-06"})
    anything = await session.joined(**days)
    exactly = await session.joined()
    await session.cancel()
    assert await session.statuses(outside, anything, exactly) == ["waiting", "offered", "waiting"]
    await registration.open(session.clinic_id, NOON + timedelta(days=3))
    assert await session.statuses(outside) == ["offered"]


async def test_a_clinic_with_a_free_place_in_those_days_takes_nobody_but_who_cannot_have_it(registration):
    session = await FullSession.of(registration)
    await session.cancel()
    goal = {"session_id": None, "clinic_id": session.clinic_id, "earliest_on": "2026-03-03", "latest_on": "2026-03-03"}
    assert (await session.join(**goal)).json()["code"] == "place-is-free"
    assert (await session.join()).json()["code"] == "place-is-free"
    patient = await registration.patient()
    await registration.take(session.slot, patient)
    assert (await session.join(patient)).json()["code"] == "patient-has-appointment"
    await session.cancel()
    assert (await session.join(patient, **goal)).status_code == 201


async def test_a_patient_waits_once_for_the_same_and_says_nothing_of_urgency(registration):
    session = await FullSession.of(registration)
    patient = await registration.patient()
    await session.joined(patient, role="patient-app")
    assert (await session.join(patient)).json()["code"] == "already-waiting"
    assert (await session.join(role="patient-app", urgency="stat")).json()["code"] == "urgency-needs-staff"
    both = await session.join(clinic_id=session.clinic_id)
    assert both.status_code == 422


async def test_confirming_the_hold_by_its_own_route_accepts_the_offer(registration):
    session = await FullSession.of(registration)
    entry = await session.joined()
    await session.cancel()
    hold = (await session.entry(entry))["appointment_id"]
    assert (await registration.post(f"/appointments/{hold}/confirmation")).status_code == 200
    assert await session.statuses(entry) == ["accepted"]
    assert (await session.answer(entry, "acceptance")).json()["code"] == "already-accepted"
    assert (await session.answer(entry, "leave")).json()["code"] == "already-accepted"


async def test_who_is_offered_a_place_that_the_hospital_takes_away_waits_on_at_the_same_rank(registration):
    session = await FullSession.of(registration)
    first, second = await session.joined(), await session.joined()
    await session.cancel()
    await session.cancel((await session.entry(first))["appointment_id"], reason="hospital")
    assert await session.statuses(first, second) == ["waiting", "offered"]
    await session.cancel()
    assert await session.statuses(first) == ["offered"]


async def test_who_waits_again_is_offered_what_became_free_while_they_had_an_offer(registration):
    session = await FullSession.of(registration)
    (opened,) = await registration.open(session.clinic_id, NOON + timedelta(days=2))
    other = SlotKey(session_id=UUID(opened["session_id"]), starts_at=datetime.fromisoformat(opened["starts_at"]))
    later = SlotKey(session_id=other.session_id, starts_at=other.starts_at + timedelta(minutes=30))
    booked = [(await registration.take(one, await registration.patient())).json() for one in (other, later)]
    days = {"session_id": None, "clinic_id": session.clinic_id, "earliest_on": "2026-03-03", "latest_on": "2026-03-04"}
    entry = await session.joined(**days)
    await session.cancel()
    await session.cancel(booked[0]["appointment_id"])
    assert (await registration.places(other))["booked"] == 0
    await session.cancel((await session.entry(entry))["appointment_id"], reason="hospital")
    offered = await session.entry(entry)
    assert (offered["status"], offered["place"]["session_id"]) == ("offered", str(other.session_id))
    assert await faults(registration, NOON) == {}


async def test_a_patient_is_shown_what_they_wait_for_and_what_came_of_it_before(registration):
    session, other = await FullSession.of(registration), await FullSession.of(registration)
    patient = await registration.patient()
    left = await session.joined(patient)
    await session.answer(left, "leave")
    registration.service.clock.advance(timedelta(minutes=1))
    waiting = await other.joined(patient)
    await other.joined()
    found = await registration.service.get(f"/waitlist/patients/{patient}", role="patient-app")
    assert [(one["entry_id"], one["status"]) for one in found.json()["entries"]] == [
        (waiting, "waiting"),
        (left, "left"),
    ]
    assert (await registration.service.get(f"/waitlist/patients/{waiting}", role="front-desk")).status_code == 404


async def test_leaving_gives_an_offer_to_the_next_and_ends_once(registration):
    session = await FullSession.of(registration)
    first, second, third = [await session.joined() for _ in range(3)]
    assert (await session.answer(second, "leave")).json()["status"] == "left"
    await session.cancel()
    assert (await session.answer(first, "leave")).json()["status"] == "declined"
    assert await session.statuses(third) == ["offered"]
    assert (await session.answer(first, "leave")).json()["code"] == "not-waiting"


async def test_a_patient_sees_the_own_rank_and_the_staff_sees_the_list(registration):
    session = await FullSession.of(registration)
    first, second = await session.joined(), await session.joined(urgency="asap")
    assert [(await session.entry(one))["position"] for one in (first, second)] == [2, 1]
    params = {"session_id": str(session.slot.session_id)}
    hidden = await registration.service.get("/waitlist", role="patient-app", **params)
    assert hidden.status_code == 403
    listed = (await registration.service.get("/waitlist", role="front-desk", **params)).json()["entries"]
    assert [(one["rank"], one["entry_id"]) for one in listed] == [(1, second), (2, first)]
    in_clinic = await registration.service.get("/waitlist", role="clinician", clinic_id=session.clinic_id)
    assert in_clinic.json()["entries"] == listed
    goal = {"session_id": None, "clinic_id": session.clinic_id, "earliest_on": "2026-03-01", "latest_on": "2026-03-03"}
    third = await session.joined(**goal)
    listed = (await registration.service.get("/waitlist", role="front-desk", **params)).json()["entries"]
    assert [one["entry_id"] for one in listed] == [second, first, third]
    assert [one["rank"] for one in listed] == [(await session.entry(one["entry_id"]))["position"] for one in listed]
    await session.answer(third, "leave")
    summary = (await registration.service.get("/waitlist/summary", role="viewer")).json()
    assert summary == {"joined": 3, "waiting": 2, "offered": 0, "filled": 0}
