"""Beds for later: promised to somebody from a date on, or to be closed; and what stands in the way."""

import asyncio
from datetime import timedelta

from tests.adapters.beds.wards import (
    SINGLE,
    SMALL,
    TWIN_1,
    TWIN_2,
    accept,
    admitted,
    bed,
    clean,
    comes,
    died,
    explanation,
    import_beds,
    leave,
    reserve,
    said_types,
)

DAY = timedelta(days=1)


async def plan(service, request_id, bed_id, days, until=None):
    """Promise a bed from so many days ahead."""
    now = service.clock.now()
    body = {"request_id": str(request_id), "bed_id": bed_id, "from_at": (now + days * DAY).isoformat()}
    if until:
        body["until_at"] = (now + until * DAY).isoformat()
    return await service.command("POST", "/plans", role="coordinator", body=body)


async def close_from(service, place_id, days):
    """Plan to close a place."""
    body = {"place_id": place_id, "from_at": (service.clock.now() + days * DAY).isoformat(), "reason": "new windows"}
    return await service.command("POST", "/closures", role="back-office", body=body)


async def test_two_promises_of_a_bed_never_overlap_even_when_they_are_made_at_once(beds):
    first, second = await comes(beds), await comes(beds)
    answers = await asyncio.gather(
        plan(beds, first.request_id, TWIN_1, 3, 6), plan(beds, second.request_id, TWIN_1, 5, 8)
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "bed-promised"}
    loser = first if answers[0].status_code == 409 else second
    assert (await plan(beds, loser.request_id, TWIN_1, 8, 9)).status_code == 201


async def test_a_single_sex_room_is_promised_to_one_sex_and_a_patient_has_one_promise(beds):
    woman, man = await comes(beds, sex="F"), await comes(beds, sex="M")
    assert (await plan(beds, woman.request_id, TWIN_1, 3)).status_code == 201
    assert (await plan(beds, man.request_id, TWIN_2, 4)).json()["code"] == "room-sex-planned"
    assert (await plan(beds, woman.request_id, TWIN_2, 30)).json()["code"] == "patient-has-plan"
    assert (await plan(beds, man.request_id, TWIN_2, -1)).json()["code"] == "not-ahead"


async def test_a_promise_keeps_others_out_from_a_day_before_and_becomes_a_reservation_in_time(beds):
    planned, other = await comes(beds), await comes(beds)
    assert (await plan(beds, planned.request_id, TWIN_1, 2)).status_code == 201
    beds.clock.advance(DAY)
    assert await beds.fire("bed-plans") == 1
    assert (await reserve(beds, other.request_id, TWIN_1)).json()["code"] == "bed-promised"
    await beds.fire("bed-round")
    assert (await explanation(beds, planned.request_id))["proposal"] is None
    assert (await explanation(beds, other.request_id))["proposal"]["bed_id"] == TWIN_2
    beds.clock.advance(DAY)
    assert await beds.fire("bed-plans") == 1
    assert await beds.fire("bed-plans") == 0
    state = await bed(beds, TWIN_1)
    assert (state["reserved"], state["patient_id"]) == (True, str(planned.patient_id))
    ended = [event for event in await beds.said() if event.type == "beds.bed-plan-ended.v1"]
    assert [event.outcome for event in ended] == ["kept"]


async def test_a_promise_waits_for_its_bed_and_is_shown_with_what_is_in_the_way(beds):
    lies = await admitted(beds, TWIN_1)
    planned = await comes(beds)
    await plan(beds, planned.request_id, TWIN_1, 2)
    [conflict] = (await beds.get("/plans/conflicts", role="viewer")).json()
    assert (conflict["obstacle"], conflict["stay_id"]) == ("occupant-stays-longer", str(lies.request_id))
    body = {"expected_leave_at": (beds.clock.now() + DAY).isoformat()}
    await beds.command("PUT", f"/stays/{lies.request_id}/expected-leave", role="ward-nurse", body=body)
    assert (await beds.get("/plans/conflicts", role="viewer")).json() == []
    beds.clock.advance(2 * DAY)
    assert await beds.fire("bed-plans") == 1
    assert await beds.fire("bed-plans") == 0
    await leave(beds, lies.request_id)
    [conflict] = (await beds.get("/plans/conflicts", role="viewer")).json()
    assert conflict["obstacle"] == "bed-not-ready"
    await clean(beds, TWIN_1)
    assert await beds.fire("bed-plans") == 1
    assert (await bed(beds, TWIN_1))["patient_id"] == str(planned.patient_id)


