"""Applications: a clinician decides once, with the materials in view, and who is accepted gets the earliest place."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from services.registration.schedules.model import SlotKey
from shared.ids import new_id
from shared.messages.registration.applications import (
    ApplicationAccepted,
    ApplicationDeclined,
    ApplicationRedirected,
    ApplicationSubmitted,
    ApplicationWithdrawn,
)
from shared.messages.registration.booking import AppointmentBooked, AppointmentCancelled
from shared.messages.registration.patients import PatientDeceased
from shared.messages.registration.schedules import SessionOpened
from tests.support.service import NOON

MINE = (
    ApplicationAccepted,
    ApplicationDeclined,
    ApplicationRedirected,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    AppointmentBooked,
)


async def kept_places(registration, days: int = 1, *, capacity: int = 1) -> None:
    """A session of the clinic whose places are for applicants."""
    await registration.clinic(capacity=capacity, access="application")
    await registration.open("cardiology", NOON + timedelta(days=days))


async def submit(registration, patient_id: UUID | None = None, **fields):
    body = {
        "patient_id": str(patient_id or await registration.patient()),
        "clinic_id": "cardiology",
        "need": "second-opinion",
        "channel": "app",
    }
    return await registration.post("/applications", role="patient-app", body=body | fields)


async def decide(registration, application: dict, what: str, role: str = "clinician", **body):
    """As somebody of the clinic that it is addressed to."""
    path = f"/applications/{application['application_id']}/{what}"
    return await registration.post(path, role=role, body=body or None, clinics=[application["clinic_id"]])


async def accept(registration, application: dict, urgency: str = "routine"):
    return await decide(registration, application, "acceptance", urgency=urgency)


async def listed(registration, **wanted) -> list[str]:
    found = await registration.service.get("/applications", role="clinician", **wanted)
    return [one["application"]["application_id"] for one in found.json()["applications"]]


async def told(registration) -> list[str]:
    return [type(one).__name__ for one in await registration.service.said() if isinstance(one, MINE)]


async def test_an_accepted_application_is_booked_in_the_earliest_place_kept_for_applicants(registration):
    await kept_places(registration, 2)
    await kept_places(registration, 1)
    application = (await submit(registration)).json()
    accepted = (await accept(registration, application, "urgent")).json()
    assert (accepted["state"], accepted["urgency"], accepted["decided_by"]) == ("booked", "urgent", "tester")
    path = f"/appointments/{accepted['appointment_id']}"
    appointment = (await registration.service.get(path, role="front-desk")).json()
    assert appointment["slot_starts_at"][:16] == f"{NOON + timedelta(days=1):%Y-%m-%dT08:00}"
    assert await told(registration) == ["ApplicationSubmitted", "AppointmentBooked", "ApplicationAccepted"]


async def test_a_place_that_is_public_is_not_given_and_who_waits_is_booked_when_a_session_opens(registration):
    await registration.clinic()
    await registration.open("cardiology", NOON + timedelta(days=1))
    routine, stat = [(await submit(registration)).json() for _ in range(2)]
    assert (await accept(registration, routine)).json()["state"] == "accepted"
    assert (await accept(registration, stat, "stat")).json()["state"] == "accepted"
    await registration.clinic(access="application", to="08:30")
    await registration.open("cardiology", NOON + timedelta(days=2))
    opened = [one for one in await registration.service.said() if isinstance(one, SessionOpened)]
    await registration.service.deliver(*opened, times=2)
    states = {one["application_id"]: one["state"] for one in await rows(registration)}
    assert states == {UUID(stat["application_id"]): "booked", UUID(routine["application_id"]): "accepted"}
    assert await listed(registration) == [routine["application_id"]]


async def test_a_place_that_comes_back_is_given_to_who_waits(registration):
    await kept_places(registration)
    booked = [(await accept(registration, (await submit(registration)).json())).json() for _ in range(2)]
    waiting = (await accept(registration, (await submit(registration)).json(), "asap")).json()
    assert [one["state"] for one in (*booked, waiting)] == ["booked", "booked", "accepted"]
    path = f"/appointments/{booked[0]['appointment_id']}/cancellation"
    given_back = await registration.post(path, body={"reason": "patient"})
    assert given_back.status_code == 200, given_back.text
    events = [one for one in await registration.service.said() if isinstance(one, AppointmentCancelled)]
    await registration.service.deliver(*events, times=2)
    assert {one["state"] for one in await rows(registration)} == {"booked"}


async def rows(registration) -> list[dict]:
    return await registration.service.sql("SELECT * FROM application")


async def test_of_two_clinicians_who_decide_at_once_one_does(registration):
    await kept_places(registration)
    application = (await submit(registration)).json()
    asked = [
        accept(registration, application),
        decide(registration, application, "decline", reason="not-indicated"),
        accept(registration, application, "stat"),
        decide(registration, application, "withdrawal", role="patient-app"),
    ]
    answers = await asyncio.gather(*asked)
    assert sorted(one.status_code for one in answers) == [200, 409, 409, 409]
    (row,) = await rows(registration)
    assert (row["state"] == "booked") == (await registration.service.sql("SELECT 1 FROM appointment") != [])


async def test_more_who_are_accepted_at_once_than_there_are_places_get_no_more_than_there_are(registration):
    await kept_places(registration, capacity=1)
    applications = [(await submit(registration)).json() for _ in range(5)]
    answers = await asyncio.gather(*(accept(registration, one) for one in applications))
    assert sorted(one.json()["state"] for one in answers) == ["accepted"] * 3 + ["booked"] * 2


async def test_a_declined_application_has_its_reason_and_stays_decided(registration):
    await registration.clinic()
    application = (await submit(registration)).json()
    declined = await decide(registration, application, "decline", reason="materials-insufficient")
    assert (declined.json()["state"], declined.json()["decline_reason"]) == ("declined", "materials-insufficient")
    assert (await accept(registration, application)).json()["code"] == "already-decided"
    assert (await decide(registration, application, "withdrawal", role="front-desk")).json()["code"] == "not-open"
    assert await told(registration) == ["ApplicationSubmitted", "ApplicationDeclined"]


async def test_a_redirected_application_is_a_new_one_in_the_other_clinic_with_its_materials(registration):
    await registration.clinic()
    await registration.clinic("rheumatology")
    application = (await submit(registration)).json()
    body = {
        "patient_id": application["patient_id"],
        "application_id": application["application_id"],
        "kind": "imaging",
        "size_bytes": 100_000,
    }
    await registration.post("/materials", role="patient-app", body=body)
    assert (await decide(registration, application, "redirection", clinic_id="cardiology")).status_code == 409
    assert (await decide(registration, application, "redirection", clinic_id="nowhere")).status_code == 404
    onward = (await decide(registration, application, "redirection", clinic_id="rheumatology")).json()
    assert (onward["state"], onward["redirected_from"]) == ("submitted", application["application_id"])
    path = f"/applications/{onward['application_id']}"
    there = (await registration.service.get(path, role="clinician")).json()
    assert [(one["kind"], one["state"]) for one in there["materials"]] == [("imaging", "uploading")]
    assert await told(registration) == ["ApplicationSubmitted", "ApplicationRedirected", "ApplicationSubmitted"]


async def test_only_the_clinic_that_it_is_addressed_to_decides(registration):
    await registration.clinic()
    await registration.clinic("rheumatology")
    application = (await submit(registration)).json()
    bodies = {
        "acceptance": {"urgency": "stat"},
        "decline": {"reason": "not-indicated"},
        "redirection": {"clinic_id": "rheumatology"},
    }
    for what, body in bodies.items():
        path = f"/applications/{application['application_id']}/{what}"
        other = await registration.post(path, role="clinician", body=body, clinics=["rheumatology"])
        assert (other.status_code, other.json()["code"]) == (403, "other-clinic")
        unsaid = await registration.post(path, role="clinician", body=body)
        assert (unsaid.status_code, unsaid.json()["code"]) == (403, "clinics-claim-missing")
        assert "`clinics`" in unsaid.json()["remedy"]
    assert [one["state"] for one in await rows(registration)] == ["submitted"]


async def test_what_is_not_decided_in_time_is_listed_as_overdue(registration):
    await registration.clinic()
    slow = (await submit(registration, need="second-opinion")).json()
    quick = (await submit(registration, need="surgery-assessment")).json()
    assert await listed(registration) == [quick["application_id"], slow["application_id"]]
    assert await listed(registration, overdue=True) == []
    registration.service.clock.advance(timedelta(hours=24))
    assert await listed(registration, overdue=True, clinic_id="cardiology") == [quick["application_id"]]


async def test_a_patient_has_one_open_application_in_a_clinic_and_may_withdraw_it(registration):
    await registration.clinic()
    patient_id = await registration.patient()
    answers = await asyncio.gather(*(submit(registration, patient_id) for _ in range(3)))
    assert sorted(one.status_code for one in answers) == [201, 409, 409]
    first = next(one.json() for one in answers if one.status_code == 201)
    withdrawn = await decide(registration, first, "withdrawal", role="patient-app")
    assert withdrawn.json()["state"] == "withdrawn"
    assert (await submit(registration, patient_id)).status_code == 201


async def test_what_a_patient_who_has_died_has_open_is_withdrawn(registration):
    await registration.clinic()
    application = (await submit(registration)).json()
    path = f"/patients/{application['patient_id']}/death"
    died = await registration.post(path, role="front-desk", body={"deceased_at": NOON.isoformat()})
    assert died.status_code == 200, died.text
    events = [one for one in await registration.service.said() if isinstance(one, PatientDeceased)]
    await registration.service.deliver(*events)
    assert [one["state"] for one in await rows(registration)] == ["withdrawn"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"clinic_id": "nowhere"}, "clinic-missing"), ({"patient_id": str(new_id())}, "patient-missing")],
)
async def test_nobody_applies_where_or_for_whom_there_is_nothing(registration, fields, code):
    await registration.clinic()
    answer = await submit(registration, **fields)
    assert (answer.status_code, answer.json()["code"]) == (404, code)


async def test_the_public_cannot_book_a_place_that_is_kept_for_applicants(registration):
    await registration.clinic(access="application")
    (session,) = await registration.open("cardiology", NOON + timedelta(days=1))
    slot = SlotKey(session_id=UUID(session["session_id"]), starts_at=(NOON + timedelta(days=1)).replace(hour=8))
    assert (await registration.take(slot, await registration.patient())).json()["code"] == "not-public"
