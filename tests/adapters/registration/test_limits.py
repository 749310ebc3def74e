"""What a patient may book, and who may book for whom; also when several ask at once."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID

import asyncpg
import httpx
import pytest

from services.registration.booking.lane import Lane
from tests.adapters.registration.conftest import keyed
from tests.adapters.registration.waiting import FullSession
from tests.support.service import NOON

FEW = {"version": "test-1", "future_bookings": 2, "missed": 2, "within_days": 30, "cooling_off_days": 10}


async def bind(registration, **changes) -> None:
    answer = await registration.service.command("PUT", "/limits", role="back-office", body=FEW | changes)
    assert answer.status_code == 200, answer.text


def code(answer) -> str:
    """Of an answer over HTTP, or of the lane's own."""
    body = answer.content if isinstance(answer, httpx.Response) else answer.body
    return "taken" if answer.status_code == 201 else json.loads(body)["code"]


@pytest.mark.parametrize("crowded", [False, True], ids=["alone", "among others"])
async def test_a_patient_has_no_more_bookings_ahead_than_the_limit(registration, crowded):
    await bind(registration)
    patient = await registration.patient()
    slots = [await registration.slot(capacity=9, days=day) for day in (1, 2, 3, 4)]
    booked = [await registration.take(slot, patient) for slot in slots[:2]]
    others = [registration.ask(slots[2], one) for one in await registration.patients(3)] if crowded else []
    refused, *answers = await asyncio.gather(registration.take(slots[2], patient), *others)
    assert {code(answer) for answer in answers} <= {"taken"}
    assert (refused.status_code, refused.json()["code"]) == (409, "too-many-bookings")
    assert (slots[0].starts_at + timedelta(minutes=30)).isoformat() in refused.json()["remedy"]
    path = f"/appointments/{booked[1].json()['appointment_id']}"
    await registration.post(f"{path}/cancellation", body={"reason": "patient"})
    assert code(await registration.take(slots[2], patient, hold=True)) == "taken"
    assert code(await registration.take(slots[3], patient)) == "too-many-bookings"


async def test_of_bookings_at_once_in_one_lane_and_in_two_only_the_limit_is_given(registration):
    await bind(registration)
    patient = await registration.patient()
    slots = [await registration.slot(days=day) for day in range(1, 9)]
    other = Lane(registration.service.database)
    running = asyncio.create_task(other.run())
    lanes = registration.lane, other
    answers = await asyncio.gather(*(lanes[number % 2].ask(keyed(slot, patient)) for number, slot in enumerate(slots)))
    other.stop()
    await running
    assert sorted(map(code, answers)) == ["taken"] * 2 + ["too-many-bookings"] * 6
    with pytest.raises(asyncpg.UniqueViolationError) as refusal:
        await registration.service.sql("UPDATE appointment SET allowance = 1")
    assert refusal.value.constraint_name == "one_booking_an_allowance"


async def test_a_visit_that_has_begun_does_not_count_any_more(registration):
    await bind(registration, future_bookings=1)
    patient = await registration.patient()
    slot, later = await registration.slot(), await registration.slot(days=3)
    booked = (await registration.take(slot, patient)).json()
    assert code(await registration.take(later, patient)) == "too-many-bookings"
    registration.service.clock.set(slot.starts_at)
    await registration.post(f"/appointments/{booked['appointment_id']}/arrival")
    assert code(await registration.take(later, patient)) == "taken"


async def test_who_misses_visits_books_again_after_the_cooling_off_or_when_it_is_lifted(registration):
    await bind(registration)
    forgetful, other = await registration.patients(2)
    for day in (1, 2):
        slot = await registration.slot(capacity=2, days=day)
        await registration.take(slot, forgetful)
    await registration.take(slot, other)
    registration.service.clock.set(NOON + timedelta(days=2))
    assert await registration.service.fire("no-shows") == 3
    until = NOON + timedelta(days=12)
    next_one = await registration.slot(capacity=5, days=3)
    refused = await registration.take(next_one, forgetful)
    assert (refused.status_code, refused.json()["code"]) == (409, "cooling-off")
    assert until.isoformat() in refused.json()["remedy"]
    assert code(await registration.take(next_one, other)) == "taken"
    path = f"/patients/{forgetful}/cooling-off"
    told = (await registration.service.get(path, role="front-desk")).json()
    assert (told["missed"], told["limits_version"]) == (2, "test-1")
    assert told["until"].removesuffix("Z") in refused.json()["remedy"]
    assert (await registration.service.command("DELETE", path, role="front-desk")).status_code == 200
    assert code(await registration.take(next_one, forgetful)) == "taken"
    nothing = await registration.service.get(path, role="front-desk")
    assert (nothing.status_code, nothing.json()["code"]) == (404, "cooling-off-missing")
    lifted_at = registration.service.clock.now()
    registration.service.clock.advance(timedelta(hours=1))
    assert (await registration.service.command("DELETE", path, role="back-office")).status_code == 200
    kept = "SELECT until, missed, lifted_at, lifted_by FROM cooling_off"
    assert await registration.service.sql(kept) == [
        {"until": lifted_at, "missed": 2, "lifted_at": lifted_at, "lifted_by": "tester"}
    ]


