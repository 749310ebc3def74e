"""Who was booked and did not come."""

from datetime import timedelta

from shared.messages.registration.booking import AppointmentMissed
from tests.support.service import NOON


async def missed(registration) -> list[AppointmentMissed]:
    return [one for one in await registration.service.said() if isinstance(one, AppointmentMissed)]


async def test_who_did_not_come_has_missed_it_once_the_session_is_over(registration):
    slot = await registration.slot(capacity=4)
    absent, seen, gone = await registration.patients(3)
    booked = [(await registration.take(slot, one)).json() for one in (absent, seen, gone)]
    await registration.take(slot, await registration.patient(), hold=True)
    await registration.post(f"/appointments/{booked[2]['appointment_id']}/cancellation", body={"reason": "patient"})
    registration.service.clock.set(slot.starts_at)
    await registration.post(f"/appointments/{booked[1]['appointment_id']}/arrival")
    timer = registration.service.host.service.timers[1]
    async with registration.service.database.work() as work:
        assert await timer.next_due_at(work) == slot.starts_at + timedelta(hours=1)
    registration.service.clock.set(slot.starts_at + timedelta(minutes=59))
    assert await registration.service.fire("no-shows") == 0
    registration.service.clock.set(slot.starts_at + timedelta(hours=1))
    assert await registration.service.fire("no-shows") == 1
    assert await registration.service.fire("no-shows") == 0
    (event,) = await missed(registration)
    assert (event.patient_id, event.slot_starts_at, event.aggregate_version) == (absent, slot.starts_at, 2)
    assert (await registration.places(slot))["booked"] == 2
    async with registration.service.database.work() as work:
        assert await timer.next_due_at(work) is None


async def test_a_day_with_more_no_shows_than_a_batch_ends_with_nobody_expected(registration):
    slots = [await registration.slot(capacity=3) for _ in range(2)]
    for slot in slots:
        for patient in await registration.patients(3):
            await registration.ask(slot, patient)
    registration.service.clock.set(NOON + timedelta(days=2))
    timer = registration.service.host.service.timers[1]
    fired = [await timer.fire(registration.service.database, 4) for _ in range(3)]
    assert fired == [4, 2, 0]
    assert len(await missed(registration)) == 6
    noted = await registration.service.sql("SELECT count(*) AS sessions FROM session WHERE no_shows_noted")
    assert noted == [{"sessions": 2}]