async def test_a_promise_that_a_rule_forbids_by_then_is_given_up_and_holds_up_no_other(beds):
    woman, other = await comes(beds, sex="F"), await comes(beds, specialty="surgery")
    await plan(beds, woman.request_id, TWIN_1, 2)
    await plan(beds, other.request_id, SINGLE, 2)
    await admitted(beds, TWIN_2, sex="M")
    beds.clock.advance(2 * DAY)
    assert await beds.fire("bed-plans") == 4
    assert [(await bed(beds, one))["reserved"] for one in (TWIN_1, SINGLE)] == [False, True]
    outcomes = {event.request_id: event.outcome for event in await beds.said() if "plan-ended" in event.type}
    assert outcomes == {woman.request_id: "cancelled", other.request_id: "kept"}


async def test_who_gets_another_bed_or_dies_needs_no_promise(beds):
    one, other = await comes(beds), await comes(beds)
    await plan(beds, one.request_id, TWIN_1, 5)
    await plan(beds, other.request_id, TWIN_2, 5)
    await reserve(beds, one.request_id, TWIN_2)
    await beds.deliver(died(other, beds.clock.now().date()))
    assert (await beds.get("/plans", role="viewer")).json() == []


async def test_a_planned_closure_takes_each_bed_when_it_is_free(beds):
    lies = await admitted(beds, TWIN_1)
    planned = (await close_from(beds, "east/C1", 2)).json()
    assert [one["kind"] for one in planned] == ["closure", "closure"]
    waits = await comes(beds)
    assert (await plan(beds, waits.request_id, TWIN_2, 3)).json()["code"] == "bed-promised"
    beds.clock.advance(2 * DAY)
    await beds.fire("bed-plans")
    assert [(await bed(beds, one))["status"] for one in (TWIN_1, TWIN_2)] == ["O", "C"]
    await leave(beds, lies.request_id)
    await clean(beds, TWIN_1)
    await beds.fire("bed-plans")
    assert (await bed(beds, TWIN_1))["status"] == "C"


async def test_a_cancelled_closure_closes_nothing_and_an_unknown_place_is_missing(beds):
    [planned] = (await close_from(beds, SINGLE, 2)).json()
    body = {"reason": "no windows yet"}
    path = f"/plans/{planned['plan_id']}/cancellation"
    assert (await beds.command("POST", path, role="back-office", body=body)).json()["state"] == "cancelled"
    assert (await beds.command("POST", path, role="back-office", body=body)).json()["code"] == "plan-ended"
    beds.clock.advance(3 * DAY)
    assert await beds.fire("bed-plans") == 0
    assert (await close_from(beds, "east/X9", 2)).status_code == 404


async def test_a_ward_or_room_closes_as_a_whole_or_not_at_all(beds):
    lies = await admitted(beds, TWIN_1)
    refused = (await beds.command("POST", "/wards/east/C1/closing", role="back-office")).json()
    assert refused["code"] == "beds-in-use"
    assert all(way in refused["remedy"] for way in ("/transfer", "/leave", "/closures"))
    await leave(beds, lies.request_id)
    closed = await beds.command("POST", "/rooms/east/C1/01/closing", role="back-office")
    assert [one["status"] for one in closed.json()] == ["C", "C"]
    assert (await beds.command("POST", "/wards/east/C9/closing", role="back-office")).status_code == 404


async def test_a_promise_that_takes_hold_ends_the_proposal_of_its_bed(beds):
    await import_beds(beds, [SMALL[0].replace("01,1,U", "02,1,U")])
    planned, other = await comes(beds), await comes(beds)
    await beds.fire("bed-round")
    proposed = (await explanation(beds, other.request_id))["proposal"]["bed_id"]
    now = beds.clock.now()
    body = {"request_id": str(planned.request_id), "bed_id": proposed, "from_at": (now + DAY / 2).isoformat()}
    assert (await beds.command("POST", "/plans", role="coordinator", body=body)).status_code == 201
    assert (await accept(beds, other.request_id)).json()["code"] == "bed-promised"
    await beds.fire("bed-round")
    assert (await explanation(beds, other.request_id))["proposal"]["bed_id"] != proposed
    assert "bed-planned" in await said_types(beds)
