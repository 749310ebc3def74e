"""What a material belongs to: nothing that has ended takes more, and what was sent on has all of it."""

import asyncio
from datetime import timedelta

import pytest

from services.registration.app import SERVICE
from shared.ids import new_id
from tests.adapters.registration.test_applications import accept, decide, kept_places, submit
from tests.adapters.registration.uploading import PDF, Uploads


@pytest.fixture
async def uploads(run_service, tmp_path):
    async with run_service(SERVICE, materials=str(tmp_path), scanner="off") as service:
        yield Uploads(service)


async def begin(uploads, patient_id, **owner):
    body = {"patient_id": str(patient_id), "kind": "imaging", "size_bytes": len(PDF)}
    return await uploads.post("/materials", role="patient-app", body=body | owner)


async def to_application(uploads, application: dict):
    return await begin(uploads, application["patient_id"], application_id=application["application_id"])


async def listed(uploads, path: str) -> list[str]:
    found = await uploads.service.get(f"{path}/materials" if "appointments" in path else path, role="clinician")
    return [one["material_id"] for one in found.json()["materials"]]


def refused(answer, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (409, code), answer.text
    assert answer.json()["remedy"]


@pytest.mark.parametrize("ended", ["cancelled", "expired", "missed"])
async def test_an_appointment_that_nobody_comes_to_any_more_takes_no_material(uploads, ended):
    patient_id = await uploads.patient()
    slot = await uploads.slot()
    taken = (await uploads.take(slot, patient_id, hold=ended == "expired")).json()
    begun = (await begin(uploads, patient_id, appointment_id=taken["appointment_id"])).json()
    if ended == "cancelled":
        path = f"/appointments/{taken['appointment_id']}/cancellation"
        assert (await uploads.post(path, body={"reason": "patient"})).status_code == 200
    else:
        uploads.service.clock.advance(timedelta(days=2))
        assert await uploads.service.fire("holds" if ended == "expired" else "no-shows") >= 1
    refused(await begin(uploads, patient_id, appointment_id=taken["appointment_id"]), "appointment-ended")
    assert (await uploads.part(begun["material_id"], 0, PDF)).status_code == 200, "what was begun goes on"


@pytest.mark.parametrize(
    ("what", "role", "body"),
    [
        ("decline", "clinician", {"reason": "not-indicated"}),
        ("withdrawal", "patient-app", {}),
    ],
)
async def test_an_application_that_has_ended_takes_no_material(uploads, what, role, body):
    await uploads.clinic()
    application = (await submit(uploads)).json()
    assert (await to_application(uploads, application)).status_code == 201
    assert (await decide(uploads, application, what, role=role, **body)).status_code == 200
    refused(await to_application(uploads, application), "application-ended")


async def test_what_is_uploaded_to_an_application_that_was_sent_on_goes_where_it_is_now(uploads):
    for clinic in ("cardiology", "rheumatology", "nephrology"):
        await uploads.clinic(clinic)
    application = (await submit(uploads)).json()
    before = (await to_application(uploads, application)).json()
    there = (await decide(uploads, application, "redirection", clinic_id="rheumatology")).json()
    further = (await decide(uploads, there, "redirection", clinic_id="nephrology")).json()
    after = (await to_application(uploads, application)).json()
    assert after["application_id"] == further["application_id"]
    path = f"/applications/{further['application_id']}"
    assert await listed(uploads, path) == [before["material_id"], after["material_id"]]
    await uploads.part(after["material_id"], 0, PDF)
    await uploads.service.fire("scans")
    assert (await uploads.link(after, clinics=["nephrology"])).status_code == 201
    assert (await uploads.link(after, clinics=["cardiology"])).status_code == 403
    other = await to_application(uploads, further | {"patient_id": str(await uploads.patient())})
    assert (other.status_code, other.json()["code"]) == (404, "application-missing")
    await decide(uploads, further, "withdrawal", role="patient-app")
    refused(await to_application(uploads, application), "application-ended")


async def test_no_material_is_left_behind_by_a_redirection_at_the_same_time(uploads):
    await uploads.clinic()
    await uploads.clinic("rheumatology")
    for _ in range(5):
        application = (await submit(uploads)).json()
        sent = [to_application(uploads, application) for _ in range(3)]
        onward, *begun = await asyncio.gather(
            decide(uploads, application, "redirection", clinic_id="rheumatology"), *sent
        )
        path = f"/applications/{onward.json()['application_id']}"
        assert set(await listed(uploads, path)) == {one.json()["material_id"] for one in begun}


async def test_an_appointment_has_what_came_with_its_application_and_with_it_ends(uploads):
    await kept_places(uploads)
    application = (await submit(uploads)).json()
    with_it = (await to_application(uploads, application)).json()
    booked = (await accept(uploads, application)).json()
    after = (await to_application(uploads, application)).json()
    own = (await begin(uploads, application["patient_id"], appointment_id=booked["appointment_id"])).json()
    path = f"/appointments/{booked['appointment_id']}"
    assert await listed(uploads, path) == [one["material_id"] for one in (with_it, after, own)]
    assert (await uploads.service.get(f"/appointments/{new_id()}/materials", role="clinician")).status_code == 404
    await uploads.post(f"{path}/cancellation", body={"reason": "patient"})
    refused(await to_application(uploads, application), "appointment-ended")
