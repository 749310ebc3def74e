"""The checker names what is wrong with exam plans in evidence made up for it, and finds nothing in what is right."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from asyncpg import Range

from tests.chaos.checker import check
from tests.chaos.evidence import Evidence
from tests.chaos.history import Answer, Command
from tests.chaos.records import Said

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
TWENTY_MINUTES = timedelta(minutes=20)
ONE = UUID(int=1)
ORDER = {
    "order_id": ONE, "patient_id": "p1", "item_codes": ["ct", "us"], "reused_codes": [], "status": "booked",
    "held_until": None, "version": 1,
}  # fmt: skip
CT = {
    "order_id": ONE, "patient_id": "p1", "item_code": "ct", "device_id": "ct-1", "status": "booked",
    "during": Range(NINE, NINE + TWENTY_MINUTES),
}  # fmt: skip
US = {
    **CT,
    "item_code": "us",
    "device_id": "us-1",
    "during": Range(NINE + 2 * TWENTY_MINUTES, NINE + 3 * TWENTY_MINUTES),
}
ANOTHER = {**CT, "order_id": UUID(int=2), "patient_id": "p2"}
MONDAY = json.dumps([{"weekday": 1, "from_minute": 8 * 60, "to_minute": 10 * 60}])
DEVICES = [{"device_id": device, "hours": MONDAY} for device in ("ct-1", "us-1")]
BOOKED = Said(
    "registration-events", 0, 0, ONE, "registration.exam-plan-booked.v1", f"registration:exam-order/{ONE}", 1, ""
)  # fmt: skip


def told(status="booked", uses=(CT, US), **fields):
    """A command about the order, with the answer that it had."""
    exams = [
        {"item_code": use["item_code"], "device_id": use["device_id"], "starts_at": use["during"].lower.isoformat()}
        for use in uses
    ]
    order = {"order_id": str(ONE), "status": status, "held_until": None, "exams": exams, **fields}
    path = f"/exam-orders/{ONE}/booking"
    one = Command("book exams", "registration", "POST", path, "patient-app", b"", "key-1", 1.0, answered_at=2.0)
    one.answers.append(Answer(200, json.dumps({"order": order}).encode()))
    return one


def evidence(*orders, uses=(CT, US), said=(BOOKED,), asked=(), now=NINE):
    """Evidence of exam orders, the use of devices, what was said and what was asked."""
    kept = [{"key": one.key, "body_hash": one.body_hash, "status": 200} for one in asked]
    tables = {"exam_order": orders, "exam_use": uses, "exam_device": DEVICES, "command": kept}
    return Evidence(rows={"registration": tables}, said=said, asked=asked, now=now)


def wrong(made_up):
    """The violations as number and words, but for those of consumers that nobody made up anything for."""
    return [(one.invariant, one.what) for one in check(made_up) if one.invariant != 8]


def test_nothing_is_wrong_with_a_plan_that_stands_as_it_was_said():
    assert wrong(evidence(ORDER, asked=[told()])) == []


@pytest.mark.parametrize("status", ["held", "booked", "done"])
def test_half_a_plan_is_named(status):
    found = wrong(evidence({**ORDER, "status": status}, uses=[CT]))
    assert (1, f"exam order {ONE} is {status} and has ['ct'] of ['ct', 'us']") in found


def test_an_exam_that_is_not_held_as_its_order_is_named():
    held = {**ORDER, "status": "held"}
    assert (1, f"exam order {ONE} is held and its exams are ['booked', 'held']") in wrong(
        evidence(held, uses=[CT, {**US, "status": "held"}])
    )


def test_an_order_without_places_that_has_a_device_is_named():
    assert (1, f"exam order {ONE} is ordered and has ['ct'] of []") in wrong(
        evidence({**ORDER, "status": "ordered"}, uses=[CT])
    )


def test_a_cancelled_plan_that_still_has_a_device_is_named_and_what_was_done_before_stays():
    cancelled = {**ORDER, "status": "cancelled"}
    said = [replace(BOOKED, type="registration.exam-plan-cancelled.v1")]
    assert wrong(evidence(cancelled, uses=[CT], said=said)) == [
        (1, f"exam order {ONE} is cancelled and still has ['ct']")
    ]
    assert wrong(evidence(cancelled, uses=[{**CT, "status": "done"}], said=said)) == []


def test_a_device_with_two_patients_at_a_time_is_named():
    late = {**ANOTHER, "during": Range(NINE + TWENTY_MINUTES / 2, NINE + 2 * TWENTY_MINUTES)}
    assert (1, "device ct-1 has two exams at 02 09:10") in wrong(evidence(ORDER, uses=[CT, US, late]))
    after = {**late, "during": Range(NINE + TWENTY_MINUTES, NINE + 2 * TWENTY_MINUTES)}
    assert not any("two exams" in what for _, what in wrong(evidence(ORDER, uses=[CT, US, after])))


def test_a_patient_at_two_devices_at_a_time_is_named():
    assert (1, "patient p1 has two exams at 02 09:00") in wrong(
        evidence(ORDER, uses=[CT, {**US, "during": CT["during"]}])
    )


@pytest.mark.parametrize("days_and_hours", [timedelta(hours=1), timedelta(days=1), timedelta(hours=-2)])
def test_an_exam_at_a_time_that_the_devices_calendar_does_not_have_is_named(days_and_hours):
    moved = {**US, "during": Range(NINE + days_and_hours, NINE + days_and_hours + TWENTY_MINUTES)}
    assert any("when it is not open" in what for _, what in wrong(evidence(ORDER, uses=[CT, moved])))


def test_an_acknowledged_plan_that_is_not_there_is_lost():
    assert (2, f"book exams was acknowledged and exam order {ONE} does not exist") in wrong(
        evidence(uses=(), said=(), asked=[told()])
    )
    ordered = {**ORDER, "status": "ordered", "version": 0}
    found = wrong(evidence(ordered, uses=(), said=(), asked=[told()]))
    assert (2, f"book exams was told that exam order {ONE} is booked: it is ordered") in found


def test_a_plan_at_other_places_than_its_patient_was_told_is_named():
    elsewhere = {**CT, "during": Range(NINE + TWENTY_MINUTES, NINE + 2 * TWENTY_MINUTES)}
    assert (2, f"book exams was told of 2 exams of order {ONE} that are not those it has") in wrong(
        evidence(ORDER, asked=[told(uses=[elsewhere, US])])
    )


@pytest.mark.parametrize(("minutes_left", "named"), [(0, False), (1, True)])
def test_a_hold_that_is_gone_is_named_unless_its_time_is_over(minutes_left, named):
    held_until = NINE + timedelta(minutes=minutes_left)
    asked = [told("held", held_until=held_until.isoformat())]
    said = [replace(BOOKED, type="registration.exam-plan-cancelled.v1")]
    found = wrong(evidence({**ORDER, "status": "ordered"}, uses=(), said=said, asked=asked))
    assert any("was told" in what for _, what in found) is named


@pytest.mark.parametrize(
    ("status", "said"),
    [("cancelled", [BOOKED]), ("booked", [replace(BOOKED, type="registration.exam-plan-cancelled.v1")])],
)
def test_an_order_that_does_not_stand_as_was_last_said_is_named(status, said):
    uses = (CT, US) if status == "booked" else ()
    found = wrong(evidence({**ORDER, "status": status}, uses=uses, said=said))
    assert found == [(7, f"exam order {ONE} is {status} and the last said of it is {said[-1].type}")]


def test_a_plan_of_which_nothing_was_said_is_named():
    assert any(
        number == 7 and "and the last said of it is None" in what for number, what in wrong(evidence(ORDER, said=()))
    )


@pytest.mark.parametrize(
    ("status", "named"), [("ordered", True), ("held", True), ("booked", False), ("unplanned", False)]
)
def test_whoever_has_a_bed_has_exams_or_somebody_is_asked(status, named):
    order = {**ORDER, "status": status, "item_codes": ["ct", "us"]}
    request = {"request_id": ONE, "exams": ["ct", "us"]}
    rows = {
        "registration": {"admission_request": [request], "exam_order": [order]},
        "beds": {"stay": [{"stay_id": ONE, "phase": "reserved", "version": 0}]},
    }
    assert ((11, f"stay {ONE} is reserved and its exams are {status}") in wrong(Evidence(rows=rows))) is named


def test_a_request_whose_exams_nobody_has_ordered_is_named():
    rows = {"registration": {"admission_request": [{"request_id": ONE, "exams": ["ct"]}]}}
    assert wrong(Evidence(rows=rows)) == [(11, f"admission request {ONE} asks for exams and has no exam order")]
