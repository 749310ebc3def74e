"""Exams before admission (BED-7): ordered with the request, booked with the bed, given back with it."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from shared.ids import new_id
from shared.messages.beds.stays import BedReserved, ReservationExpired
from shared.messages.registration.admissions import AdmissionRequested
from shared.messages.registration.exams import (
    AdmissionExamsBooked,
    AdmissionExamsUnplanned,
    ExamPlanBooked,
    ExamPlanCancelled,
)
from tests.adapters.registration.exam_rooms import open_exams
from tests.adapters.registration.test_admissions import request, write
from tests.adapters.registration.test_recognition import partner, result
from tests.support.service import NOON


@pytest.fixture
async def exams(registration):
    """Registration with the sample hospital's exams."""
    await open_exams(registration)
    return registration


def reserved(body, *, hours=72, version=1):
    return BedReserved(
        stay_id=UUID(body["request_id"]),
        patient_id=UUID(body["patient_id"]),
        bed_id="main/A/01/1",
        ward_id="main/A",
        campus_id="main",
        held_until=NOON + timedelta(hours=hours),
        aggregate_version=version,
    )


async def of(exams, *kinds):
    return [event for event in await exams.service.said() if isinstance(event, kinds)]


async def shown(exams, body):
    answer = await exams.service.get(f"/exam-orders/{body['request_id']}", role="coordinator")
    return answer.json()["order"]


async def test_exams_of_a_request_are_booked_the_moment_a_bed_is_reserved_and_once(exams):
    body = request(await exams.patient(), exams=["ct-chest", "lab-fasting", "ecg"])
    assert (await write(exams, body)).json()["exams"] == ["ct-chest", "lab-fasting", "ecg"]
    await exams.service.deliver(*await of(exams, AdmissionRequested), times=2)
    assert (await shown(exams, body))["status"] == "ordered"
    await exams.service.deliver(reserved(body), times=2)
    order = await shown(exams, body)
    assert (order["status"], order["visits"], order["before_admission"]) == ("booked", 1, True)
    booked, told = await of(exams, ExamPlanBooked, AdmissionExamsBooked)
    assert (told.request_id, told.exams, told.last_ends_at) == (booked.order_id, 3, booked.last_ends_at)
    assert told.last_ends_at <= NOON + timedelta(hours=76)
    assert (booked.aggregate_version, told.aggregate_version) == (1, 2)


async def test_a_bed_that_is_heard_of_before_its_request_has_its_exams_booked_too(exams):
    body = request(await exams.patient(), exams=["ecg"])
    await write(exams, body)
    await exams.service.deliver(reserved(body))
    await exams.service.deliver(*await of(exams, AdmissionRequested))
    assert (await shown(exams, body))["status"] == "booked"


async def test_what_nothing_fits_for_stands_on_the_worklist_with_its_reason(exams):
    body = request(await exams.patient(), exams=["pet-ct", "ecg"], campus_id="lakeside", reachable_campuses=[])
    await write(exams, body)
    await exams.service.deliver(reserved(body))
    listed = (await exams.service.get("/exam-orders", role="coordinator", status="unplanned")).json()["exam_orders"]
    assert [(one["order_id"], one["reason"]) for one in listed] == [(body["request_id"], "no-plan")]
    (event,) = await of(exams, AdmissionExamsUnplanned)
    assert (event.reason, event.exams) == ("no-plan", 2)


async def test_an_admission_for_all_of_whose_exams_results_stand_waits_for_none(exams):
    body = request(await exams.patient(), exams=["pet-ct"], campus_id="lakeside", reachable_campuses=[])
    await write(exams, body)
    await exams.service.deliver(reserved(body))
    assert (await shown(exams, body))["status"] == "unplanned"
    await partner(exams, "west")
    used = await result(exams, body["patient_id"], "pet-ct", days=1)
    reuse = {"item_code": "pet-ct", "result_id": used, "choice": "reuse"}
    decided = await exams.post(f"/exam-orders/{body['request_id']}/decisions", role="clinician", body=reuse)
    assert decided.json()["order"]["status"] == "done"
    asked, told = await of(exams, AdmissionExamsUnplanned, AdmissionExamsBooked)
    assert (told.exams, told.last_ends_at, told.aggregate_version) == (0, NOON, asked.aggregate_version + 1)
    await exams.service.deliver(reserved(body, version=2))
    assert (await shown(exams, body))["status"] == "done"


