"""Visits that followup asks for: what becomes of each."""

from datetime import date, timedelta
from uuid import UUID

from services.registration.schedules.model import SlotKey
from shared.ids import new_id
from shared.messages.followup.visits import VisitRequested
from shared.messages.registration.booking import AppointmentBooked
from shared.messages.registration.schedules import SessionOpened
from tests.support.service import NOON

HALF_AN_HOUR = timedelta(minutes=30)


def wish(patient, clinic_id="cardiology", **fields) -> VisitRequested:
    return VisitRequested(
        **{
            "visit_request_id": new_id(),
            "plan_id": new_id(),
            "patient_id": patient,
            "clinic_id": clinic_id,
            "earliest_on": date(2026, 3, 3),
            "latest_on": date(2026, 3, 10),
            "reason": "wound",
            "aggregate_version": 3,
            **fields,
        }
    )


async def booked(registration) -> list[AppointmentBooked]:
    return [one for one in await registration.service.said() if isinstance(one, AppointmentBooked)]


async def worklist(registration, **params):
    return (await registration.service.get("/visit-requests", role="followup-nurse", **params)).json()["visit_requests"]


async def test_a_wish_gets_the_earliest_free_place_of_its_days_once(registration):
    clinic_id = await registration.clinic()
    for days in (0, 2, 1):
        await registration.open(clinic_id, NOON + timedelta(days=days))
    event = wish(await registration.patient())
    await registration.service.deliver(event, times=2)
    (appointment,) = await booked(registration)
    assert appointment.slot_starts_at == NOON.replace(hour=8) + timedelta(days=1)
    assert (appointment.channel, appointment.visit_type) == ("followup", "followup")
    (request,) = await worklist(registration)
    assert (request["status"], request["appointment_id"]) == ("booked", str(appointment.appointment_id))


async def test_a_wish_without_a_place_waits_by_name_and_reason_until_a_session_opens(registration):
    clinic_id = await registration.clinic()
    first, second = await registration.patients(2)
    await registration.service.deliver(wish(first))
    await registration.service.deliver(wish(second))
    waiting = await worklist(registration, status="waitlisted")
    assert [(one["patient_id"], one["why"]) for one in waiting] == [(str(one), "all-full") for one in (first, second)]
    await registration.open(clinic_id, NOON + timedelta(days=9))
    await hear_of_sessions(registration)
    assert len(await worklist(registration, status="waitlisted")) == 2
    await registration.open(clinic_id, NOON + timedelta(days=4))
    await hear_of_sessions(registration)
    assert await worklist(registration, status="waitlisted") == []
    assert [one["why"] for one in await worklist(registration, status="booked")] == [None, None]
    assert [one.patient_id for one in await booked(registration)] == [first, second]


async def test_a_wish_gets_the_place_that_somebody_gives_back_in_the_same_step(registration):
    slot = await registration.slot(capacity=1)
    full = await registration.take(slot, await registration.patient())
    other = await registration.take(
        SlotKey(session_id=slot.session_id, starts_at=slot.starts_at + HALF_AN_HOUR), await registration.patient()
    )
    assert other.status_code == 201
    clinic_id = full.json()["clinic_id"]
    patient = await registration.patient()
    await registration.service.deliver(wish(patient, clinic_id))
    await registration.post(f"/appointments/{full.json()['appointment_id']}/cancellation", body={"reason": "patient"})
    (request,) = await worklist(registration, status="booked")
    assert (await booked(registration))[-1].appointment_id == UUID(request["appointment_id"])
    assert (await registration.places(slot))["booked"] == 1


async def test_a_wish_whose_days_pass_without_a_place_comes_back_to_the_worklist(registration):
    await registration.clinic()
    await registration.service.deliver(wish(await registration.patient()))
    registration.service.clock.advance(timedelta(days=8))
    assert await registration.service.fire("waitlist") == 0
    registration.service.clock.advance(timedelta(days=1))
    assert await registration.service.fire("waitlist") == 1
    assert [one["why"] for one in await worklist(registration, status="pending")] == ["too-late"]


async def test_a_wish_that_the_patient_no_longer_has_is_dropped(registration):
    await registration.clinic()
    event = wish(await registration.patient())
    await registration.service.deliver(event)
    await registration.post(f"/waitlist/{event.visit_request_id}/leave")
    assert [one["drop_reason"] for one in await worklist(registration, status="dropped")] == ["declined"]


