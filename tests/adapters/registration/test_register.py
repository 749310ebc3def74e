"""The register of patients, over HTTP and in its database."""

import json

from shared.ids import new_id
from shared.messages.registration.patients import PatientDeceased, PatientRegistered
from tests.support.service import NOON

NAME, PHONE = "Ouyang Zinnober", "+86 139 5550 4711"


def person(**fields):
    return {
        "patient_id": str(new_id()),
        "name": NAME,
        "phone": PHONE,
        "sex": "F",
        "born_on": "1950-05-17",
        "insutype": "310",
        "retired": True,
        **fields,
    }


async def test_a_patient_is_registered_once_and_told_without_name_or_contact(registration):
    body = person()
    answer = await registration.post("/patients", body=body)
    assert (answer.status_code, answer.json()["name"]) == (201, NAME)
    assert (await registration.post("/patients", body=body)).json()["code"] == "patient-exists"
    (event,) = await registration.service.said()
    assert isinstance(event, PatientRegistered)
    assert event.birth_month.isoformat() == "1950-05-01"


async def test_no_name_and_no_contact_leaves_the_register(registration, capfd, caplog):
    body = person()
    path = f"/patients/{body['patient_id']}"
    answers = [
        await registration.post("/patients", body=body),
        await registration.post("/patients", body=body),
        await registration.post("/patients", body=person(name=NAME * 20)),
        await registration.post("/patients", body=person(insutype=NAME, phone=f"{PHONE} {NAME}")),
        await registration.post(f"{path}/death", body={"deceased_at": NOON.isoformat()}),
        await registration.post(f"{path}/death", body={"deceased_at": NOON.isoformat(), "remark": NAME}),
        await registration.service.get(path, role="patient-app"),
    ]
    assert [answer.status_code for answer in answers] == [201, 409, 422, 422, 200, 422, 403]
    outbox = await registration.service.sql("SELECT topic, key, headers, value FROM outbox")
    errors = [answer.text for answer in answers if answer.status_code >= 400]
    told = json.dumps([[str(value) for value in row.values()] for row in outbox]) + "".join(errors)
    output = capfd.readouterr()
    for word in (*NAME.split(), PHONE, PHONE.replace(" ", "")):
        assert word not in told
        assert word not in output.out + output.err + caplog.text


async def test_a_death_is_recorded_once_and_only_its_day_is_told(registration):
    patient = await registration.patient()
    body = {"deceased_at": "2026-03-02T07:30:00+08:00"}
    answer = await registration.post(f"/patients/{patient}/death", body=body)
    assert answer.json()["deceased_at"] == "2026-03-01T23:30:00Z"
    (event,) = await registration.service.said()
    assert event == PatientDeceased(patient_id=patient, deceased_on=event.deceased_on, aggregate_version=2)
    assert event.deceased_on.isoformat() == "2026-03-01"
    again = await registration.post(f"/patients/{patient}/death", body={"deceased_at": NOON.isoformat()})
    assert (again.status_code, again.json()["code"]) == (409, "already-deceased")


async def test_the_register_counts_its_patients_and_names_none(registration):
    first, _ = await registration.patients(2)
    await registration.post(f"/patients/{first}/death", body={"deceased_at": NOON.isoformat()})
    counted = await registration.service.get("/patients/summary", role="viewer")
    assert counted.json() == {"patients": 2, "deceased": 1}


async def test_only_those_who_may_know_a_name_read_it(registration):
    body = person()
    await registration.post("/patients", body=body)
    path = f"/patients/{body['patient_id']}"
    answers = {
        role: (await registration.service.get(path, role=role)).status_code
        for role in ("front-desk", "clinician", "ward-nurse", "followup-nurse", "viewer", "coordinator")
    }
    assert answers == {
        "front-desk": 200,
        "clinician": 200,
        "ward-nurse": 200,
        "followup-nurse": 200,
        "viewer": 403,
        "coordinator": 403,
    }
    missing = await registration.service.get(f"/patients/{new_id()}", role="front-desk")
    assert (missing.status_code, missing.json()["code"]) == (404, "patient-missing")