async def test_who_misses_again_after_it_was_lifted_is_kept_from_booking_again(registration):
    await bind(registration, missed=1)
    patient = await registration.patient()
    for day in (1, 2):
        registration.service.clock.set(NOON + timedelta(days=day - 1))
        await registration.take(await registration.slot(days=day), patient)
        registration.service.clock.set(NOON + timedelta(days=day))
        await registration.service.fire("no-shows")
        path = f"/patients/{patient}/cooling-off"
        assert (await registration.service.get(path, role="front-desk")).status_code == 200
        if day == 1:
            await registration.service.command("DELETE", path, role="front-desk")
    assert await registration.service.sql("SELECT lifted_at, lifted_by FROM cooling_off") == [
        {"lifted_at": None, "lifted_by": None}
    ]


async def test_who_cools_off_does_not_wait_for_a_place_either(registration):
    await bind(registration, missed=1, cooling_off_days=10)
    forgetful = await registration.patient()
    await registration.take(await registration.slot(), forgetful)
    registration.service.clock.set(NOON + timedelta(days=1))
    await registration.service.fire("no-shows")
    session = await FullSession.of(registration, days=20)
    refused = await session.join(forgetful)
    assert (refused.status_code, refused.json()["code"]) == (409, "cooling-off")
    registration.service.clock.advance(timedelta(days=10))
    assert (await session.join(forgetful)).status_code == 201


async def test_a_cooling_off_ends_by_itself(registration):
    await bind(registration, missed=1, cooling_off_days=1)
    patient = await registration.patient()
    await registration.take(await registration.slot(), patient)
    registration.service.clock.set(NOON + timedelta(days=1))
    await registration.service.fire("no-shows")
    slot = await registration.slot(days=5)
    assert code(await registration.take(slot, patient)) == "cooling-off"
    registration.service.clock.set(NOON + timedelta(days=2))
    assert code(await registration.take(slot, patient)) == "taken"


async def test_limits_that_make_no_sense_are_refused_by_field(registration):
    wrong = await registration.service.command("PUT", "/limits", role="back-office", body=FEW | {"future_bookings": 0})
    assert wrong.status_code == 422
    assert "future_bookings" in wrong.text
    shown = (await registration.service.get("/limits", role="patient-app")).json()
    assert shown == {
        "version": "default-1",
        "future_bookings": 10,
        "missed": 3,
        "within_days": 180,
        "cooling_off_days": 90,
    }


async def consent(registration, patient: UUID, proxy: UUID, **fields):
    body = {"proxy_id": str(proxy), "relation": "child", "evidence": "signed-form"} | fields
    return await registration.post(f"/patients/{patient}/consents", body=body)


@pytest.mark.parametrize("crowded", [False, True], ids=["alone", "among others"])
async def test_somebody_else_books_only_with_the_patients_consent(registration, crowded):
    slot = await registration.slot(capacity=9)
    patient, daughter, stranger = await registration.patients(3)
    given = await consent(registration, patient, daughter)
    assert given.status_code == 201, given.text
    others = [registration.ask(slot, one) for one in await registration.patients(3)] if crowded else []
    refused, *_ = await asyncio.gather(registration.take(slot, patient, booked_by=str(stranger)), *others)
    assert (refused.status_code, refused.json()["code"]) == (409, "consent-missing")
    booked = await registration.take(slot, patient, booked_by=str(daughter))
    assert (booked.status_code, booked.json()["booked_by"]) == (201, str(daughter))
    path = f"/consents/{given.json()['consent_id']}/withdrawal"
    assert (await registration.post(path)).json()["withdrawn_at"] == "2026-03-02T12:00:00Z"
    assert (await registration.post(path)).json()["code"] == "already-withdrawn"
    later = await registration.slot(days=4)
    assert code(await registration.take(later, patient, booked_by=str(daughter))) == "consent-missing"
    assert code(await registration.take(later, patient)) == "taken"


async def test_a_consent_names_two_persons_of_the_register_and_is_good_once(registration):
    patient, daughter = await registration.patients(2)
    assert (await consent(registration, patient, patient)).json()["code"] == "own-proxy"
    assert (await consent(registration, patient, UUID(int=9))).status_code == 404
    first = (await consent(registration, patient, daughter)).json()
    again = await consent(registration, patient, daughter, evidence="recorded-call")
    assert (again.status_code, again.json()["code"]) == (409, "consent-exists")
    await registration.post(f"/consents/{first['consent_id']}/withdrawal")
    assert (await consent(registration, patient, daughter)).status_code == 201
    listed = (await registration.service.get(f"/patients/{patient}/consents", role="front-desk")).json()["consents"]
    assert sorted(one["withdrawn_at"] is None for one in listed) == [False, True]