async def test_a_reservation_that_expires_gives_the_exams_back_and_the_next_one_books_anew(exams):
    body = request(await exams.patient(), exams=["ct-chest", "ecg"])
    await write(exams, body)
    first = reserved(body)
    expired = ReservationExpired(
        stay_id=first.stay_id, patient_id=first.patient_id, bed_id=first.bed_id, aggregate_version=2
    )
    await exams.service.deliver(first)
    await exams.service.deliver(expired, times=2)
    (given_back,) = await of(exams, ExamPlanCancelled)
    assert given_back.reason == "bed-given-back"
    assert await exams.service.sql("SELECT count(*) AS uses FROM exam_use") == [{"uses": 0}]
    await exams.service.deliver(reserved(body, version=3))
    assert (await shown(exams, body))["status"] == "booked"
    assert [event.aggregate_version for event in await of(exams, AdmissionExamsBooked)] == [2, 5]


async def test_a_request_without_exams_or_with_unknown_ones_leaves_no_order(exams):
    body = request(await exams.patient())
    await write(exams, body)
    await exams.service.deliver(reserved(body))
    missing = await exams.service.get(f"/exam-orders/{body['request_id']}", role="coordinator")
    assert missing.status_code == 404
    unknown = request(await exams.patient(), "e-2", exams=["no-such"], request_id=str(new_id()))
    assert (await write(exams, unknown)).json()["code"] == "item-unknown"
    twice = request(await exams.patient(), "e-3", exams=["ecg", "ecg"], request_id=str(new_id()))
    assert (await write(exams, twice)).json()["code"] == "exam-twice"


async def test_what_was_done_before_the_bed_was_given_back_is_not_done_again_with_the_next(exams):
    body = request(await exams.patient(), exams=["ecg", "ct-chest"])
    await write(exams, body)
    first = reserved(body)
    await exams.service.deliver(first)
    done, left = (await shown(exams, body))["exams"]
    exams.service.clock.set(datetime.fromisoformat(done["starts_at"]))
    path = f"/exam-orders/{body['request_id']}/exams/{done['item_code']}/done"
    assert (await exams.post(path, role="clinician")).status_code == 200
    expired = ReservationExpired(
        stay_id=first.stay_id, patient_id=first.patient_id, bed_id=first.bed_id, aggregate_version=2
    )
    await exams.service.deliver(expired, reserved(body, hours=144, version=3))
    order = await shown(exams, body)
    assert order["status"] == "booked"
    assert [(one["item_code"], one["status"]) for one in order["exams"]] == [
        (done["item_code"], "done"),
        (left["item_code"], "booked"),
    ]
    assert order["exams"][0]["starts_at"] == done["starts_at"]
    *_, told = await of(exams, AdmissionExamsBooked)
    assert told.exams == 1


async def test_places_that_are_only_held_when_the_bed_comes_are_booked_with_it(exams):
    body = request(await exams.patient(), exams=["ecg", "ct-chest"])
    await write(exams, body)
    await exams.service.deliver(*await of(exams, AdmissionRequested))
    await exams.post(f"/exam-orders/{body['request_id']}/hold")
    await exams.service.deliver(reserved(body))
    order = await shown(exams, body)
    assert (order["status"], order["held_until"]) == ("booked", None)


async def test_exams_that_were_booked_for_after_the_admission_are_brought_forward(exams):
    body = request(await exams.patient(), exams=["ecg"])
    await write(exams, body)
    await exams.service.deliver(*await of(exams, AdmissionRequested))
    path = f"/exam-orders/{body['request_id']}"
    await exams.post(f"{path}/booking")
    late = (NOON + timedelta(days=9)).date().isoformat()
    (start, *_) = (await exams.service.get(f"{path}/exams/ecg/starts", role="front-desk", on=late)).json()["starts"]
    await exams.post(f"{path}/exams/ecg/move", body={"starts_at": start["starts_at"]})
    bed = reserved(body)
    await exams.service.deliver(bed)
    order = await shown(exams, body)
    assert datetime.fromisoformat(order["exams"][0]["ends_at"]) <= bed.held_until + timedelta(days=1)
    await exams.service.deliver(reserved(body, hours=96, version=2))
    assert await shown(exams, body) == order


async def test_where_the_ways_were_never_written_the_worklist_says_so(exams):
    await exams.service.sql("DELETE FROM exam_network")
    body = request(await exams.patient(), exams=["ecg"])
    await write(exams, body)
    await exams.service.deliver(reserved(body))
    order = await shown(exams, body)
    assert (order["status"], order["reason"]) == ("unplanned", "network-missing")
