"""Places that a session loses, and new ones: who waits is told, or is offered them before anybody else can ask."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

from services.registration.schedules.model import SlotKey
from shared.messages.registration.schedules import PlacesAdded, SessionOpened
from shared.messages.registration.waitlist import OfferWithdrawn, PlaceOffered, WaitlistLapsed
from shared.outbox import unpack_headers
from tests.adapters.registration.waiting import FullSession, faults
from tests.support.service import NOON

TOMORROW = NOON + timedelta(days=1)
DAYS = {"session_id": None, "earliest_on": "2026-03-03", "latest_on": "2026-03-03"}


async def change(registration, session, word, **body):
    path = f"/sessions/{session.slot.session_id}/{word}"
    return await registration.post(path, role="back-office", body=body)


async def close(registration, session):
    return await change(registration, session, "closure", orphans="notify", reason="clinician-away")


async def cut(registration, session, capacity=0, **span):
    return await change(registration, session, "cut", orphans="notify", reason="room", capacity=capacity, **span)


async def kept_session(registration, capacity=1) -> FullSession:
    """A session whose places are kept for partners."""
    clinic_id = await registration.clinic(f"clinic-{next(registration.numbers)}", access="alliance", capacity=capacity)
    (session,) = await registration.open(clinic_id, TOMORROW)
    slot = SlotKey(session_id=UUID(session["session_id"]), starts_at=datetime.fromisoformat(session["starts_at"]))
    return FullSession(registration, slot, clinic_id, [])


async def said(registration, *kinds):
    return [one for one in await registration.service.said() if isinstance(one, kinds)]


async def test_who_waits_for_a_session_that_is_closed_is_told_why_in_the_step_that_closes_it(registration):
    session = await FullSession.of(registration)
    offered, waiting = await session.joined(), await session.joined()
    any_day = await session.joined(**DAYS, clinic_id=session.clinic_id)
    await session.cancel()
    assert (await close(registration, session)).status_code == 200
    entries = [await session.entry(one) for one in (offered, waiting, any_day)]
    assert [(one["status"], one["lapse_reason"]) for one in entries] == [
        ("lapsed", "session-closed"),
        ("lapsed", "session-closed"),
        ("waiting", None),
    ]
    told = await said(registration, OfferWithdrawn, WaitlistLapsed)
    assert [type(one) for one in told] == [OfferWithdrawn, WaitlistLapsed, WaitlistLapsed]
    assert {one.reason for one in told[1:]} == {"session-closed"}
    refused = await session.join()
    assert (refused.status_code, refused.json()["code"]) == (409, "session-closed")


async def test_a_place_given_back_in_a_closed_session_is_offered_to_nobody(registration):
    session = await FullSession.of(registration)
    any_day = await session.joined(**DAYS, clinic_id=session.clinic_id)
    registration.service.clock.set(session.slot.starts_at - timedelta(minutes=70))
    query = "UPDATE appointment SET status = 'arrived', arrived_at = $2 WHERE appointment_id = $1::text::uuid"
    await registration.service.sql(query, session.booked[1], registration.service.clock.now())
    await close(registration, session)
    registration.service.clock.set(NOON)
    query = "UPDATE appointment SET status = 'booked', arrived_at = NULL WHERE appointment_id = $1::text::uuid"
    await registration.service.sql(query, session.booked[1])
    assert (await session.cancel(session.booked[1])).status_code == 200
    assert await session.statuses(any_day) == ["waiting"]


async def test_who_waits_does_so_until_the_last_slot_that_has_places(registration):
    session = await FullSession.of(registration)
    entry = await session.joined()
    last = session.slot.starts_at + timedelta(minutes=30)

    async def lapses_at():
        return datetime.fromisoformat((await session.entry(entry))["lapses_at"])

    assert await lapses_at() == last - timedelta(hours=1)
    await cut(registration, session, from_at=last.isoformat())
    assert await lapses_at() == session.slot.starts_at - timedelta(hours=1)
    await session.cancel()
    assert await session.statuses(entry) == ["offered"]
    await session.cancel((await session.entry(entry))["appointment_id"], reason="hospital")
    assert await session.statuses(entry) == ["waiting"]
    await registration.take(session.slot, await registration.patient())
    await change(registration, session, "extra-places", capacity=1, from_at=last.isoformat())
    assert (await session.statuses(entry), await lapses_at()) == (["offered"], last - timedelta(hours=1))


async def test_who_waits_for_a_session_cut_to_nothing_is_told(registration):
    session = await FullSession.of(registration)
    entry = await session.joined()
    await cut(registration, session)
    lapsed = await session.entry(entry)
    assert (lapsed["status"], lapsed["lapse_reason"]) == ("lapsed", "session-cut")
    assert (await session.join()).json()["code"] == "session-closed"


async def test_more_places_are_offered_in_order_before_anybody_else_can_ask(registration):
    session = await FullSession.of(registration)
    entries = []
    for _ in range(3):
        entries.append(await session.joined())
        registration.service.clock.advance(timedelta(seconds=1))
    added = await change(registration, session, "extra-places", capacity=2)
    assert (added.status_code, added.json()["places"]) == (200, 4)
    assert await session.statuses(*entries) == ["offered", "offered", "waiting"]
    assert (await registration.take(session.slot, await registration.patient())).json()["code"] == "slot-full"
    (event,) = await said(registration, PlacesAdded)
    assert (event.places, event.added, event.access, event.aggregate_version) == (4, 2, "public", 2)
    rows = await registration.service.sql("SELECT headers FROM outbox ORDER BY id DESC LIMIT 5")
    headers = [dict(unpack_headers(row["headers"])) for row in rows]
    assert headers[0]["ce_type"] == PlaceOffered.type.encode()
    assert {one["causationid"] for one in headers[:4]} == {headers[4]["ce_id"]}
    assert await faults(registration, registration.service.clock.now()) == {}


async def test_places_are_added_to_what_is_open_and_ahead_only(registration):
    session = await FullSession.of(registration, capacity=2)
    later = (session.slot.starts_at + timedelta(minutes=30)).isoformat()
    assert (await change(registration, session, "extra-places", capacity=2)).json()["code"] == "nothing-to-add"
    backwards = {"capacity": 3, "from_at": later, "to_at": session.slot.starts_at.isoformat()}
    assert (await change(registration, session, "extra-places", **backwards)).json()["code"] == "span-backwards"
    assert (await change(registration, session, "extra-places", capacity=3, from_at=later)).json()["places"] == 5
    assert (await registration.places(session.slot))["capacity"] == 2
    registration.service.clock.set(session.slot.starts_at + timedelta(minutes=30))
    assert (await change(registration, session, "extra-places", capacity=4)).json()["places"] == 6
    registration.service.clock.set(session.slot.starts_at + timedelta(hours=1))
    assert (await change(registration, session, "extra-places", capacity=5)).json()["code"] == "session-over"
    registration.service.clock.set(NOON)
    await close(registration, session)
    assert (await change(registration, session, "extra-places", capacity=5)).json()["code"] == "session-closed"


async def test_a_session_opened_for_one_day_is_offered_in_the_step_that_opens_it(registration):
    session = await FullSession.of(registration)
    on = (NOON + timedelta(days=2)).date()
    goal = {"session_id": None, "clinic_id": session.clinic_id, "earliest_on": str(on), "latest_on": str(on)}
    first, second = await session.joined(**goal), await session.joined(**goal, auto_accept=True)
    line = {"weekday": on.isoweekday(), "from": "10:00", "to": "10:30", "slot_minutes": 30, "capacity": 2}
    path = f"/clinics/{session.clinic_id}/days/{on}"
    await registration.service.command("PUT", path, role="back-office", body={"lines": [line]})
    (opened,) = await registration.open(session.clinic_id, NOON + timedelta(days=2))
    assert await session.statuses(first, second) == ["offered", "accepted"]
    new = SlotKey(session_id=UUID(opened["session_id"]), starts_at=datetime.fromisoformat(opened["starts_at"]))
    assert (await registration.take(new, await registration.patient())).json()["code"] == "slot-full"
    heard = await said(registration, SessionOpened)
    await registration.service.deliver(heard[-1], times=2)
    assert await faults(registration, NOON) == {}


async def test_kept_places_that_become_public_are_offered_in_the_step_that_releases_them(registration):
    session = await kept_session(registration)
    entries = [await session.joined(**DAYS, clinic_id=session.clinic_id) for _ in range(3)]
    body = {"session_ids": [str(session.slot.session_id)]}
    await registration.post("/sessions/release", role="back-office", body=body)
    assert await session.statuses(*entries) == ["offered", "offered", "waiting"]
    assert (await registration.take(session.slot, await registration.patient())).json()["code"] == "slot-full"


async def test_who_joins_while_the_session_is_closed_is_told_so_sooner_or_later(registration):
    for _ in range(8):
        session = await FullSession.of(registration)
        joined, closed, other = await asyncio.gather(session.join(), close(registration, session), session.join())
        assert closed.status_code == 200
        for answer in (joined, other):
            if answer.status_code == 201:
                entry = await session.entry(answer.json()["entry_id"])
                assert (entry["status"], entry["lapse_reason"]) == ("lapsed", "session-closed")
            else:
                assert answer.json()["code"] == "session-closed"


async def test_new_places_and_places_given_back_at_once_leave_nobody_waiting_beside_a_free_one(registration):
    for _ in range(4):
        session, kept = await FullSession.of(registration, capacity=2), await kept_session(registration, capacity=2)
        released = {"session_ids": [str(kept.slot.session_id)]}
        for one in (session, session, session):
            await one.joined()
        await kept.joined(**DAYS, clinic_id=kept.clinic_id)
        answers = await asyncio.gather(
            session.join(),
            session.cancel(),
            change(registration, session, "extra-places", capacity=4),
            session.cancel(),
            session.join(),
            registration.post("/sessions/release", role="back-office", body=released),
            *(kept.join(**DAYS, clinic_id=kept.clinic_id) for _ in range(4)),
        )
        refused = {answer.json()["code"] for answer in answers if answer.status_code not in (200, 201)}
        assert refused <= {"place-is-free"}
    assert await faults(registration, NOON) == {}
