"""What races for devices does: all of a plan or none of it, no device twice, and nobody at two exams at once."""

import asyncio
from datetime import timedelta

import pytest

from tests.adapters.registration.exam_rooms import act, open_exams, order
from tests.support.service import NOON

TWICE = """
SELECT count(*) AS clashes FROM exam_use AS one JOIN exam_use AS other
ON one.use_id < other.use_id AND one.during && other.during
AND (one.device_id = other.device_id OR one.patient_id = other.patient_id)
"""
HALF = """
SELECT count(*) AS half FROM exam_order JOIN LATERAL
(SELECT count(*) AS kept FROM exam_use WHERE exam_use.order_id = exam_order.order_id) AS uses ON true
WHERE kept <> CASE WHEN status IN ('held', 'booked') THEN cardinality(item_codes) ELSE 0 END
"""
TAKE = """
INSERT INTO exam_use
(order_id, patient_id, item_code, device_id, device_no, campus_id, reading_campus_id, during, status)
SELECT order_id, patient_id, 'ecg', device.device_id, device.device_no, 'north', 'north', during, 'booked'
FROM exam_use, exam_device AS device WHERE order_id = $1 AND device.device_id = 'north-ecg-1'
"""


async def test_who_races_for_the_same_devices_gets_another_plan_or_a_clear_no(registration):
    await open_exams(registration)
    patients = await registration.patients(8)
    day = (NOON + timedelta(days=1)).date()
    window = {"from_at": f"{day}T00:00:00Z", "to_at": f"{day}T02:00:00Z"}
    items = ("thyroid-uptake", "pet-ct"), ("bone-scan", "ecg")
    written = [
        await order(registration, patient, *items[number % 2], campus_ids=["main"], windows=[window])
        for number, patient in enumerate(patients)
    ]
    answers = await asyncio.gather(
        *(act(registration, one, "hold" if i % 3 else "booking") for i, one in enumerate(written))
    )
    codes = [answer.json().get("code", "planned") for answer in answers]
    assert "planned" in codes
    assert set(codes) <= {"planned", "no-plan"}
    assert await registration.service.sql(TWICE) == [{"clashes": 0}]
    assert await registration.service.sql(HALF) == [{"half": 0}]


async def test_a_patient_with_two_orders_at_once_is_at_one_exam_at_a_time(registration):
    await open_exams(registration)
    patient = await registration.patient()
    written = [await order(registration, patient, item) for item in ("ct-head", "mr-head", "us-heart", "ecg")]
    answers = await asyncio.gather(*(act(registration, one, "booking") for one in written))
    assert {answer.status_code for answer in answers} == {200}
    assert await registration.service.sql(TWICE) == [{"clashes": 0}]


async def test_the_database_itself_refuses_a_patient_at_two_places(registration):
    await open_exams(registration)
    written = await order(registration, await registration.patient(), "ct-head")
    booked = (await act(registration, written, "booking")).json()["order"]
    with pytest.raises(Exception, match="one_place_a_patient"):
        await registration.service.sql(TAKE, booked["order_id"])


async def test_a_plan_keeps_clear_of_the_patients_appointments(registration):
    await open_exams(registration)
    patient = await registration.patient()
    slot = await registration.slot(days=1)
    await registration.take(slot, patient)
    window = {"from_at": (slot.starts_at - timedelta(minutes=10)).isoformat()}
    window["to_at"] = (slot.starts_at + timedelta(minutes=45)).isoformat()
    written = await order(registration, patient, "ecg", windows=[window])
    assert (await act(registration, written, "booking")).status_code == 200

    appointment = slot.starts_at, slot.starts_at + timedelta(minutes=30)
    found = await registration.service.sql(
        "SELECT count(*) AS clashes FROM exam_use WHERE during && tstzrange($1, $2)", *appointment
    )
    assert found == [{"clashes": 0}]
