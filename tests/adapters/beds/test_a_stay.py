"""A patient's way through a bed, as the ward sees it: request, proposal, reservation, admission, leaving, cleaning."""

from datetime import timedelta

import pytest

from shared.ids import new_id
from tests.adapters.beds.wards import (
    SINGLE,
    TWIN_1,
    TWIN_2,
    accept,
    admit,
    admitted,
    bed,
    comes,
    died,
    explanation,
    left,
    reserve,
    said_types,
    transfer,
)


async def test_a_request_becomes_a_proposal_a_reservation_and_a_stay(beds):
    event = await comes(beds)
    assert await beds.fire("bed-round") == 1
    proposal = (await explanation(beds, event.request_id))["proposal"]
    accepted = await accept(beds, event.request_id)
    assert (accepted.status_code, accepted.json()["bed_id"]) == (201, proposal["bed_id"])
    assert (await admit(beds, event.request_id)).json()["phase"] == "admitted"
    await beds.deliver(left(event, beds.clock.now()))
    await beds.command("POST", f"/beds/{proposal['bed_id']}/cleaned", role="ward-nurse")
    own = [kind for kind in await said_types(beds) if not kind.startswith(("bed-st", "cleaning"))]
    assert own == ["admission-queued", "bed-proposed", "bed-reserved", "patient-admitted", "bed-released"]


async def test_every_change_of_a_bed_is_said_and_shown_with_the_next_version(beds):
    event = await admitted(beds, TWIN_1)
    await beds.deliver(left(event, beds.clock.now()))
    await beds.command("POST", f"/beds/{TWIN_1}/cleaned", role="ward-nurse")
    said = [one for one in await beds.said() if getattr(one, "bed_id", "") == TWIN_1]
    changes = [one for one in said if one.type == "beds.bed-status-changed.v1"]
    states = [one for one in said if one.type == "beds.bed-state.v1"]
    shown = [("U", False), ("U", True), ("O", False), ("H", False), ("U", False)]
    assert [(one.status, one.reserved) for one in changes] == shown
    assert [one.aggregate_version for one in changes] == [one.aggregate_version for one in states] == [1, 2, 3, 4, 5]
    assert [one.stay_id for one in states] == [None, event.request_id, event.request_id, None, None]


async def test_a_reservation_that_nobody_comes_for_ends_after_four_hours_and_the_patient_waits_again(beds):
    event = await comes(beds)
    await reserve(beds, event.request_id, TWIN_1)
    beds.clock.advance(timedelta(hours=4))
    assert await beds.fire("reservation-expiry") == 0
    beds.clock.advance(timedelta(microseconds=1))
    assert (await admit(beds, event.request_id)).json()["code"] == "hold-expired"
    assert await beds.fire("reservation-expiry") == 1
    assert await beds.fire("reservation-expiry") == 0
    assert (await bed(beds, TWIN_1))["reserved"] is False
    await beds.fire("bed-round")
    assert (await accept(beds, event.request_id)).json()["version"] == 3


async def test_the_next_expiry_is_due_exactly_when_there_is_something_to_do(beds):
    event = await comes(beds)
    held_until = (await reserve(beds, event.request_id, TWIN_1)).json()["held_until"]
    expiry = next(timer for timer in beds.host.timers if timer.name == "reservation-expiry")
    async with beds.database.work() as work:
        due_at = await expiry.next_due_at(work)
    beds.clock.set(due_at - timedelta(microseconds=1))
    assert (beds.clock.now().isoformat().replace("+00:00", "Z"), await beds.fire(expiry.name)) == (held_until, 0)
    beds.clock.set(due_at)
    assert await beds.fire(expiry.name) == 1
    async with beds.database.work() as work:
        assert await expiry.next_due_at(work) is None


async def test_a_transfer_moves_the_patient_and_leaves_the_old_bed_to_be_cleaned(beds):
    event = await admitted(beds, TWIN_1)
    moved = await transfer(beds, event.request_id, TWIN_2)
    assert (moved.status_code, moved.json()["bed_id"]) == (200, TWIN_2)
    assert [(await bed(beds, one))["status"] for one in (TWIN_1, TWIN_2)] == ["H", "O"]
    transferred = next(one for one in await beds.said() if one.type == "beds.patient-transferred.v1")
    assert (transferred.previous_bed_id, transferred.bed_id) == (TWIN_1, TWIN_2)


async def test_a_transfer_that_is_refused_leaves_everything_as_it_was(beds):
    event, other = await admitted(beds, TWIN_1), await admitted(beds, TWIN_2)
    before = await said_types(beds)
    assert (await transfer(beds, event.request_id, TWIN_2)).json()["code"] == "bed-taken"
    assert (await transfer(beds, event.request_id, TWIN_1)).json()["code"] == "same-bed"
    assert (await transfer(beds, other.request_id, SINGLE)).json()["code"] == "hard-rule-broken"
    assert await said_types(beds) == before


