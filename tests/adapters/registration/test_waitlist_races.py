"""What only a real database can prove about the waitlist: cancellations, offers, answers and expiries at once."""

import asyncio
import random
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest

from services.registration.booking import handlers as booking
from services.registration.booking.model import CancelAppointment, CancelReason
from tests.adapters.registration.waiting import FullSession, faults
from tests.support.service import NOON

EXPECTED = {200, 201, 409}


async def test_places_given_back_at_once_go_to_the_best_in_order_and_each_to_one(registration):
    session = await FullSession.of(registration, capacity=4)
    entries = []
    for _ in range(10):
        entries.append(await session.joined())
        registration.service.clock.advance(timedelta(seconds=1))
    await asyncio.gather(*(session.cancel(one) for one in session.booked))
    assert await session.statuses(*entries) == ["offered"] * 8 + ["waiting"] * 2
    assert await faults(registration, registration.service.clock.now()) == {}
    assert (await registration.places(session.slot))["booked"] == 4


async def test_who_joins_while_a_place_is_given_back_has_it_offered_or_is_told_that_it_is_free(registration):
    seen = Counter()
    for _ in range(12):
        session = await FullSession.of(registration)
        joined, cancelled = await asyncio.gather(session.join(), session.cancel())
        assert cancelled.status_code == 200
        seen[joined.status_code] += 1
        if joined.status_code == 201:
            assert await session.statuses(joined.json()["entry_id"]) == ["offered"]
        else:
            assert joined.json()["code"] == "place-is-free"
    assert await faults(registration, NOON) == {}


async def test_an_answer_in_the_last_moment_and_the_expiry_agree_on_one_outcome(registration):
    for _ in range(6):
        session = await FullSession.of(registration)
        first, second = await session.joined(), await session.joined()
        await session.cancel()
        accepted, _, declined = await asyncio.gather(
            session.answer(first, "acceptance"), registration.service.fire("holds"), session.answer(first, "decline")
        )
        assert sorted((accepted.status_code, declined.status_code)) == [200, 409]
        outcome = ["accepted", "waiting"] if accepted.status_code == 200 else ["declined", "offered"]
        assert await session.statuses(first, second) == outcome
        registration.service.clock.advance(timedelta(minutes=60))
        late, _ = await asyncio.gather(session.answer(second, "acceptance"), registration.service.fire("holds"))
        assert late.status_code == 409
        registration.service.clock.set(NOON)
    assert await faults(registration, NOON) == {}


async def change_over(registration, *sessions: FullSession, willing: int) -> list[str]:
    """The first of each session wait for the next session and would give their place for it. Returns the entries."""
    entries = []
    for here, there in zip(sessions, (*sessions[1:], sessions[0]), strict=True):
        for appointment_id in here.booked[:willing]:
            query = "SELECT patient_id FROM appointment WHERE appointment_id = $1::text::uuid"
            (row,) = await registration.service.sql(query, appointment_id)
            entries.append(
                await there.joined(row["patient_id"], replaces_appointment_id=appointment_id, auto_accept=True)
            )
    return entries


async def accept_all(registration) -> int:
    """Let what is to be accepted unasked be accepted, until nothing is. Returns in how many turns."""
    turns = 0
    while await registration.service.fire("acceptances"):
        turns += 1
    return turns


async def test_who_gives_a_place_back_never_waits_for_the_old_bookings_of_those_who_want_it(registration):
    """Both have given their place back before either's waitlist is heard: as close as two can come."""
    database = registration.service.database
    for _ in range(5):
        one, other = await FullSession.of(registration), await FullSession.of(registration)
        entries = await change_over(registration, one, other, willing=1)
        both = asyncio.Barrier(2)

        async def give_back(appointment_id, both=both):
            async with database.work() as work:
                command = CancelAppointment(appointment_id=UUID(appointment_id), reason=CancelReason.PATIENT)
                await booking.cancel_appointment(command, work)
                await both.wait()

        await asyncio.gather(give_back(one.booked[1]), give_back(other.booked[1]))
        assert await one.statuses(*entries) == ["offered"] * 2
        await accept_all(registration)
        assert await one.statuses(*entries) == ["accepted"] * 2
    assert await faults(registration, NOON) == {}


async def test_patients_who_wait_for_each_others_sessions_change_over_without_losing_a_place(registration):
    sessions = [await FullSession.of(registration, capacity=3) for _ in range(3)]
    await change_over(registration, *sessions, willing=4)
    leaving = [appointment_id for session in sessions for appointment_id in session.booked[4:]]
    answers = await asyncio.gather(*(sessions[0].cancel(appointment_id) for appointment_id in leaving))
    assert [answer.status_code for answer in answers] == [200] * 6
    assert await accept_all(registration) > 1
    summary = (await registration.service.get("/waitlist/summary", role="viewer")).json()
    assert (summary["filled"], summary["waiting"]) == (12, 0)
    assert await faults(registration, NOON) == {}


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_at_once_no_place_is_offered_twice_and_none_rots(registration, seed):
    rng = random.Random(seed)  # noqa: S311 - a plan, not a secret
    session = await FullSession.of(registration, capacity=2)
    entries, patients = [], await registration.patients(40)

    async def join():
        answer = await session.join(
            patients.pop(), auto_accept=rng.random() < 0.3, urgency=rng.choice(["routine", "urgent"])
        )
        if answer.status_code == 201:
            entries.append(answer.json()["entry_id"])
        return answer

    async def give_back():
        query = "SELECT appointment_id FROM appointment WHERE session_id = $1 AND status IN ('held', 'booked')"
        rows = await registration.service.sql(query, session.slot.session_id)
        return await session.cancel(str(rng.choice(rows)["appointment_id"])) if rows else None

    async def answer():
        words = rng.choice(["acceptance", "acceptance", "decline", "leave"])
        return await session.answer(rng.choice(entries), words) if entries else None

    async def expire():
        registration.service.clock.advance(timedelta(minutes=rng.choice([1, 30])))
        await registration.service.fire("holds")

    async def more():
        path, body = f"/sessions/{session.slot.session_id}/extra-places", {"capacity": rng.choice([2, 3, 4])}
        return await registration.post(path, role="back-office", body=body)

    async def take():
        return await registration.take(session.slot, patients.pop(), hold=rng.random() < 0.5)

    await asyncio.gather(*(join() for _ in range(4)))
    for _ in range(8):
        acts = [rng.choice([join, join, give_back, give_back, answer, expire, take, more])() for _ in range(4)]
        for outcome in await asyncio.gather(*acts):
            assert outcome is None or outcome.status_code in EXPECTED, outcome.text
            assert outcome is None or outcome.json().get("code") != "stale"
        assert await faults(registration, registration.service.clock.now()) == {}
    assert (await registration.service.get("/waitlist/summary", role="viewer")).json()["offered"] > 0
