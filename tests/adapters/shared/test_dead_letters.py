"""Parked events: shown in groups, taken or let go in order, each decision logged with who and when."""

from datetime import date

import pytest

from services.beds.app import SERVICE
from shared.ids import new_id
from shared.messages.registration.patients import PatientDeceased

SPOIL = "CREATE RULE spoil AS ON INSERT TO deceased DO INSTEAD SELECT 1/0"
MEND = "DROP RULE spoil ON deceased"


@pytest.fixture
async def beds(run_service, monkeypatch):
    monkeypatch.setattr("shared.effects.BACK_OFF_SECONDS", 0.0)
    async with run_service(SERVICE) as service:
        yield service


def death(patient_id, version=1):
    return PatientDeceased(patient_id=patient_id, deceased_on=date(2026, 3, 2), aggregate_version=version)


async def park(beds, *patients):
    """Let the deaths of these fail, with one more event of the first behind it."""
    await beds.sql(SPOIL)
    await beds.deliver(*map(death, patients), death(patients[0], 2))
    await beds.sql(MEND)


async def ask(beds, method, path="", status=200):
    answer = await beds.client.request(method, f"/dead-letters{path}", headers=beds.headers("operator"))
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_events_that_fail_alike_are_one_group_and_those_behind_are_counted(beds):
    first, second = new_id(), new_id()
    await park(beds, first, second)
    (group,) = await ask(beds, "GET", "/groups")
    assert (group["type"], group["events"], group["behind"], group["attempts"]) == (
        "registration.patient-deceased.v1",
        2,
        1,
        0,
    )
    heads = await ask(beds, "GET", f"?fingerprint={group['fingerprint']}")
    assert [one["aggregate"] for one in heads] == [f"registration:patient/{each}" for each in (first, second)]
    assert len(await ask(beds, "GET")) == 3


async def test_one_event_is_shown_with_its_headers_and_without_its_content(beds):
    await park(beds, new_id())
    (head, _) = await ask(beds, "GET")
    one = await ask(beds, "GET", f"/{head['id']}")
    assert dict(one["headers"])["ce_type"] == "registration.patient-deceased.v1"
    assert one["value_bytes"] > 0
    assert "deceased_on" not in str(one)
    await ask(beds, "GET", "/999999", status=404)


async def test_a_failed_redrive_changes_nothing_and_is_counted_and_logged(beds):
    await park(beds, new_id())
    (head, _) = await ask(beds, "GET")
    await beds.sql(SPOIL)
    assert (await ask(beds, "POST", f"/{head['id']}/redrive", status=409))["code"] == "still-failing"
    await beds.sql(MEND)
    assert [one["attempts"] for one in await ask(beds, "GET")] == [1, 0]
    (decision,) = await ask(beds, "GET", "/decisions")
    assert (decision["who"], decision["action"]) == ("tester", "redrive")
    assert decision["fault"] is not None
    assert await beds.sql("SELECT * FROM deceased") == []


async def test_a_redrive_takes_all_in_order_once_and_is_logged(beds):
    patient = new_id()
    await park(beds, patient)
    (head, _) = await ask(beds, "GET")
    assert (await ask(beds, "POST", f"/{head['id']}/redrive"))["events"] == 2
    assert [row["patient_id"] for row in await beds.sql("SELECT patient_id FROM deceased")] == [patient]
    assert await ask(beds, "GET") == []
    assert [one["action"] for one in await ask(beds, "GET", "/decisions")] == ["redrive"] * 2
    await ask(beds, "POST", f"/{head['id']}/redrive", status=404)
    await beds.deliver(death(patient), death(patient, 2))
    assert await beds.sql("SELECT version FROM aggregate_version") == [{"version": 2}]


async def test_what_is_dropped_has_no_effect_and_is_logged(beds):
    patient = new_id()
    await park(beds, patient)
    (head, _) = await ask(beds, "GET")
    assert (await ask(beds, "DELETE", f"/{head['id']}"))["events"] == 2
    assert await beds.sql("SELECT * FROM deceased") == []
    log = await ask(beds, "GET", "/decisions")
    assert [(one["who"], one["action"], one["fault"]) for one in log] == [("tester", "drop", None)] * 2


async def test_only_an_operator_may(beds):
    answer = await beds.get("/dead-letters/groups", role="coordinator")
    assert answer.status_code == 403
