"""The coordinator's desk through the service's own edge: one list, and all that others tell of it, in any order."""

import asyncio
from datetime import timedelta
from itertools import permutations

import pytest

from shared.ids import new_id
from shared.messages.followup.callbacks import CallBackDue, CallBackRecorded
from shared.messages.registration.exams import AdmissionExamsBooked, AdmissionExamsUnplanned
from tests.adapters.beds.wards import SINGLE, TWIN_1, TWIN_2, accept, admit, bed, comes, died, reserve, said_types

HOUR = timedelta(hours=1)


def call_due(event, at, version=1):
    return CallBackDue(
        call_back_id=new_id(),
        request_id=event.request_id,
        patient_id=event.patient_id,
        occurrence=version,
        due_at=at,
        late_at=at + 22 * HOUR,
        next_due_at=at + 24 * 14 * HOUR,
        aggregate_version=version,
    )


def call_recorded(event, at, outcome, status="completed", version=2):
    return CallBackRecorded(
        call_back_id=new_id(),
        request_id=event.request_id,
        patient_id=event.patient_id,
        outcome=outcome,
        status=status,
        recorded_at=at,
        next_due_at=at + 24 * 14 * HOUR,
        aggregate_version=version,
    )


def exams(event, kind, version, **more):
    usual = {"request_id": event.request_id, "patient_id": event.patient_id, "exams": 2, "aggregate_version": version}
    return kind(**usual, **more)


async def worklist(beds, **asked):
    answer = await beds.get("/desk/worklist", role="coordinator", **asked)
    assert answer.status_code == 200, answer.json()
    return answer.json()


async def ids(beds, **asked):
    return [entry["request_id"] for entry in (await worklist(beds, **asked))["entries"]]


async def entry(beds, event):
    return (await beds.get(f"/desk/requests/{event.request_id}", role="viewer")).json()


async def at_desk(beds, event, action, body=None, role="coordinator"):
    return await beds.command("POST", f"/desk/requests/{event.request_id}/{action}", role=role, body=body)


async def test_everybody_who_waits_is_on_one_list_by_rank_with_reasons_and_reservations_below(beds):
    elective = await comes(beds)
    urgent = await comes(beds, source="emergency", admission_class="emergency", triage=1)
    other = await comes(beds, specialty="surgery")
    await beds.fire("bed-round")
    await accept(beds, other.request_id)
    assert await ids(beds) == [str(one.request_id) for one in (urgent, elective, other)]
    first, second, last = (await worklist(beds))["entries"]
    assert (first["ranking"]["rank"], second["ranking"]["rank"], last["ranking"]) == (1, 2, None)
    assert sum(term["points"] for term in first["ranking"]["terms"]) == pytest.approx(first["ranking"]["points"])
    assert first["actions"]["accept"] == f"POST /requests/{urgent.request_id}/acceptance"
    assert (last["reserved"]["bed_id"], last["reserved"]["answer"], last["phase"]) == (SINGLE, None, "reserved")


async def test_the_list_is_filtered_and_read_page_by_page(beds):
    mine = [await comes(beds) for _ in range(3)]
    west = await comes(beds, campus_id="west")
    urgent = await comes(beds, immediate=True)
    await beds.fire("bed-round")
    assert await ids(beds, campus_id="west") == [str(west.request_id)]
    assert await ids(beds, tier=0) == [str(urgent.request_id)]
    assert await ids(beds, specialty="surgery") == []
    assert set(await ids(beds, ward_id="C1")) < {str(one.request_id) for one in (*mine, urgent)}
    assert await ids(beds, prepared=True) == []
    everybody = await ids(beds)
    pages = [await ids(beds, offset=offset, limit=2) for offset in (0, 2, 4)]
    assert [one for page in pages for one in page] == everybody
    assert (await worklist(beds, limit=2))["total"] == 5
    assert (await beds.get("/desk/worklist", role="coordinator", colour="red")).status_code == 422


async def test_who_has_no_bed_is_told_why(beds):
    nobody = await comes(beds, specialty="neurology")
    await beds.fire("bed-round")
    assert (await entry(beds, nobody))["without_bed"] == {"specialty": 3}


async def test_calls_are_shown_as_followup_tells_of_them_and_late_by_the_clock(beds):
    event, now = await comes(beds), beds.clock.now()
    assert (await entry(beds, event))["call"]["state"] == "not-yet"
    await beds.deliver(call_due(event, now))
    assert await ids(beds, call="due") == [str(event.request_id)]
    beds.clock.advance(23 * HOUR)
    assert (await entry(beds, event))["call"]["state"] == "overdue"
    await beds.deliver(call_recorded(event, now, "no_answer", "ready"))
    await beds.deliver(call_recorded(event, now, "reached", version=3))
    call = (await entry(beds, event))["call"]
    assert (call["state"], call["outcome"]) == ("done", "reached")


async def test_a_worse_condition_lies_on_top_until_somebody_has_seen_to_it(beds):
    first, second = await comes(beds), await comes(beds)
    await beds.deliver(call_recorded(second, beds.clock.now(), "condition_worse", version=1))
    assert await ids(beds) == [str(second.request_id), str(first.request_id)]
    await beds.deliver(call_recorded(second, beds.clock.now(), "wants_to_wait"))
    assert (await entry(beds, second))["attention"] == "condition_worse"
    assert (await worklist(beds, attention=True))["attention"] == 1
    assert (await at_desk(beds, second, "acknowledgement")).json()["attention"] is None
    assert (await at_desk(beds, second, "acknowledgement")).json()["code"] == "nothing-to-see-to"
    assert await ids(beds, attention=True) == []