async def test_a_broken_hard_rule_is_named_and_passed_over_only_with_a_reason_and_a_name(beds):
    event = await comes(beds, needs=("telemetry",))
    refused = (await reserve(beds, event.request_id, TWIN_1)).json()
    assert (refused["code"], "equipment" in refused["remedy"]) == ("hard-rule-broken", True)
    stay = (await reserve(beds, event.request_id, TWIN_1, override="a portable monitor is at the bed")).json()
    assert (stay["overridden_rule"], stay["override_by"]) == ("equipment", "tester")
    plain = await comes(beds)
    unneeded = (await reserve(beds, plain.request_id, TWIN_2, override="just to be sure")).json()
    assert (unneeded["overridden_rule"], unneeded["override_reason"]) == (None, None)


async def test_a_nurse_admits_moves_and_lets_go_the_patients_of_her_wards_alone(beds):
    event = await comes(beds)
    await reserve(beds, event.request_id, TWIN_1)
    unprepared = {"open_items_reason": "ward-decision"}
    for what, body in (("admission", unprepared), ("transfer", {"bed_id": TWIN_2}), ("leave", None)):
        path = f"/stays/{event.request_id}/{what}"
        elsewhere = await beds.command("POST", path, role="ward-nurse", body=body, wards=["east/S1"])
        assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "other-ward")
        here = await beds.command("POST", path, role="ward-nurse", body=body, wards=["east/C1", "east/S1"])
        assert here.status_code == 200, here.text


async def test_leaving_twice_or_as_a_stranger_changes_nothing(beds):
    event = await admitted(beds, TWIN_1)
    stranger = await comes(beds)
    await beds.deliver(left(stranger, beds.clock.now()), left(event, beds.clock.now()))
    said = await said_types(beds)
    await beds.deliver(left(event, beds.clock.now()))
    assert await said_types(beds) == said
    assert (await beds.command("POST", f"/stays/{event.request_id}/leave", role="ward-nurse")).status_code == 409


async def test_a_request_that_is_delivered_twice_waits_once(beds):
    event = await comes(beds)
    await beds.deliver(event)
    assert (await said_types(beds)).count("admission-queued") == 1
    assert len((await beds.get("/requests", role="coordinator")).json()) == 1


async def test_who_has_died_waits_for_nothing_and_keeps_no_reservation_but_a_stay_goes_on(beds):
    patient_id = new_id()
    lies = await admitted(beds, TWIN_1, patient_id=patient_id)
    waits = await comes(beds, patient_id=patient_id)
    expected = await comes(beds)
    await reserve(beds, expected.request_id, TWIN_2)
    await beds.deliver(died(lies, beds.clock.now().date()), died(expected, beds.clock.now().date()))
    phases = [
        (await beds.get(f"/requests/{one.request_id}", role="viewer")).json()["phase"]
        for one in (lies, waits, expected)
    ]
    assert phases == ["admitted", "withdrawn", "withdrawn"]
    assert [(await bed(beds, one))["status"] for one in (TWIN_1, TWIN_2)] == ["O", "U"]


async def test_a_request_heard_of_after_the_death_does_not_wait(beds):
    patient_id = new_id()
    event = await comes(beds, patient_id=patient_id)
    await beds.deliver(died(event, beds.clock.now().date()))
    late = await comes(beds, patient_id=patient_id)
    assert (await beds.get(f"/requests/{late.request_id}", role="viewer")).json()["phase"] == "withdrawn"
    assert (await said_types(beds)).count("admission-queued") == 1


async def test_the_summary_counts_admissions_by_source_and_bed_days(beds):
    first = await admitted(beds, TWIN_1, source="emergency", triage=2, admission_class="emergency")
    await admitted(beds, TWIN_2)
    await beds.deliver(left(first, beds.clock.now() + timedelta(days=3)))
    waiting = await comes(beds, specialty="surgery")
    await reserve(beds, waiting.request_id, SINGLE)
    summary = (await beds.get("/stays/summary", role="coordinator")).json()
    assert summary == {
        "admissions": 2,
        "by_source": {"clinic": 1, "emergency": 1},
        "reserved": 1,
        "open": 1,
        "left": 1,
        "bed_days": 3,
    }


@pytest.mark.parametrize("path", ["/stays/{id}/admission", "/stays/{id}/leave", "/requests/{id}/acceptance"])
async def test_what_does_not_exist_is_not_found(beds, path):
    role = "coordinator" if "requests" in path else "ward-nurse"
    answer = await beds.command("POST", path.format(id=new_id()), role=role)
    assert answer.status_code == 404
