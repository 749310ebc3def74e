"""Exam orders, over HTTP and in the database: catalogue, plan, hold, change, cancellation."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from shared.messages.registration.exams import (
    ExamDone,
    ExamPlanBooked,
    ExamPlanCancelled,
    ExamPlanChanged,
    ExamPlanHeld,
)
from tests.adapters.registration.exam_rooms import act, open_exams, order, upload
from tests.support.service import NOON


@pytest.fixture
async def exams(registration):
    """Registration with the sample hospital's exams."""
    await open_exams(registration)
    return registration


async def uses(registration):
    return await registration.service.sql("SELECT device_id, item_code, status FROM exam_use ORDER BY lower(during)")


async def test_bad_lines_of_a_catalogue_are_named_and_the_good_ones_go_in(registration):
    await open_exams(registration)
    header = (
        "item_code,modality,name_zh,name_en,minutes,fasting_hours,contrast,tags,preparations,price_fen,"
        "recognition_days,source\n"
    )
    lines = (
        "good,CT,好,good,10,0,,,,100,7,ours\n"
        "odd,CT,怪,odd,7,0,,,,100,7,ours\n"
        "ray,RAY,怪,ray,5,0,,,,100,3,ours\n"
        "told,CT,怪,told,5,0,,,no-such-text,100,7,ours\n"
        "good,CT,再,again,10,0,,,,100,7,ours\n"
    )
    answer = (await upload(registration, "items", (header + lines).encode())).json()
    assert answer["imported"] == 1
    found = [(one["line"], one["field"]) for one in answer["rejected_rows"]]
    assert found == [(3, "minutes"), (4, "modality"), (4, "recognition_days"), (5, "preparations"), (6, "item_code")]
    listed = (await registration.service.get("/exam-items", role="viewer")).json()
    assert len(listed) == 54
    assert (await upload(registration, "items", b"item_code\n")).status_code == 422


async def test_several_exams_become_one_visit_with_what_the_patient_is_told(exams):
    patient = await exams.patient()
    items = ("ct-abdomen-contrast", "lab-renal", "us-abdomen", "ecg")
    written = await order(exams, patient, *items, conditions=["metformin"])
    told = {one["preparation_code"] for one in written["preparations"]}
    assert told == {"fast-4", "fast-8", "iodine-contrast", "metformin"}
    proposal = await exams.service.get(f"/exam-orders/{written['order']['order_id']}/proposal", role="patient-app")
    assert await uses(exams) == []
    held = (await act(exams, written, "hold", role="patient-app")).json()["order"]
    assert (held["status"], held["visits"], held["proven"]) == ("held", 1, True)
    assert [one["starts_at"] for one in held["exams"]] == [one["starts_at"] for one in proposal.json()["exams"]]
    starts = {one["item_code"]: datetime.fromisoformat(one["starts_at"]) for one in held["exams"]}
    ends = {one["item_code"]: datetime.fromisoformat(one["ends_at"]) for one in held["exams"]}
    assert starts["ct-abdomen-contrast"] - ends["lab-renal"] >= timedelta(hours=1)
    (event,) = await exams.service.said()
    assert isinstance(event, ExamPlanHeld)
    assert (event.visits, event.held_until) == (1, NOON + timedelta(minutes=10))
    booked = (await act(exams, written, "confirmation")).json()["order"]
    assert {one["status"] for one in booked["exams"]} == {"booked"}
    assert isinstance((await exams.service.said())[-1], ExamPlanBooked)


async def test_a_hold_that_nobody_confirms_gives_every_device_back(exams):
    written = await order(exams, await exams.patient(), "ct-head", "mr-head")
    await act(exams, written, "hold")
    assert len(await uses(exams)) == 2
    exams.service.clock.advance(timedelta(minutes=10))
    late = await act(exams, written, "confirmation")
    assert late.json()["code"] == "hold-expired"
    assert await exams.service.fire("exam-holds") == 1
    assert await uses(exams) == []
    event = (await exams.service.said())[-1]
    assert isinstance(event, ExamPlanCancelled)
    assert event.reason == "expired"
    assert (await act(exams, written, "booking")).json()["order"]["status"] == "booked"


async def test_one_exam_is_moved_within_the_rules_and_no_further(exams):
    written = await order(exams, await exams.patient(), "holter", "mr-head")
    booked = (await act(exams, written, "booking")).json()["order"]
    first, second = booked["exams"]
    assert (first["item_code"], second["item_code"]) == ("mr-head", "holter")
    early = {"starts_at": booked["exams"][0]["starts_at"]}
    refused = await act(exams, written, "exams/holter/move", early)
    assert (refused.status_code, refused.json()["code"]) == (409, "exam-rule-broken")
    path = f"/exam-orders/{booked['order_id']}/exams/holter/starts"
    on = (datetime.fromisoformat(second["starts_at"]) + timedelta(days=1)).date().isoformat()
    starts = (await exams.service.get(path, role="patient-app", on=on)).json()["starts"]
    assert starts
    wished = {"starts_at": starts[3]["starts_at"], "device_id": starts[3]["device_id"]}
    moved = (await act(exams, written, "exams/holter/move", wished, role="patient-app")).json()["order"]
    assert moved["exams"][1]["starts_at"] == starts[3]["starts_at"]
    assert moved["exams"][0] == first
    assert moved["visits"] == 2
    event = (await exams.service.said())[-1]
    assert isinstance(event, ExamPlanChanged)
    assert (event.item_code, event.previous_starts_at.isoformat()) == (
        "holter",
        second["starts_at"].replace("Z", "+00:00"),
    )


