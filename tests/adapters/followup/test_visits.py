"""Visit requests and what registration says of them."""

from datetime import timedelta

from shared.ids import new_id
from shared.messages.registration.booking import AppointmentCancelled
from tests.adapters.followup.conftest import NOON, attempt, first_task

DAY = timedelta(days=1)


async def asked(followup, case):
    task_id = await first_task(followup, case)
    return (await attempt(followup, task_id, "agreed_to_visit")).json()["visit_request_id"]


async def requests(followup, **params):
    answer = await followup.get("/visit-requests", role="viewer", **params)
    assert answer.status_code == 200
    return answer.json()["visit_requests"]


async def test_a_request_waits_until_registration_has_booked_it(followup, case):
    visit_request_id = await asked(followup, case)
    [waiting] = await requests(followup, status="requested")
    assert waiting["visit_request_id"] == visit_request_id
    booked = case.booked()
    await followup.deliver(booked, times=2)
    [kept] = await requests(followup, patient_id=str(case.patient_id))
    assert (kept["status"], kept["appointment_id"]) == ("booked", str(booked.appointment_id))
    assert (await followup.get("/visit-requests/summary", role="viewer")).json() == {
        "asked": 1,
        "by_status": {"booked": 1},
    }


async def test_bookings_of_other_channels_clinics_and_patients_book_no_request(followup, case):
    await asked(followup, case)
    stranger = type(case)(new_id(), new_id())
    await followup.deliver(case.booked(channel="app"), case.booked(clinic_id="main-oncology-1"), stranger.booked())
    [kept] = await requests(followup)
    assert kept["status"] == "requested"


async def test_a_cancelled_booking_is_seen(followup, case):
    await asked(followup, case)
    booked = case.booked()
    cancelled = AppointmentCancelled(
        appointment_id=booked.appointment_id,
        patient_id=booked.patient_id,
        session_id=booked.session_id,
        slot_starts_at=booked.slot_starts_at,
        reason="patient",
        aggregate_version=booked.aggregate_version + 1,
    )
    await followup.deliver(booked, cancelled)
    [kept] = await requests(followup, status="cancelled")
    assert kept["appointment_id"] == str(booked.appointment_id)


async def test_for_the_dead_no_visit_is_sought_any_more(followup, case):
    await asked(followup, case)
    await followup.deliver(case.died(NOON.date() + 3 * DAY))
    closed = (await followup.said())[-1]
    await followup.deliver(closed)
    [kept] = await requests(followup)
    assert kept["status"] == "withdrawn"


async def test_a_readmitted_patient_keeps_the_visit(followup, case):
    await asked(followup, case)
    await followup.deliver(case.again().admitted(NOON + 3 * DAY))
    await followup.deliver((await followup.said())[-1])
    [kept] = await requests(followup)
    assert kept["status"] == "requested"


async def test_requests_are_read_page_by_page(followup, case):
    await asked(followup, case)
    page = (await followup.get("/visit-requests", role="viewer", limit=1)).json()
    assert page["after"] == page["visit_requests"][0]["visit_request_id"]
    rest = await followup.get("/visit-requests", role="viewer", after=page["after"])
    assert rest.json() == {"visit_requests": [], "after": None}
    unknown = await followup.get("/visit-requests", role="viewer", after=str(new_id()))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "visit-request-missing")
