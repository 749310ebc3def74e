"""Referrals on a real database: partners, both directions, one answer each."""

import asyncio
from datetime import date, timedelta

import pytest

from shared.ids import new_id
from tests.adapters.beds.wards import TWIN_1, admitted, comes, died, said_types

PARTNERS = """partner,name,kind,specialties,active
county,County Hospital,hospital,cardiology,yes
far,Far Hospital,hospital,,no
street,Street Community Centre,community,rehabilitation,yes
"""


async def import_partners(service, content=PARTNERS):
    """Send a partner file."""
    headers = {**service.headers("back-office"), "Idempotency-Key": str(new_id()), "Content-Type": "text/csv"}
    return await service.client.post("/partners/import", content=content.encode(), headers=headers)


@pytest.fixture
async def network(beds):
    """The small hospital in its network."""
    assert (await import_partners(beds)).json() == {"imported": 3, "added": 3, "rejected_rows": []}
    return beds


async def ask_us(service, **changes):
    """The county hospital asks us to take a patient."""
    body = {
        "referral_id": str(new_id()),
        "patient_id": str(new_id()),
        "partner_id": "county",
        "partner_reference": "letter-7",
        "campus_id": "east",
        "need": {"specialty": "cardiology", "diagnosis_code": "I21.9", "expected_days": 5, "materials": ["m-1", "m-2"]},
    }
    return await service.command("POST", "/referrals/in", role="system", body=body | changes)


async def ask_partner(service, event, **changes):
    """We ask the community centre to take a patient."""
    body = {
        "referral_id": str(new_id()),
        "stay_id": str(event.request_id),
        "partner_id": "street",
        "specialty": "rehabilitation",
        "diagnosis_code": "I63.9",
        "rehabilitation_codes": ["walking"],
        "plan_reference": "plan-1",
        "wanted_on": "2026-03-05",
    }
    return await service.command("POST", "/referrals/out", role="clinician", body=body | changes)


async def call(service, direction, referral_id, what, body, role="coordinator"):
    """An answer."""
    return await service.command("POST", f"/referrals/{direction}/{referral_id}/{what}", role=role, body=body)


YES = {"admit_on": "2026-03-04", "department_cmi": 1.1}


async def test_a_partner_file_is_written_over_and_its_faults_are_told(network):
    again = await import_partners(network, PARTNERS + "new,New Hospital,clinic,,yes\n")
    assert (again.json()["imported"], again.json()["added"]) == (3, 0)
    assert [(fault["line"], fault["field"]) for fault in again.json()["rejected_rows"]] == [(5, "kind")]
    assert [one["partner_id"] for one in (await network.get("/partners", role="viewer")).json()] == [
        *("county", "far", "street")
    ]


async def test_an_accepted_referral_is_told_to_registration_and_its_patient_has_a_bed_under_the_same_id(network):
    asked = (await ask_us(network)).json()
    assert (asked["phase"], asked["need"]["materials"]) == ("sent", ["m-1", "m-2"])
    accepted = await call(network, "in", asked["referral_id"], "acceptance", YES)
    assert (accepted.json()["phase"], accepted.json()["bed_on"]) == ("accepted", "2026-03-04")
    said = [event for event in await network.said() if event.type == "beds.referral-accepted.v1"]
    assert [(str(event.referral_id), event.admit_on) for event in said] == [(asked["referral_id"], date(2026, 3, 4))]
    await comes(network, request_id=said[0].referral_id, patient_id=said[0].patient_id, admission_class="transfer")
    await network.fire("bed-round")
    assert [one["request_id"] for one in (await network.get("/proposals", role="viewer")).json()] == [
        asked["referral_id"]
    ]


async def test_of_two_answers_at_once_one_counts(network):
    asked = (await ask_us(network)).json()
    no = {"reason": "no-bed", "alternative_partner_id": "far"}
    answers = await asyncio.gather(
        call(network, "in", asked["referral_id"], "acceptance", YES),
        call(network, "in", asked["referral_id"], "refusal", no),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert [answer.json()["code"] for answer in answers if answer.status_code == 409] == ["referral-answered"]


async def test_a_partners_reference_is_one_referral(network):
    assert (await ask_us(network)).status_code == 201
    assert (await ask_us(network)).json()["code"] == "referral-exists"


@pytest.mark.parametrize(
    ("partner", "status", "code"),
    [("street", 409, "partner-kind"), ("far", 409, "partner-inactive"), ("x", 404, "partner-missing")],
)
async def test_who_cannot_ask_is_told_why(network, partner, status, code):
    answer = await ask_us(network, partner_id=partner)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_community_hospital_is_asked_and_answers_and_the_worklist_shows_what_is_due_first(network):
    patient = await admitted(network, TWIN_1)
    await ask_us(network)
    network.clock.advance(timedelta(hours=1))
    first = (await ask_partner(network, patient)).json()
    due = (await network.get("/referrals", role="coordinator", phase="sent")).json()
    assert [one["direction"] for one in due] == ["out", "in"]
    wrong = await call(network, "out", first["referral_id"], "answer", {"accepted": True}, role="system")
    assert wrong.status_code == 422
    body = {"accepted": True, "bed_on": "2026-03-05"}
    answered = await call(network, "out", first["referral_id"], "answer", body, role="system")
    assert (answered.json()["phase"], answered.json()["bed_on"]) == ("accepted", "2026-03-05")
    again = await call(
        network, "out", first["referral_id"], "answer", {"accepted": False, "reason": "no-bed"}, role="system"
    )
    assert again.json()["code"] == "referral-answered"
    assert (await said_types(network))[-2:] == ["referral-out-sent", "referral-out-answered"]


async def test_only_who_lies_here_is_referred_and_only_a_gateway_answers(network):
    waits = await comes(network)
    assert (await ask_partner(network, waits)).status_code == 404
    asked = (await ask_partner(network, await admitted(network, TWIN_1))).json()
    body = {"accepted": False, "reason": "no-bed"}
    assert (await call(network, "out", asked["referral_id"], "answer", body)).status_code == 403


async def test_nobody_is_asked_about_a_patient_who_has_died(network):
    patient = await admitted(network, TWIN_1)
    await ask_partner(network, patient)
    await network.deliver(died(patient, date(2026, 3, 2)))
    assert [one["phase"] for one in (await network.get("/referrals", role="viewer")).json()] == ["cancelled"]
    assert (await said_types(network))[-1] == "referral-out-cancelled"