async def test_the_summary_holds_a_plans_visits_beside_those_of_booking_one_by_one(exams):
    written = await order(exams, await exams.patient(), "gastroscopy", "us-abdomen", "lab-fasting")
    booked = (await act(exams, written, "booking")).json()["order"]
    assert (booked["visits"], booked["visits_one_by_one"]) == (1, 2)
    assert (await exams.service.get("/exam-orders/summary", role="viewer")).json() == {
        "orders": 1,
        "exams": 3,
        "done": 0,
        "visits": 1,
        "visits_compared": 1,
        "visits_one_by_one": 2,
        "unplanned": 0,
    }


async def test_a_plan_whose_exams_nobody_could_book_one_by_one_is_left_out_of_the_comparison(exams):
    for _ in range(2):
        written = await order(exams, await exams.patient(), "gastroscopy", "us-abdomen", "lab-fasting")
        await act(exams, written, "booking")
    await exams.service.sql(
        "UPDATE exam_order SET visits_one_by_one = NULL WHERE order_id = $1", UUID(written["order"]["order_id"])
    )
    summary = (await exams.service.get("/exam-orders/summary", role="viewer")).json()
    figures = summary["orders"], summary["visits"], summary["visits_compared"], summary["visits_one_by_one"]
    assert figures == (2, 2, 1, 2)


async def test_a_cancelled_order_frees_its_devices_and_cannot_be_planned_again(exams):
    written = await order(exams, await exams.patient(), "ct-head")
    await act(exams, written, "booking")
    cancelled = await act(exams, written, "cancellation", {"reason": "patient"})
    assert cancelled.json()["order"]["status"] == "cancelled"
    assert await uses(exams) == []
    assert (await act(exams, written, "booking")).json()["code"] == "not-open"


async def test_exams_are_noted_as_done_one_by_one_and_then_the_order_is(exams):
    written = await order(exams, await exams.patient(), "ct-head", "ecg")
    booked = (await act(exams, written, "booking")).json()["order"]
    early = await act(exams, written, f"exams/{booked['exams'][0]['item_code']}/done")
    assert early.json()["code"] == "not-yet"
    exams.service.clock.advance(timedelta(days=14))
    for one in booked["exams"]:
        answer = await act(exams, written, f"exams/{one['item_code']}/done", role="system")
    assert answer.json()["order"]["status"] == "done"
    events = [event for event in await exams.service.said() if isinstance(event, ExamDone)]
    assert {event.reading_campus_id for event in events if event.item_code == "ct-head"} == {"main"}
    assert [event.aggregate_version for event in events] == [2, 3]


async def test_a_closed_device_is_not_planned_on_and_one_in_use_is_not_closed(exams):
    written = await order(exams, await exams.patient(), "pet-ct")
    booked = (await act(exams, written, "booking")).json()["order"]["exams"][0]
    span = {"from_at": booked["starts_at"], "to_at": (NOON + timedelta(days=20)).isoformat()}
    path = f"/exam-devices/{booked['device_id']}/closures"
    refused = await exams.post(path, role="back-office", body=span)
    assert refused.json()["code"] == "device-in-use"
    other = "main-nm-2" if booked["device_id"] == "main-nm-1" else "main-nm-1"
    closed = await exams.post(f"/exam-devices/{other}/closures", role="back-office", body=span)
    assert closed.status_code == 201, closed.text
    again = await order(exams, await exams.patient(), "bone-scan")
    placed = (await act(exams, again, "booking")).json()["order"]["exams"][0]
    assert placed["device_id"] == booked["device_id"]
    missing = await exams.post("/exam-devices/none/closures", role="back-office", body=span)
    assert missing.json()["code"] == "exam-device-missing"


async def test_what_nothing_fits_for_is_refused_with_the_item(exams):
    written = await order(exams, await exams.patient(), "pet-ct", "ecg", campus_ids=["lakeside"])
    refused = await act(exams, written, "booking")
    assert (refused.status_code, refused.json()["code"]) == (409, "no-plan")
    assert "pet-ct" in refused.json()["remedy"]
    twice = {"order_id": written["order"]["order_id"], "patient_id": written["order"]["patient_id"]}
    again = await exams.post("/exam-orders", role="clinician", body=twice | {"item_codes": ["ecg"]})
    assert again.json()["code"] == "exam-order-exists"
    unknown = await exams.post("/exam-orders", role="clinician", body=twice | {"item_codes": ["no-such"]})
    assert unknown.json()["code"] == "item-unknown"


async def test_a_death_gives_back_what_is_booked(exams):
    patient = await exams.patient()
    written = await order(exams, patient, "ct-head")
    await act(exams, written, "booking")
    await exams.post(f"/patients/{patient}/death", body={"deceased_at": NOON.isoformat()})
    said = await exams.service.said()
    await exams.service.deliver(said[-1], times=2)
    assert await uses(exams) == []
    cancelled = [event for event in await exams.service.said() if isinstance(event, ExamPlanCancelled)]
    assert [event.reason for event in cancelled] == ["deceased"]