async def test_exams_are_shown_and_ask_for_a_person_until_they_have_places(beds):
    event = await comes(beds)
    await beds.deliver(exams(event, AdmissionExamsUnplanned, 1, reason="no-plan"))
    shown = await entry(beds, event)
    assert (shown["exams"]["state"], shown["exams"]["reason"], shown["attention"]) == (
        *("unplanned", "no-plan"),
        "exams_unplanned",
    )
    await beds.deliver(exams(event, AdmissionExamsBooked, 2, last_ends_at=beds.clock.now() + HOUR))
    shown = await entry(beds, event)
    assert (shown["exams"]["state"], shown["exams"]["exams"], shown["attention"]) == ("booked", 2, None)


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
async def test_what_services_tell_in_any_order_and_twice_comes_to_the_same(beds, order):
    now, event = beds.clock.now(), await comes(beds)
    told = (
        [call_due(event, now), call_recorded(event, now, "unreachable", "failed")],
        [exams(event, AdmissionExamsBooked, 1, last_ends_at=now)],
        [call_due(await comes(beds), now)],
    )
    for number in order:
        await beds.deliver(*told[number], times=2)
    shown = await entry(beds, event)
    assert (shown["call"]["state"], shown["exams"]["state"], shown["attention"]) == ("failed", "booked", "unreachable")


async def test_a_patient_confirms_the_bed_by_app_and_counts_as_self_service(beds):
    by_app, by_phone = await comes(beds), await comes(beds)
    early = await at_desk(beds, by_app, "answer", {"answer": "confirmed"}, role="patient-app")
    assert (early.status_code, early.json()["code"]) == (409, "not-reserved")
    await reserve(beds, by_app.request_id, TWIN_1)
    await reserve(beds, by_phone.request_id, TWIN_2)
    await at_desk(beds, by_app, "answer", {"answer": "confirmed"}, role="patient-app")
    await at_desk(beds, by_phone, "answer", {"answer": "confirmed"}, role="front-desk")
    figures = (await beds.get("/desk/figures", role="viewer")).json()
    assert figures == {"reserved": 2, "confirmed_by_app": 1, "declined": 0, "self_service_share": 0.5}
    answers = [one for one in await beds.said() if one.type == "beds.reservation-answered.v1"]
    assert [(one.answer, one.self_service) for one in answers] == [("confirmed", True), ("confirmed", False)]
    assert (await entry(beds, by_app))["reserved"]["answer"] == "confirmed"


async def test_who_declines_frees_the_bed_and_is_asked_anew_about_the_next(beds):
    event = await comes(beds)
    await reserve(beds, event.request_id, TWIN_1)
    answer = await at_desk(beds, event, "answer", {"answer": "declined"}, role="patient-app")
    assert answer.json() == {"request_id": str(event.request_id), "phase": "waiting", "attention": "declined"}
    assert (await bed(beds, TWIN_1))["reserved"] is False
    await reserve(beds, event.request_id, TWIN_2)
    assert (await entry(beds, event))["reserved"]["answer"] is None
    assert (await beds.get("/desk/figures", role="viewer")).json()["declined"] == 1


@pytest.mark.parametrize("reserved", [False, True])
async def test_a_withdrawn_request_waits_no_more_and_keeps_no_bed(beds, reserved):
    event = await comes(beds)
    if reserved:
        await reserve(beds, event.request_id, TWIN_1)
    answer = await at_desk(beds, event, "withdrawal", {"reason": "patient-wish"})
    assert answer.json()["phase"] == "withdrawn"
    withdrawn = (await beds.said())[-1]
    assert (withdrawn.type, withdrawn.reason) == ("beds.admission-withdrawn.v1", "patient-wish")
    assert (await bed(beds, TWIN_1))["reserved"] is False
    assert await ids(beds) == []
    assert (await at_desk(beds, event, "withdrawal", {"reason": "patient-wish"})).json()[
        "code"
    ] == "request-not-waiting"
    assert (await beds.get(f"/desk/requests/{event.request_id}", role="viewer")).json()["code"] == "desk-entry-missing"


async def test_who_lies_in_a_bed_is_not_withdrawn(beds):
    event = await comes(beds)
    await reserve(beds, event.request_id, TWIN_1)
    await admit(beds, event.request_id)
    assert (await at_desk(beds, event, "withdrawal", {"reason": "patient-wish"})).json()["code"] == "patient-admitted"


async def test_of_an_admission_and_a_withdrawal_at_once_one_takes_effect(beds):
    event = await comes(beds)
    await reserve(beds, event.request_id, TWIN_1)
    answers = await asyncio.gather(
        admit(beds, event.request_id), at_desk(beds, event, "withdrawal", {"reason": "patient-wish"})
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    said = set(await said_types(beds))
    assert len(said & {"patient-admitted", "admission-withdrawn"}) == 1


async def test_the_dead_are_on_no_list_and_only_a_coordinator_withdraws(beds):
    event = await comes(beds)
    assert (await at_desk(beds, event, "withdrawal", {"reason": "patient-wish"}, role="viewer")).status_code == 403
    await beds.deliver(died(event, beds.clock.now().date()))
    assert await ids(beds) == []
