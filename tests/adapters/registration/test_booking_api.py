"""An appointment's life over HTTP."""

from datetime import timedelta
from uuid import UUID

from services.registration.schedules.model import SlotKey
from shared.ids import new_id
from shared.messages.registration.arrivals import PatientArrived, VisitCompleted
from shared.messages.registration.booking import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentRescheduled,
    HoldExpired,
    SlotHeld,
)
from tests.support.service import NOON

APPOINTMENT_EVENTS = (
    SlotHeld,
    AppointmentBooked,
    AppointmentRescheduled,
    AppointmentCancelled,
    HoldExpired,
    PatientArrived,
    VisitCompleted,
)


async def said(registration):
    return [one for one in await registration.service.said() if isinstance(one, APPOINTMENT_EVENTS)]


async def hold(registration, slot, patient, **fields) -> str:
    held = await registration.take(slot, patient, hold=True, **fields)
    assert held.status_code == 201, held.text
    return f"/appointments/{held.json()['appointment_id']}"


async def test_a_visit_from_hold_to_completion_says_each_step_with_the_next_version(registration):
    slot, patient, chosen = await registration.slot(), await registration.patient(), new_id()
    path = await hold(registration, slot, patient, appointment_id=str(chosen), encounter_id="e-1")
    assert path == f"/appointments/{chosen}"
    confirmed = await registration.post(f"{path}/confirmation")
    assert (confirmed.status_code, confirmed.json()["status"]) == (200, "booked")
    registration.service.clock.set(slot.starts_at + timedelta(minutes=10))
    assert (await registration.post(f"{path}/arrival")).json()["status"] == "arrived"
    assert (await registration.post(f"{path}/completion", role="clinician")).json()["status"] == "completed"
    events = await said(registration)
    assert [type(event) for event in events] == [SlotHeld, AppointmentBooked, PatientArrived, VisitCompleted]
    assert [event.aggregate_version for event in events] == [1, 2, 3, 4]
    assert {event.patient_id for event in events} == {patient}


async def test_a_hold_that_nobody_confirms_is_over_after_five_minutes_and_its_place_free(registration):
    slot = await registration.slot()
    path = await hold(registration, slot, await registration.patient())
    state = registration.service.host.service.timers[0]
    async with registration.service.database.work() as work:
        assert await state.next_due_at(work) == NOON + timedelta(minutes=5)
    registration.service.clock.advance(timedelta(minutes=4, seconds=59))
    assert await registration.service.fire("holds") == 0
    registration.service.clock.advance(timedelta(seconds=1))
    late = await registration.post(f"{path}/confirmation")
    assert (late.status_code, late.json()["code"]) == (409, "hold-expired")
    assert await registration.service.fire("holds") == 1
    assert await registration.service.fire("holds") == 0
    assert isinstance((await said(registration))[-1], HoldExpired)
    async with registration.service.database.work() as work:
        assert await state.next_due_at(work) is None
    assert (await registration.take(slot, await registration.patient())).status_code == 201
    assert (await registration.post(f"{path}/confirmation")).json()["code"] == "hold-expired"


async def test_a_cancelled_appointment_gives_its_place_and_its_encounter_back(registration):
    slot, patient = await registration.slot(), await registration.patient()
    path = await hold(registration, slot, patient, encounter_id="e-1")
    cancelled = await registration.post(f"{path}/cancellation", body={"reason": "patient"})
    assert (cancelled.json()["status"], cancelled.json()["cancel_reason"]) == ("cancelled", "patient")
    again = await registration.post(f"{path}/cancellation", body={"reason": "patient"})
    assert (again.status_code, again.json()["code"]) == (409, "not-open")
    assert (await registration.take(slot, patient, encounter_id="e-1")).status_code == 201


