"""The checklist of an admission through the service's own edge: marks, consents, and what keeps a patient out."""

import asyncio

import asyncpg
import pytest

from shared.ids import new_id
from tests.adapters.beds.wards import TWIN_1, comes, reserve, said_types


async def prepare(beds, request_id, *items, role="ward-nurse", state="done", **more):
    marks = [{"item": item, "state": state, **more} for item in items]
    return await beds.command("POST", f"/preparation/{request_id}/marks", role=role, body={"marks": marks})


async def consent(beds, request_id, decision, kind="admission"):
    body = {"consent": kind, "decision": decision}
    return await beds.command("POST", f"/preparation/{request_id}/consents", role="ward-nurse", body=body)


async def shown(beds, request_id):
    return (await beds.get(f"/preparation/{request_id}", role="viewer")).json()


async def admit(beds, request_id, body=None):
    return await beds.command("POST", f"/stays/{request_id}/admission", role="ward-nurse", body=body)


async def test_a_patient_who_is_prepared_is_admitted_without_a_word(beds):
    event = await comes(beds)
    await reserve(beds, event.request_id, TWIN_1)
    await prepare(beds, event.request_id, "insurance-card", "emergency-contact", "allergy-list", role="patient-app")
    await prepare(beds, event.request_id, "id-check", "wristband")
    answer = await consent(beds, event.request_id, "given")
    assert answer.json()["keeps_out"] == []
    assert (await admit(beds, event.request_id)).json()["phase"] == "admitted"
    changes = [one for one in await beds.said() if one.type == "beds.preparation-changed.v1"]
    assert [one.aggregate_version for one in changes] == [1, 2, 3]
    assert (changes[-1].open, changes[-1].missing) == (6, ("risk-assessment",))
    history = (await shown(beds, event.request_id))["marks"]
    assert [(mark["item"], mark["self_service"]) for mark in history][2:4] == [
        ("allergy-list", True),
        ("id-check", False),
    ]


async def test_open_items_are_named_and_a_reason_lets_the_patient_in_and_is_kept(beds):
    event = await comes(beds)
    await reserve(beds, event.request_id, TWIN_1)
    await prepare(beds, event.request_id, "id-check", "wristband", "emergency-contact", "allergy-list")
    refused = await admit(beds, event.request_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "preparation-open")
    assert "insurance-card, admission-consent" in refused.json()["remedy"]
    admitted = await admit(beds, event.request_id, {"open_items_reason": "bed-needed-at-once"})
    assert admitted.json()["phase"] == "admitted"
    kept = (await shown(beds, event.request_id))["marks"][-2:]
    assert [(mark["item"], mark["state"], mark["reason"], mark["marked_by"]) for mark in kept] == [
        (item, "accepted-open", "bed-needed-at-once", "tester") for item in ("insurance-card", "admission-consent")
    ]
    assert (await said_types(beds)).count("preparation-changed") == 1


@pytest.mark.parametrize(
    "changes",
    [{"source": "emergency", "admission_class": "emergency", "triage": 3}, {"immediate": True}],
    ids=["emergency", "tier 0"],
)
async def test_an_emergency_is_kept_out_by_nothing(beds, changes):
    event = await comes(beds, **changes)
    await reserve(beds, event.request_id, TWIN_1)
    assert (await shown(beds, event.request_id))["exempt"]
    assert (await admit(beds, event.request_id)).json()["phase"] == "admitted"


async def test_a_reservation_that_is_over_is_said_before_what_is_open(beds):
    event = await comes(beds)
    await reserve(beds, event.request_id, TWIN_1)
    beds.clock.advance(2 * beds.host.settings.hold)
    assert (await admit(beds, event.request_id)).json()["code"] == "hold-expired"


async def test_a_withdrawn_consent_opens_the_item_again_and_history_stays(beds):
    event = await comes(beds)
    await consent(beds, event.request_id, "given")
    await consent(beds, event.request_id, "withdrawn")
    again = await consent(beds, event.request_id, "withdrawn")
    assert (again.status_code, again.json()["code"]) == (409, "consent-not-given")
    found = await shown(beds, event.request_id)
    assert (found["consents"], "admission-consent" in found["keeps_out"]) == ({"admission": "withdrawn"}, True)
    assert [one["decision"] for one in found["decisions"]] == ["given", "withdrawn"]


@pytest.mark.parametrize("change", ["UPDATE consent SET decision = 'given'", "DELETE FROM preparation_mark"])
async def test_history_is_only_added_to(beds, change):
    with pytest.raises(asyncpg.RestrictViolationError):
        await beds.sql(change)


async def test_marks_at_the_same_instant_are_all_kept(beds):
    event = await comes(beds)
    items = ("id-check", "wristband", "allergy-list", "insurance-card")
    await asyncio.gather(*(prepare(beds, event.request_id, item) for item in items))
    found = await shown(beds, event.request_id)
    assert {one["item"] for one in found["items"] if one["state"] == "done"} == set(items)
    assert found["version"] == 4


async def test_what_is_refused_names_the_remedy_and_what_is_not_there_is_not_found(beds):
    event = await comes(beds)
    refused = await prepare(beds, event.request_id, "wristband", role="patient-app")
    assert (refused.json()["code"], refused.json()["remedy"]) == ("not-your-item", "wristband is done by ward-nurse")
    free = await prepare(beds, event.request_id, "allergy-list", state="not-applicable", reason="He said: none")
    assert free.json()["fields"][0]["field"] == "marks[0].reason"
    assert (await prepare(beds, new_id(), "wristband")).status_code == 404
    listed = (await beds.get("/preparation/items", role="patient-app")).json()
    assert len(listed["items"]) == 12
