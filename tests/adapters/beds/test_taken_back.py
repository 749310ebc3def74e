"""What is taken back in a stay: each by a named event, with its reason, and refused where the bed was given away."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.messages.discharge.clearance import DischargeOrdered
from tests.adapters.beds.wards import (
    SINGLE,
    TWIN_1,
    TWIN_2,
    admit,
    admitted,
    bed,
    clean,
    comes,
    leave,
    left,
    reserve,
    said_types,
    take_back,
    transfer,
)

HOUR = timedelta(hours=1)


async def history(service, request_id):
    """All that is known of a stay."""
    return (await service.get(f"/stays/{request_id}/history", role="viewer")).json()


async def phase_of_request(service, request_id):
    """Where the admission request stands."""
    return (await service.get(f"/requests/{request_id}", role="viewer")).json()["phase"]


async def test_a_reservation_is_cancelled_and_the_patient_waits_again(beds):
    event = await comes(beds)
    await reserve(beds, event.request_id, TWIN_1)
    assert (await take_back(beds, event.request_id, "reservation")).json()["phase"] == "expired"
    assert (await bed(beds, TWIN_1))["status"] == "U"
    assert await phase_of_request(beds, event.request_id) == "waiting"
    assert (await said_types(beds))[-1] == "reservation-cancelled"
    assert (await take_back(beds, event.request_id, "reservation")).json()["code"] == "not-reserved"
    assert (await reserve(beds, event.request_id, TWIN_2)).status_code == 201


async def test_an_admission_is_cancelled_its_bed_cleaned_and_the_patient_admitted_again_under_the_same_id(beds):
    event = await admitted(beds, TWIN_1)
    beds.clock.advance(HOUR)
    answer = (await take_back(beds, event.request_id, "admission")).json()
    assert (answer["phase"], answer["admitted_at"]) == ("expired", None)
    assert (await bed(beds, TWIN_1))["status"] == "H"
    assert await phase_of_request(beds, event.request_id) == "waiting"
    assert (await said_types(beds))[-1] == "admission-cancelled"
    await clean(beds, TWIN_1)
    await reserve(beds, event.request_id, TWIN_1)
    assert (await admit(beds, event.request_id)).json()["phase"] == "admitted"


async def test_an_admission_is_not_cancelled_once_the_discharge_is_ordered(beds):
    event = await admitted(beds, TWIN_1)
    await beds.deliver(ordered(event, beds.clock.now()))
    assert (await take_back(beds, event.request_id, "admission")).json()["code"] == "discharge-ordered"


async def test_a_transfer_is_cancelled_as_if_the_patient_had_never_moved(beds):
    event = await admitted(beds, TWIN_1, specialty="surgery")
    beds.clock.advance(HOUR)
    await transfer(beds, event.request_id, SINGLE)
    beds.clock.advance(HOUR)
    answer = (await take_back(beds, event.request_id, "transfer")).json()
    assert (answer["bed_id"], answer["ward_id"]) == (TWIN_1, "east/C1")
    assert [(await bed(beds, one))["status"] for one in (TWIN_1, SINGLE)] == ["O", "H"]
    known = await history(beds, event.request_id)
    assert [(use["bed_id"], use["until_at"]) for use in known["beds"]] == [(TWIN_1, None)]
    assert [(one["change"], one["reason"]) for one in known["changes"]] == [
        ("transfer-cancelled", "typed for the wrong patient")
    ]
    cancelled = (await beds.said())[-1]
    assert (cancelled.bed_id, cancelled.cancelled_bed_id) == (TWIN_1, SINGLE)
    assert (await take_back(beds, event.request_id, "transfer")).json()["code"] == "no-transfer-to-cancel"


async def test_a_transfer_is_not_cancelled_once_somebody_else_has_the_bed(beds):
    event = await admitted(beds, TWIN_1, specialty="surgery")
    await transfer(beds, event.request_id, SINGLE)
    await clean(beds, TWIN_1)
    await admitted(beds, TWIN_1)
    refused = (await take_back(beds, event.request_id, "transfer")).json()
    assert refused["code"] == "bed-given-away"
    assert refused["remedy"]
    assert [(await bed(beds, one))["status"] for one in (TWIN_1, SINGLE)] == ["O", "O"]


async def test_a_leave_is_undone_with_bed_and_history_as_if_the_patient_had_stayed(beds):
    event = await admitted(beds, TWIN_1)
    beds.clock.advance(HOUR)
    await beds.deliver(left(event, beds.clock.now()))
    assert (await bed(beds, TWIN_1))["status"] == "H"
    beds.clock.advance(HOUR)
    answer = (await take_back(beds, event.request_id, "leave")).json()
    assert (answer["phase"], answer["left_at"], answer["bed_days"]) == ("admitted", None, None)
    known = await history(beds, event.request_id)
    assert [(use["bed_id"], use["until_at"]) for use in known["beds"]] == [(TWIN_1, None)]
    assert [task["cancelled_at"] is not None for task in known["cleaning"]] == [True]
    assert (await said_types(beds))[-1] == "leave-undone"


async def test_a_leaving_that_was_undone_and_is_heard_of_late_ends_nothing_and_the_next_one_does(beds):
    event = await admitted(beds, TWIN_1)
    beds.clock.advance(HOUR)
    said_at = beds.clock.now()
    await leave(beds, event.request_id)
    beds.clock.advance(HOUR)
    await take_back(beds, event.request_id, "leave")
    await beds.deliver(left(event, said_at))
    assert (await bed(beds, TWIN_1))["status"] == "O"
    beds.clock.advance(HOUR)
    await beds.deliver(replace(left(event, beds.clock.now()), aggregate_version=10))
    assert (await bed(beds, TWIN_1))["status"] == "H"


async def test_a_leave_is_not_undone_once_the_room_is_the_other_sexs(beds):
    event = await admitted(beds, TWIN_1)
    await leave(beds, event.request_id)
    await clean(beds, TWIN_1)
    await admitted(beds, TWIN_2, sex="M")
    assert (await take_back(beds, event.request_id, "leave")).json()["code"] == "room-sex"


async def test_a_leave_is_not_undone_once_the_patient_lies_elsewhere_or_a_day_has_passed(beds):
    event = await admitted(beds, TWIN_1)
    await leave(beds, event.request_id)
    again = await admitted(beds, SINGLE, patient_id=event.patient_id, specialty="surgery")
    assert (await take_back(beds, event.request_id, "leave")).json()["code"] == "patient-has-bed"
    await leave(beds, again.request_id)
    beds.clock.advance(timedelta(hours=24, seconds=1))
    assert (await take_back(beds, event.request_id, "leave")).json()["code"] == "too-late-to-undo"


@pytest.mark.parametrize("what", ["reservation", "admission", "transfer", "leave"])
async def test_a_nurse_takes_nothing_back_for_another_ward_and_the_coordinator_does(beds, what):
    event = await admitted(beds, TWIN_1)
    headers = {**beds.headers("ward-nurse"), "Idempotency-Key": f"other ward {what}"}
    headers["Authorization"] = f"Bearer {nurse_of(beds, 'east/S1')}"
    path = f"/stays/{event.request_id}/{what}-cancellation"
    answer = await beds.client.post(path, json={"reason": "a mistake"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "other-ward")
    expected = {"reservation": "not-reserved", "transfer": "no-transfer-to-cancel", "leave": "not-left"}
    answer = await take_back(beds, event.request_id, what, role="coordinator")
    assert answer.json().get("code") == expected.get(what)


async def test_an_ordered_discharge_makes_the_patient_leaving_and_the_ward_says_when(beds):
    event = await admitted(beds, TWIN_1)
    await beds.deliver(ordered(event, beds.clock.now()), times=2)
    body = {"expected_leave_at": (beds.clock.now() + HOUR).isoformat()}
    path = f"/stays/{event.request_id}/expected-leave"
    assert (await beds.command("PUT", path, role="ward-nurse", body=body)).json()["leaving"]
    shown = (await beds.get("/stays", role="viewer", leaving=True)).json()
    assert [stay["stay_id"] for stay in shown] == [str(event.request_id)]
    assert (await said_types(beds))[-2:] == ["leave-expected", "leave-expected"]
    cancelled = (await take_back(beds, event.request_id, "expected-leave")).json()
    assert (cancelled["expected_leave_at"], cancelled["leaving"]) == (None, True)
    assert (await take_back(beds, event.request_id, "expected-leave")).json()["code"] == "not-leaving"
    late = {"expected_leave_at": (beds.clock.now() - HOUR).isoformat()}
    assert (await beds.command("PUT", path, role="clinician", body=late)).json()["code"] == "leaves-before-now"


async def test_another_team_answers_and_the_next_transfer_is_judged_by_its_specialty(beds):
    event = await admitted(beds, TWIN_1)
    assert (await transfer(beds, event.request_id, SINGLE)).json()["code"] == "hard-rule-broken"
    body = {"specialty": "surgery", "care_team": "surg-2"}
    path = f"/stays/{event.request_id}/care-team"
    changed = (await beds.command("PUT", path, role="clinician", body=body)).json()
    assert (changed["bed_id"], changed["specialty"], changed["care_team"]) == (TWIN_1, "surgery", "surg-2")
    said = (await beds.said())[-1]
    assert (said.previous_specialty, said.specialty) == ("cardiology", "surgery")
    again = await beds.command("PUT", path, role="clinician", body=body)
    assert again.json()["code"] == "same-care-team"
    assert (await transfer(beds, event.request_id, SINGLE)).status_code == 200


async def test_every_clock_of_a_stay_is_kept_and_shown(beds):
    event = await comes(beds)
    await beds.fire("bed-round")
    accepted = await beds.command("POST", f"/requests/{event.request_id}/acceptance", role="coordinator")
    bed_id = accepted.json()["bed_id"]
    await admit(beds, event.request_id)
    await beds.deliver(ordered(event, beds.clock.now()))
    beds.clock.advance(HOUR)
    await beds.deliver(left(event, beds.clock.now()))
    await beds.command("POST", f"/beds/{bed_id}/cleaning-start", role="ward-nurse")
    await clean(beds, bed_id)
    known = await history(beds, event.request_id)
    stay, [task] = known["stay"], known["cleaning"]
    for clock in ("proposed_at", "reserved_at", "admitted_at", "discharge_ordered_at", "left_at"):
        assert stay[clock], clock
    assert [task[clock] is not None for clock in ("requested_at", "started_at", "done_at")] == [True] * 3


def ordered(event, at):
    """The discharge service says that the discharge is ordered."""
    return DischargeOrdered(
        stay_id=event.request_id,
        patient_id=event.patient_id,
        disposition="home",
        blockers=(),
        ordered_at=at,
        aggregate_version=5,
    )


def nurse_of(service, ward_id):
    """A token of a nurse who works in one ward."""
    return service.token("ward-nurse", wards=[ward_id])