async def test_once_the_slot_is_over_only_the_desk_can_undo_a_booking_before_it_counts_as_missed(registration):
    slot, later = await registration.slot(), await registration.slot(days=5)
    booked = (await registration.take(slot, await registration.patient())).json()["appointment_id"]
    path = f"/appointments/{booked}"
    posing = await registration.post(f"{path}/cancellation", role="patient-app", body={"reason": "hospital"})
    assert (posing.status_code, posing.json()["code"]) == (409, "staff-only")
    registration.service.clock.set(slot.starts_at + timedelta(minutes=30))
    target = {"session_id": str(later.session_id), "slot_starts_at": later.starts_at.isoformat()}
    for word, body in (("cancellation", {"reason": "patient"}), ("reschedule", target)):
        refused = await registration.post(f"{path}/{word}", role="patient-app", body=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "own-slot-over")
    moved = await registration.post(f"{path}/reschedule", role="front-desk", body=target)
    assert moved.json()["session_id"] == str(later.session_id)
    cancelled = await registration.post(f"{path}/cancellation", role="patient-app", body={"reason": "patient"})
    assert cancelled.json()["status"] == "cancelled"


async def test_a_moved_appointment_keeps_its_id_and_frees_the_old_place_in_one_step(registration):
    old, new, patient = await registration.slot(), await registration.slot(days=3), await registration.patient()
    booked = (await registration.take(old, patient)).json()
    body = {"session_id": str(new.session_id), "slot_starts_at": new.starts_at.isoformat()}
    moved = await registration.post(f"/appointments/{booked['appointment_id']}/reschedule", body=body)
    assert moved.status_code == 200, moved.text
    assert (moved.json()["appointment_id"], moved.json()["session_id"]) == (
        booked["appointment_id"],
        str(new.session_id),
    )
    assert ((await registration.places(old))["booked"], (await registration.places(new))["booked"]) == (0, 1)
    event = (await said(registration))[-1]
    assert (event.session_id, event.previous_session_id) == (new.session_id, old.session_id)


async def test_an_appointment_that_cannot_move_stays_where_it_is(registration):
    old, full, patient = await registration.slot(), await registration.slot(days=2), await registration.patient()
    await registration.take(full, await registration.patient())
    booked = (await registration.take(old, patient)).json()
    body = {"session_id": str(full.session_id), "slot_starts_at": full.starts_at.isoformat()}
    path = f"/appointments/{booked['appointment_id']}"
    refused = await registration.post(f"{path}/reschedule", body=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "slot-full")
    assert (await registration.service.get(path, role="front-desk")).json() == booked
    assert (await registration.places(old))["booked"] == 1


async def test_a_patient_is_not_moved_into_a_session_in_which_they_have_a_place(registration):
    old, new, patient = await registration.slot(), await registration.slot(capacity=2), await registration.patient()
    booked = (await registration.take(old, patient)).json()
    await registration.take(new, patient)
    body = {"session_id": str(new.session_id), "slot_starts_at": new.starts_at.isoformat()}
    refused = await registration.post(f"/appointments/{booked['appointment_id']}/reschedule", body=body)
    assert refused.json()["code"] == "patient-has-appointment"
    assert ((await registration.places(old))["booked"], (await registration.places(new))["booked"]) == (1, 1)


async def test_the_summary_counts_what_became_of_bookings_by_channel_and_visit_type(registration):
    slot = await registration.slot(capacity=10)
    first, second, third, fourth = await registration.patients(4)
    seen = (await registration.take(slot, first, visit_type="wellness")).json()["appointment_id"]
    gone = (await registration.take(slot, second, visit_type="wellness")).json()["appointment_id"]
    await registration.take(slot, third, channel="desk")
    await hold(registration, slot, fourth, channel="desk")
    await registration.post(f"/appointments/{gone}/cancellation", body={"reason": "hospital"})
    registration.service.clock.set(slot.starts_at)
    await registration.post(f"/appointments/{seen}/arrival")
    await registration.post(f"/appointments/{seen}/completion", role="clinician")
    rows = (await registration.service.get("/appointments/summary", role="viewer")).json()
    zero = {"booked": 0, "cancelled": 0, "arrived": 0, "completed": 0, "held": 0, "expired": 0, "missed": 0}
    seen_and_gone = {"booked": 2, "cancelled": 1, "arrived": 1, "completed": 1}
    assert rows == [
        zero | {"channel": "app", "visit_type": "wellness"} | seen_and_gone,
        zero | {"channel": "desk", "visit_type": "outpatient", "booked": 1, "held": 1},
    ]


