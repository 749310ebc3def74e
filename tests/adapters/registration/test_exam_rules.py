"""Exam orders beside the patient's other exams, at the ends of the calendar, and where nothing is."""

from datetime import datetime, timedelta

import pytest

from tests.adapters.registration.exam_rooms import act, open_exams, order
from tests.support.service import NOON


@pytest.fixture
async def exams(registration):
    """Registration with the sample hospital's exams."""
    await open_exams(registration)
    return registration


async def booked(exams, patient, *items, **fields):
    written = await order(exams, patient, *items, **fields)
    return (await act(exams, written, "booking")).json()["order"]


async def test_rules_hold_between_two_orders_of_a_patient(exams):
    patient = await exams.patient()
    first = await booked(exams, patient, "ct-abdomen-contrast")
    ended = datetime.fromisoformat(first["exams"][0]["ends_at"])
    second = await booked(exams, patient, "lab-renal", not_before=first["exams"][0]["starts_at"])
    assert datetime.fromisoformat(second["exams"][0]["starts_at"]) >= ended + timedelta(hours=24)
    other = await booked(exams, await exams.patient(), "lab-renal", not_before=first["exams"][0]["starts_at"])
    assert datetime.fromisoformat(other["exams"][0]["starts_at"]) < ended + timedelta(hours=24)


async def test_a_move_against_a_rule_with_another_order_is_refused_with_the_rule(exams):
    patient = await exams.patient()
    first = await booked(exams, patient, "ct-abdomen-contrast")
    ended = datetime.fromisoformat(first["exams"][0]["ends_at"])
    second = await booked(exams, patient, "lab-renal", not_before=(ended + timedelta(days=2)).isoformat())
    path = f"/exam-orders/{second['order_id']}/exams/lab-renal"
    starts = (await exams.service.get(f"{path}/starts", role="front-desk", on=ended.date().isoformat())).json()
    assert all(datetime.fromisoformat(one["starts_at"]) < ended for one in starts["starts"])
    wish = (ended + timedelta(minutes=30)).replace(minute=0).isoformat()
    answer = await exams.post(f"{path}/move", body={"starts_at": wish})
    assert answer.json()["code"] == "exam-rule-broken"
    assert "interval" in answer.json()["remedy"]


async def test_an_order_for_a_campus_without_devices_is_answered_with_what_has_no_place(exams):
    written = await order(exams, await exams.patient(), "ct-chest", "ecg", campus_ids=["moon"])
    proposal = await exams.service.get(f"/exam-orders/{written['order']['order_id']}/proposal", role="front-desk")
    assert (proposal.status_code, proposal.json()["code"]) == (409, "no-plan")
    assert (await act(exams, written, "booking")).json()["remedy"].startswith("nothing is free for ct-chest, ecg")


async def test_the_ends_of_the_calendar_have_no_places(exams):
    written = await booked(exams, await exams.patient(), "ct-chest")
    path = f"/exam-orders/{written['order_id']}/exams/ct-chest"
    for on in ("0001-01-01", "9999-12-31"):
        answer = await exams.service.get(f"{path}/starts", role="front-desk", on=on)
        assert (answer.status_code, answer.json()) == (200, {"starts": []})
    at = datetime.fromisoformat(written["exams"][0]["starts_at"]) + timedelta(days=1, seconds=30)
    answer = await exams.post(f"{path}/move", body={"starts_at": at.isoformat()})
    assert answer.json()["remedy"].endswith("broken: not-on-tick")


async def test_a_move_counts_visits_also_where_the_other_exam_was_days_ago(exams):
    written = await booked(exams, await exams.patient(), "ecg", "ct-chest")
    path = f"/exam-orders/{written['order_id']}/exams"
    later = (NOON + timedelta(days=3)).date().isoformat()
    starts = (await exams.service.get(f"{path}/ct-chest/starts", role="front-desk", on=later)).json()["starts"]
    await exams.post(f"{path}/ct-chest/move", body={"starts_at": starts[0]["starts_at"]})
    exams.service.clock.set(datetime.fromisoformat(starts[1]["starts_at"]) - timedelta(hours=1))
    moved = await exams.post(f"{path}/ct-chest/move", body={"starts_at": starts[1]["starts_at"]})
    assert (moved.json()["order"]["visits"], moved.json()["order"]["stay_minutes"]) == (2, 20)


async def uses(exams, device_id, from_at, to_at):
    look = {"from_at": from_at.isoformat(), "to_at": to_at.isoformat()}
    return await exams.service.get(f"/exam-devices/{device_id}/uses", role="clinician", **look)


async def test_a_device_says_who_is_examined_when_and_when_it_is_closed(exams):
    patient = await exams.patient()
    (exam,) = (await booked(exams, patient, "pet-ct"))["exams"]
    ends_at = datetime.fromisoformat(exam["ends_at"])
    closed = {"from_at": exam["ends_at"], "to_at": (ends_at + timedelta(days=2)).isoformat()}
    path = f"/exam-devices/{exam['device_id']}"
    assert (await exams.post(f"{path}/closures", role="back-office", body=closed)).status_code == 201
    answer = await uses(exams, exam["device_id"], ends_at - timedelta(days=1), ends_at + timedelta(days=1))
    found = [(one["item_code"], one["patient_id"], one["status"]) for one in answer.json()["uses"]]
    assert found == [("pet-ct", str(patient), "booked"), (None, None, "closed")]
    for to_at in (ends_at - timedelta(days=1), ends_at + timedelta(days=32)):
        assert (await uses(exams, exam["device_id"], ends_at, to_at)).status_code == 422
    assert (await uses(exams, "none", ends_at, ends_at + timedelta(days=1))).json()["code"] == "exam-device-missing"


async def test_a_closed_device_is_opened_again_for_the_time_that_is_said_and_no_other(exams):
    from_at, to_at = NOON + timedelta(days=1), NOON + timedelta(days=4)
    path = "/exam-devices/main-ct-1"

    async def span(route, begin, end):
        body = {"from_at": begin.isoformat(), "to_at": end.isoformat()}
        return await exams.post(f"{path}/{route}", role="back-office", body=body)

    await span("closures", from_at, to_at)
    hour = timedelta(hours=1)
    assert (await span("reopening", from_at + hour, to_at - hour)).status_code == 200
    left = (await uses(exams, "main-ct-1", from_at, to_at)).json()["uses"]
    assert [datetime.fromisoformat(one["ends_at"]) - datetime.fromisoformat(one["starts_at"]) for one in left] == [
        hour,
        hour,
    ]
    assert (await span("reopening", from_at + hour, to_at - hour)).json()["code"] == "not-closed"
    assert (await span("reopening", to_at, from_at)).json()["code"] == "window-backwards"
    assert (await span("closures", from_at + hour, to_at - hour)).status_code == 201
