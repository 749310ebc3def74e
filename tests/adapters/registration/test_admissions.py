"""Admission requests, over HTTP and in the database."""

from shared.ids import new_id
from shared.messages.beds.referrals import ReferralAccepted
from shared.messages.registration.admissions import AdmissionRequested
from tests.support.service import NOON


def request(patient, *encounters: str, **fields):
    covered = [{"encounter_id": one, "encounter_class": "inpatient"} for one in encounters or ("e-1",)]
    return {
        "request_id": str(new_id()),
        "patient_id": str(patient),
        "source": "clinic",
        "specialty": "cardiology",
        "campus_id": "main",
        "reachable_campuses": ["north"],
        "admission_class": "B",
        "department_cmi": 1.1,
        "needs": ["oxygen"],
        "expected_days": 4,
        "encounters": covered,
        **fields,
    }


async def write(registration, body):
    return await registration.post("/admission-requests", role="clinician", body=body)


async def test_a_request_tells_beds_what_it_needs_with_sex_and_age_from_the_register(registration):
    patient = await registration.patient()
    body = request(patient, "e-1", "e-2")
    answer = await write(registration, body)
    assert answer.status_code == 201, answer.text
    (event,) = await registration.service.said()
    assert isinstance(event, AdmissionRequested)
    assert (str(event.request_id), event.sex, event.age_years) == (body["request_id"], "F", 46)
    assert (event.needs, event.reachable_campuses, event.requested_at) == (("oxygen",), ("north",), NOON)
    shown = await registration.service.get(f"/admission-requests/{body['request_id']}", role="coordinator")
    assert shown.json() == answer.json()
    assert [one["encounter_id"] for one in shown.json()["encounters"]] == ["e-1", "e-2"]


async def test_an_encounter_is_covered_by_one_request_only(registration):
    patient = await registration.patient()
    await write(registration, request(patient, "e-1", "e-2"))
    refused = await write(registration, request(patient, "e-2", "e-3"))
    assert (refused.status_code, refused.json()["code"]) == (409, "encounter-covered")
    assert (await write(registration, request(patient, "e-3"))).status_code == 201
    twice = await write(registration, request(patient, "e-4", "e-4"))
    assert twice.json()["code"] == "encounter-twice"


async def test_a_request_is_written_once(registration):
    body = request(await registration.patient())
    await write(registration, body)
    again = body | {"encounters": [{"encounter_id": "e-9", "encounter_class": "inpatient"}]}
    assert (await write(registration, again)).json()["code"] == "admission-request-exists"
    assert len(await registration.service.said()) == 1


async def test_nobody_who_has_died_is_admitted(registration):
    patient = await registration.patient()
    await registration.post(f"/patients/{patient}/death", body={"deceased_at": NOON.isoformat()})
    assert (await write(registration, request(patient))).json()["code"] == "patient-deceased"


async def test_an_emergency_needs_its_triage(registration):
    body = request(await registration.patient(), admission_class="emergency", source="emergency")
    assert (await write(registration, body)).json()["code"] == "triage-missing"
    assert (await write(registration, body | {"triage": 2})).status_code == 201


async def test_requests_are_listed_and_counted_by_source_and_class(registration):
    patient = await registration.patient()
    bodies = [request(patient, f"a-{number}", f"b-{number}") for number in range(3)]
    for body in bodies:
        await write(registration, body)
    first = (await registration.service.get("/admission-requests", role="viewer", limit=2)).json()
    rest = (await registration.service.get("/admission-requests", role="viewer", after=first["next"])).json()
    listed = [one["request_id"] for one in first["admission_requests"] + rest["admission_requests"]]
    assert listed == sorted(body["request_id"] for body in bodies)
    counts = (await registration.service.get("/admission-requests/summary", role="viewer")).json()
    assert counts == {"requests_by_source": {"clinic": 3}, "encounters_by_class": {"inpatient": 6}}


async def test_a_request_that_makes_no_sense_names_its_fields(registration):
    body = request(await registration.patient(), triage=5, expected_days=0) | {"encounters": []}
    answer = await write(registration, body)
    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["fields"]} == {"triage", "expected_days", "encounters"}


async def test_a_drg_needs_the_version_of_its_grouper_and_a_wanted_ward_is_told(registration):
    body = request(await registration.patient(), drg="FM13")
    assert (await write(registration, body)).json()["code"] == "drg-version-missing"
    named = body | {"request_id": str(new_id()), "drg_version": "chs-drg-1.1", "wanted_ward_id": "main/M-CA"}
    assert (await write(registration, named)).json()["need"]["wanted_ward_id"] == "main/M-CA"
    (event,) = await registration.service.said()
    assert (event.drg_version, event.wanted_ward_id) == ("chs-drg-1.1", "main/M-CA")


def accepted(patient, **changes) -> ReferralAccepted:
    usual = {
        "referral_id": new_id(),
        "patient_id": patient,
        "partner_id": "county",
        "specialty": "cardiology",
        "campus_id": "main",
        "reachable_campuses": ("north",),
        "immediate": False,
        "diagnosis_code": "I21.9",
        "procedure_code": None,
        "drg": None,
        "drg_version": None,
        "rw": None,
        "level4": False,
        "department_cmi": 1.1,
        "needs": ("oxygen",),
        "isolation": "none",
        "expected_days": 5,
        "admit_on": NOON.date(),
        "aggregate_version": 2,
    }
    return ReferralAccepted(**(usual | changes))


async def test_an_accepted_referral_becomes_an_admission_request_under_its_id_once(registration):
    event = accepted(await registration.patient())
    await registration.service.deliver(event, times=2)
    (said,) = await registration.service.said()
    assert isinstance(said, AdmissionRequested)
    assert (said.request_id, said.source, said.admission_class) == (event.referral_id, "referral", "transfer")
    assert (said.sex, said.needs, said.expected_days) == ("F", ("oxygen",), 5)


async def test_a_referral_of_somebody_who_is_not_registered_is_parked(registration):
    await registration.service.deliver(accepted(new_id()))
    assert await registration.service.said() == []
    assert len(await registration.service.sql("SELECT FROM parked")) == 1