async def test_appointments_are_listed_page_by_page(registration):
    slot = await registration.slot(capacity=5)
    ids = [
        (await registration.take(slot, patient)).json()["appointment_id"] for patient in await registration.patients(5)
    ]
    listed, after = [], None
    while True:
        page = {"session_id": str(slot.session_id), "limit": 2} | ({"after": after} if after else {})
        answer = (await registration.service.get("/appointments", role="viewer", **page)).json()
        listed += [one["appointment_id"] for one in answer["appointments"]]
        after = answer["next"]
        if after is None:
            break
    assert sorted(ids) == listed


async def test_a_patients_app_reads_the_appointments_of_the_patient_that_it_names(registration):
    booked = (await registration.take(await registration.slot(), await registration.patient())).json()
    await registration.take(await registration.slot(days=2), await registration.patient())
    get = registration.service.get
    mine = await get("/appointments", role="patient-app", patient_id=booked["patient_id"])
    assert mine.json()["appointments"] == [booked]
    assert (await get(f"/appointments/{booked['appointment_id']}", role="patient-app")).json() == booked
    everybodys = await get("/appointments", role="patient-app")
    assert (everybodys.status_code, everybodys.json()["code"]) == (403, "patient-not-named")


async def test_a_command_without_a_key_or_with_nonsense_is_told_what_to_mend(registration):
    slot, patient = await registration.slot(), await registration.patient()
    headers = registration.service.headers("front-desk")
    body = {
        "patient_id": str(patient),
        "session_id": str(slot.session_id),
        "slot_starts_at": slot.starts_at.isoformat(),
    }
    complete = body | {"visit_type": "outpatient", "channel": "app"}
    nameless = await registration.service.client.post("/appointments", json=complete, headers=headers)
    assert (nameless.status_code, nameless.json()["code"]) == (400, "idempotency-key-missing")
    wrong = await registration.take(slot, patient, channel="followup", visit_type="a b")
    assert wrong.status_code == 422
    assert {one["field"] for one in wrong.json()["fields"]} == {"channel", "visit_type"}


async def test_a_death_cancels_what_starts_at_its_instant_or_later_and_nothing_before(registration):
    patient = await registration.patient()
    before, at, after = [await registration.slot(days=days) for days in (1, 2, 3)]
    ids = [(await registration.take(slot, patient)).json()["appointment_id"] for slot in (before, at)]
    ids.append((await registration.take(after, patient, hold=True)).json()["appointment_id"])
    registration.service.clock.set(at.starts_at)
    await registration.post(f"/patients/{patient}/death", body={"deceased_at": at.starts_at.isoformat()})
    await registration.service.deliver((await registration.service.said())[-1], times=2)
    cancelled = [one for one in await said(registration) if isinstance(one, AppointmentCancelled)]
    assert {str(one.appointment_id) for one in cancelled} == set(ids[1:])
    assert {one.reason for one in cancelled} == {"deceased"}
    assert [(await registration.places(slot))["booked"] for slot in (before, at, after)] == [1, 0, 0]
    moved = await registration.post(
        f"/appointments/{ids[0]}/reschedule",
        body={"session_id": str(after.session_id), "slot_starts_at": after.starts_at.isoformat()},
    )
    assert moved.json()["code"] == "patient-deceased"


async def test_free_slots_are_found_by_clinic_and_time(registration):
    clinic_id = await registration.clinic(capacity=1)
    (session,) = await registration.open(clinic_id, NOON + timedelta(days=1))
    key = SlotKey(session_id=UUID(session["session_id"]), starts_at=NOON.replace(hour=8) + timedelta(days=1))
    asked = {"clinic_id": clinic_id, "from_at": NOON.isoformat()}
    found = (await registration.service.get("/slots", role="patient-app", **asked)).json()["slots"]
    assert [slot["starts_at"] for slot in found] == ["2026-03-03T08:00:00Z", "2026-03-03T08:30:00Z"]
    await registration.take(key, await registration.patient())
    found = (await registration.service.get("/slots", role="patient-app", **asked)).json()["slots"]
    assert [slot["starts_at"] for slot in found] == ["2026-03-03T08:30:00Z"]
