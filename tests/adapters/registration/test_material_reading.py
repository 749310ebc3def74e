"""Who reads materials: the treating side, or who breaks the glass with a reason; all in a trail that only grows."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from services.registration.app import SERVICE
from services.registration.materials.links import Link
from services.registration.materials.reading import Purpose
from services.registration.materials.tally import METRIC
from shared.clock import wall_now
from shared.ids import new_id
from tests.adapters.registration.uploading import PDF, Uploads
from tests.support.service import NOON

ELSEWHERE = {"clinics": ["dermatology"], "subject": "stranger"}


@pytest.fixture
async def uploads(run_service, tmp_path):
    async with run_service(SERVICE, materials=str(tmp_path), scanner="off") as service:
        yield Uploads(service)


async def break_glass(uploads, material, reason="unconscious in the emergency room", **asked):
    path = f"/materials/{material['material_id']}/break-glass"
    return await uploads.post(path, role="clinician", body={"reason": reason}, **asked)


async def applied(uploads, clinic_id: str = "rheumatology") -> dict:
    """A report that belongs to an application for the clinic."""
    await uploads.clinic(clinic_id)
    body = {
        "application_id": str(new_id()),
        "patient_id": str(await uploads.patient()),
        "clinic_id": clinic_id,
        "need": "second-opinion",
        "channel": "app",
    }
    answer = await uploads.post("/applications", role="patient-app", body=body)
    assert answer.status_code == 201, answer.text
    fields = {name: body[name] for name in ("application_id", "patient_id")}
    return await uploads.available(appointment_id=None, **fields)


async def decide(uploads, material, what, **asked):
    return await uploads.post(f"/applications/{material['application_id']}/{what}", **asked)


async def counted(uploads, purpose: str, outcome: str) -> float:
    metrics = (await uploads.service.client.get("/metrics")).text
    series = f'{METRIC}{{outcome="{outcome}",purpose="{purpose}"}} '
    (line,) = [one for one in metrics.splitlines() if one.startswith(series)]
    return float(line.removeprefix(series))


async def test_a_clinician_of_another_clinic_is_refused_and_stands_in_the_trail(uploads):
    material = await uploads.available()
    no = await uploads.link(material, **ELSEWHERE)
    assert (no.status_code, no.json()["code"]) == (403, "not-treating")
    assert "break-glass" in no.json()["remedy"]
    assert await uploads.trail(material) == [("stranger", "treatment", "refused")]
    assert await counted(uploads, "treatment", "refused") == 1
    assert await counted(uploads, "treatment", "linked") == 0


async def test_a_token_that_does_not_say_the_clinics_is_told_the_claim(uploads):
    material = await uploads.available()
    no = await uploads.link(material, subject="unsaid")
    assert (no.status_code, no.json()["code"]) == (403, "clinics-claim-missing")
    assert "`clinics`" in no.json()["remedy"]
    assert await uploads.trail(material) == [("unsaid", "treatment", "refused")]


async def test_who_asks_again_with_the_same_key_gets_the_same_answer_and_is_written_down_once(uploads):
    material = await uploads.available()
    path, key = f"/materials/{material['material_id']}/links", str(new_id())
    answers = [await uploads.post(path, role="clinician", key=key, **ELSEWHERE) for _ in range(2)]
    assert [one.status_code for one in answers] == [403, 403]
    assert answers[0].content == answers[1].content
    assert "idempotent-replayed" not in answers[0].headers
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert len(await uploads.trail(material)) == await counted(uploads, "treatment", "refused") == 1


async def test_broken_glass_opens_it_for_a_stranger_whose_reason_is_kept_and_who_is_counted(uploads):
    material = await uploads.available()
    broken = await break_glass(uploads, material, **ELSEWHERE)
    assert broken.status_code == 201, broken.text
    assert (await uploads.read(broken.json()["url"], **ELSEWHERE)).content == PDF
    assert await uploads.trail(material) == [
        ("stranger", "break-glass", "linked"),
        ("stranger", "break-glass", "read"),
    ]
    assert await counted(uploads, "break-glass", "linked") == 1
    assert await counted(uploads, "break-glass", "read") == 1
    as_treatment = broken.json()["url"].replace("purpose=break-glass", "purpose=treatment")
    assert (await uploads.read(as_treatment, **ELSEWHERE)).json()["code"] == "link-invalid"
    for reason in ("", "  x  "):
        assert (await break_glass(uploads, material, reason, **ELSEWHERE)).status_code == 422


async def test_what_is_to_be_reviewed_are_refusals_and_broken_glass_the_latest_first(uploads):
    material = await uploads.available()
    await uploads.read((await uploads.link(material)).json()["url"])
    await uploads.link(material, **ELSEWHERE)
    uploads.service.clock.advance(timedelta(minutes=1))
    await break_glass(uploads, material, **ELSEWHERE)
    found = (await uploads.service.get("/material-reads", role="back-office")).json()["reads"]
    assert [(one["purpose"], one["outcome"], one["reason"]) for one in found] == [
        ("break-glass", "linked", "unconscious in the emergency room"),
        ("treatment", "refused", None),
    ]
    assert {one["material_id"] for one in found} == {material["material_id"]}
    for page, before in ([found[0]], None), ([found[1]], found[0]["read_id"]), ([], found[1]["read_id"]):
        asked = {"limit": 1} | ({"before": before} if before else {})
        answer = await uploads.service.get("/material-reads", role="operator", **asked)
        assert answer.json()["reads"] == page


async def test_a_clinic_reads_while_the_patient_has_an_appointment_there_and_ninety_days_after(uploads):
    material = await uploads.available()
    clinics = [await uploads.clinic_of(material)]
    uploads.service.clock.advance(timedelta(days=90))
    assert (await uploads.link(material, clinics=clinics)).status_code == 201
    uploads.service.clock.advance(timedelta(days=1))
    assert (await uploads.link(material, clinics=clinics)).json()["code"] == "not-treating"


async def test_a_clinic_whose_appointment_is_given_back_reads_no_more(uploads):
    material = await uploads.available()
    await uploads.post(f"/appointments/{material['appointment_id']}/cancellation", body={"reason": "patient"})
    assert (await uploads.link(material)).json()["code"] == "not-treating"


async def test_every_clinic_where_the_patient_has_an_appointment_may_read_and_a_hold_is_none(uploads):
    material = await uploads.available()
    slot = await uploads.slot(days=3)
    held = (await uploads.take(slot, material["patient_id"], hold=True)).json()
    (session,) = await uploads.service.sql("SELECT clinic_id FROM session WHERE session_id = $1", slot.session_id)
    clinics = [session["clinic_id"], "dermatology"]
    assert (await uploads.link(material, clinics=clinics)).status_code == 403
    await uploads.post(f"/appointments/{held['appointment_id']}/confirmation")
    assert (await uploads.link(material, clinics=clinics)).status_code == 201


async def test_whoever_sits_in_the_session_may_read_whichever_clinic_they_are_of(uploads):
    team = {"kind": "mdt", "mdt_form": "traditional", "clinicians": ["D-1042", "D-7"]}
    await uploads.clinic("tumour-board", setting=team)
    (session,) = await uploads.open("tumour-board", NOON + timedelta(days=1))
    patient_id = str(await uploads.patient())
    body = {
        "patient_id": patient_id,
        "session_id": session["session_id"],
        "slot_starts_at": session["starts_at"],
        "visit_type": "outpatient",
        "channel": "app",
    }
    booked = (await uploads.post("/appointments", body=body)).json()
    material = await uploads.available(patient_id=patient_id, appointment_id=booked["appointment_id"])
    named = {"subject": "f81d4fae", "fhirUser": "https://fhir.example/r4/Practitioner/D-1042"}
    assert (await uploads.link(material, **named)).status_code == 201
    assert (await uploads.link(material, subject="D-7")).status_code == 201
    assert (await uploads.link(material, subject="D-8", clinics=["oncology"])).status_code == 403
    patient = {"subject": "D-7", "fhirUser": "Patient/D-7", "clinics": []}
    assert (await uploads.link(material, **patient)).status_code == 403


async def test_an_application_is_read_by_its_clinic_until_it_is_declined_then_by_who_declined_it_alone(uploads):
    material = await applied(uploads)
    assert (await uploads.link(material, clinics=["rheumatology"], subject="one")).status_code == 201
    assert (await uploads.link(material, **ELSEWHERE)).status_code == 403
    here = {"role": "clinician", "clinics": ["rheumatology"], "subject": "two"}
    declined = await decide(uploads, material, "decline", body={"reason": "not-indicated"}, **here)
    assert declined.status_code == 200
    assert (await uploads.link(material, clinics=["rheumatology"], subject="one")).status_code == 403
    assert (await uploads.link(material, clinics=["rheumatology"], subject="two")).status_code == 201


async def test_a_redirected_application_takes_the_right_to_read_along(uploads):
    material = await applied(uploads)
    await uploads.clinic("dermatology")
    here = {"role": "clinician", "clinics": ["rheumatology"], "subject": "one"}
    onward = await decide(uploads, material, "redirection", body={"clinic_id": "dermatology"}, **here)
    assert onward.status_code == 201, onward.text
    assert (await uploads.link(material, **ELSEWHERE)).status_code == 201
    assert (await uploads.link(material, clinics=["rheumatology"], subject="one")).status_code == 403


async def test_a_link_opens_for_its_caller_until_it_ends_and_for_nobody_else(uploads):
    material = await uploads.available()
    url = (await uploads.link(material)).json()["url"]
    foreign = await uploads.read(url, subject="somebody-else")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "link-invalid")
    secret = (await uploads.service.sql("SELECT secret FROM material_secret"))[0]["secret"]
    long_ago = wall_now() - timedelta(minutes=6)
    old = Link.sign(secret, UUID(material["material_id"]), "tester", Purpose.TREATMENT, long_ago)
    assert (await uploads.read(old.url)).json()["code"] == "link-invalid"
    assert await uploads.trail(material) == [
        ("tester", "treatment", "linked"),
        ("somebody-else", "treatment", "refused"),
        ("tester", "treatment", "refused"),
    ]
    assert await counted(uploads, "treatment", "read") == 0


async def test_who_uploads_or_oversees_sees_the_state_and_no_content(uploads):
    material = await uploads.available()
    url = (await uploads.link(material)).json()["url"]
    for role in ("patient-app", "front-desk", "back-office", "ward-nurse"):
        assert (await uploads.read(url, role=role)).json()["code"] == "role-missing"
        assert (await uploads.link(material, role)).json()["code"] == "role-missing"
    assert (await uploads.state(material))["state"] == "available"


async def test_the_trail_can_neither_be_changed_nor_removed(uploads):
    material = await uploads.available()
    await uploads.link(material)
    for statement in ("DELETE FROM material_read", "UPDATE material_read SET subject = 'nobody'"):
        with pytest.raises(IntegrityError, match="append-only"):
            async with uploads.service.database.work() as work:
                await (await work.session.connection()).exec_driver_sql(statement)