async def hear_of_sessions(registration):
    opened = [one for one in await registration.service.said() if isinstance(one, SessionOpened)]
    await registration.service.deliver(opened[-1], times=2)


async def test_a_session_in_which_the_patient_has_a_place_is_passed_over(registration):
    slot = await registration.slot(capacity=5)
    patient = await registration.patient()
    await registration.take(slot, patient)
    clinic_id = (await registration.service.sql("SELECT clinic_id FROM slot LIMIT 1"))[0]["clinic_id"]
    await registration.open(clinic_id, NOON + timedelta(days=2))
    await registration.service.deliver(wish(patient, clinic_id))
    assert (await booked(registration))[-1].slot_starts_at == NOON.replace(hour=8) + timedelta(days=2)


async def test_days_are_those_of_the_clinics_own_calendar(registration):
    clinic_id = await registration.clinic(zone="Asia/Shanghai", **{"from": "00:00", "to": "01:00"})
    for days in (0, 1, 2):
        await registration.open(clinic_id, NOON + timedelta(days=days))
    await registration.service.deliver(wish(await registration.patient(), clinic_id))
    assert (await booked(registration))[0].slot_starts_at.isoformat() == "2026-03-02T16:00:00+00:00"


async def test_a_wish_for_somebody_who_has_died_or_is_unknown_is_dropped_with_its_reason(registration):
    patient = await registration.patient()
    await registration.service.deliver(wish(patient))
    await registration.post(f"/patients/{patient}/death", body={"deceased_at": NOON.isoformat()})
    await registration.service.deliver((await registration.service.said())[-1])
    await registration.service.deliver(wish(patient), wish(new_id()))
    dropped = await worklist(registration, status="dropped")
    assert sorted(one["drop_reason"] for one in dropped) == ["deceased", "deceased", "unknown-patient"]
    assert await worklist(registration, status="pending") == []


async def test_a_wish_for_somebody_who_dies_while_waiting_is_dropped_with_its_entry(registration):
    await registration.clinic()
    patient = await registration.patient()
    await registration.service.deliver(wish(patient))
    await registration.post(f"/patients/{patient}/death", body={"deceased_at": NOON.isoformat()})
    await registration.service.deliver((await registration.service.said())[-1])
    assert [one["drop_reason"] for one in await worklist(registration, status="dropped")] == ["deceased"]


async def test_a_wish_for_a_clinic_that_is_not_known_needs_a_person(registration):
    await registration.service.deliver(wish(await registration.patient(), "to-be-built"))
    assert [one["why"] for one in await worklist(registration, status="pending")] == ["clinic-unknown"]


async def test_a_place_that_a_person_has_found_settles_the_request_and_followup_hears_of_it(registration):
    event = wish(await registration.patient(), "no-such-clinic")
    await registration.service.deliver(event)
    full, free = await registration.slot(days=2), await registration.slot(days=3)
    await registration.take(full, await registration.patient())
    path = f"/visit-requests/{event.visit_request_id}/booking"

    def place(slot):
        return {"session_id": str(slot.session_id), "slot_starts_at": slot.starts_at.isoformat()}

    assert (await registration.post(path, body=place(full))).json()["code"] == "slot-full"
    unknown = place(free) | {"session_id": str(new_id())}
    assert (await registration.post(path, body=unknown)).status_code == 404
    settled = (await registration.post(path, body=place(free))).json()
    (told,) = [one for one in await booked(registration) if one.channel == "followup"]
    assert (settled["status"], settled["why"]) == ("booked", None)
    assert settled["appointment_id"] == str(told.appointment_id)
    assert (await registration.post(path, body=place(free))).json()["code"] == "visit-request-not-pending"
    assert await worklist(registration, patient_id=str(new_id())) == []


async def test_who_does_not_want_the_visit_is_taken_off_the_worklist_once(registration):
    event = wish(await registration.patient(), "no-such-clinic")
    await registration.service.deliver(event)
    path = f"/visit-requests/{event.visit_request_id}/closing"
    closed = (await registration.post(path)).json()
    assert (closed["status"], closed["drop_reason"]) == ("dropped", "declined")
    assert (await registration.post(path)).json()["code"] == "visit-request-not-pending"
    assert (await registration.post(f"/visit-requests/{new_id()}/closing")).status_code == 404
    assert (await registration.post(path, role="viewer")).status_code == 403
