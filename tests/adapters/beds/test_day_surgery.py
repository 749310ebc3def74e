"""Day surgery on a real database: theatre time, day beds, the morning, conversion."""

import asyncio
from datetime import date, timedelta

import pytest

from tests.adapters.beds.wards import SINGLE, admit, bed, comes, died, import_beds, said_types, transfer

DAY_BED, OTHER_DAY_BED = "east/D1/01/1", "east/D1/01/2"
LIST = {"list_id": "T1-0304", "theatre_id": "T1", "campus_id": "east", "minutes": 100}


@pytest.fixture
async def unit(beds):
    """The small hospital with two day beds, and a theatre list of 100 minutes on the day after tomorrow."""
    lines = [f"east,D1,surgery,,01,{number},U,mixed,,day-surgery,any,none," for number in (1, 2)]
    assert (await import_beds(beds, lines)).json()["imported"] == 2
    body = LIST | {"starts_at": "2026-03-04T00:30:00Z"}
    assert (await beds.command("POST", "/day-surgery/theatre-lists", role="coordinator", body=body)).status_code == 201
    return beds


async def call(service, case_id, what, body=None, method="POST", role="coordinator"):
    """A command on a case."""
    return await service.command(method, f"/day-surgery/cases/{case_id}/{what}", role=role, body=body)


async def planned(service, minutes=60):
    """A day-surgery request with a case."""
    event = await comes(service, specialty="surgery", admission_class="day", source="day-surgery", expected_days=1)
    body = {"request_id": str(event.request_id), "minutes": minutes}
    answer = await service.command("POST", "/day-surgery/cases", role="clinician", body=body)
    assert answer.status_code == 201, answer.text
    return event


async def book_bed(service, case_id, bed_id=DAY_BED, hours=("2026-03-03T23:00:00Z", "2026-03-04T10:00:00Z")):
    """Ask for a day bed."""
    return await call(service, case_id, "bed", {"bed_id": bed_id, "from_at": hours[0], "until_at": hours[1]})


async def book_theatre(service, case_id):
    """Ask for theatre time."""
    return await call(service, case_id, "theatre", {"list_id": LIST["list_id"]})


async def confirmed(service, bed_id=DAY_BED):
    """A case of which everything stands."""
    event = await planned(service, minutes=50)
    for item in ("exams", "anaesthesia"):
        await call(service, event.request_id, f"items/{item}", {"status": "booked"}, method="PUT")
    assert (await book_theatre(service, event.request_id)).status_code == 200
    assert (await book_bed(service, event.request_id, bed_id)).status_code == 200
    answer = await call(service, event.request_id, "confirmation")
    assert answer.json()["phase"] == "confirmed", answer.text
    return event


async def minutes_taken(service):
    """What is taken of the list."""
    lists = await service.get("/day-surgery/theatre-lists", role="viewer", on_day=date(2026, 3, 4))
    return lists.json()[0]["taken"]


async def phase_of(service, event):
    """Where the request stands."""
    return (await service.get(f"/requests/{event.request_id}", role="viewer")).json()["phase"]


async def test_of_those_who_want_the_last_minutes_at_once_one_has_them(unit):
    cases = [await planned(unit) for _ in range(4)]
    answers = await asyncio.gather(*(book_theatre(unit, one.request_id) for one in cases))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"theatre-list-full"}
    assert await minutes_taken(unit) == 60


async def test_two_cases_that_swap_their_lists_at_once_do_not_wait_for_each_other(unit):
    body = LIST | {"list_id": "T2-0304", "theatre_id": "T2", "starts_at": "2026-03-04T00:30:00Z", "minutes": 200}
    await unit.command("POST", "/day-surgery/theatre-lists", role="coordinator", body=body)
    cases = [(await planned(unit, minutes=10)).request_id for _ in range(6)]
    for turn in range(3):
        lists = [{"list_id": ("T1-0304", "T2-0304")[(number + turn) % 2]} for number in range(6)]
        asked = zip(cases, lists, strict=True)
        answers = await asyncio.gather(*(call(unit, case_id, "theatre", body) for case_id, body in asked))
        assert {answer.status_code for answer in answers} == {200}
    found = await unit.get("/day-surgery/theatre-lists", role="viewer", on_day=date(2026, 3, 4))
    assert [one["taken"] for one in found.json()] == [30, 30]


async def test_the_database_lets_no_list_overrun(unit):
    with pytest.raises(Exception, match="theatre_list_never_overrun"):
        await unit.sql("UPDATE theatre_list SET taken = 101")


async def test_a_day_bed_is_one_cases_at_a_time_and_can_be_had_twice_a_day(unit):
    first, second = await planned(unit), await planned(unit)
    answers = await asyncio.gather(*(book_bed(unit, one.request_id) for one in (first, second)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    afternoon = ("2026-03-04T10:00:00Z", "2026-03-04T14:00:00Z")
    loser = second if answers[0].status_code == 200 else first
    assert (await book_bed(unit, loser.request_id, hours=afternoon)).status_code == 200


async def test_the_bed_is_reserved_when_its_hours_begin_and_the_patient_goes_home_the_same_day(unit):
    event = await confirmed(unit)
    assert await phase_of(unit, event) == "scheduled"
    assert await unit.fire("bed-round") == 1
    assert (await unit.get("/proposals", role="viewer")).json() == []
    assert await unit.fire("day-surgery-bed") == 0
    unit.clock.advance(timedelta(hours=35))
    assert await unit.fire("day-surgery-bed") == 1
    assert (await bed(unit, DAY_BED))["stay_id"] == str(event.request_id)
    assert (await admit(unit, event.request_id)).status_code == 200
    assert (await call(unit, event.request_id, "cancellation", {"reason": "patient"})).json()[
        "code"
    ] == "already-admitted"
    unit.clock.advance(timedelta(hours=6))
    left = await unit.command("POST", f"/stays/{event.request_id}/leave", role="ward-nurse")
    assert left.json()["phase"] == "left"
    assert "day-surgery-scheduled" in await said_types(unit)


async def test_a_bed_that_is_lost_in_the_morning_opens_the_case_again(unit):
    event = await confirmed(unit)
    assert (await unit.command("POST", f"/beds/{DAY_BED}/closing", role="coordinator")).status_code == 200
    unit.clock.advance(timedelta(hours=35))
    assert await unit.fire("day-surgery-bed") == 1
    case = (await unit.get(f"/day-surgery/cases/{event.request_id}", role="viewer")).json()
    assert (case["phase"], case["bed"], case["bed_id"]) == ("open", "pending", None)
    assert await phase_of(unit, event) == "scheduled"
    assert await unit.fire("day-surgery-bed") == 0


async def test_a_day_patient_who_has_to_stay_is_converted_and_moves_to_a_normal_bed(unit):
    event = await confirmed(unit)
    unit.clock.advance(timedelta(hours=35))
    await unit.fire("day-surgery-bed")
    await admit(unit, event.request_id)
    assert (await transfer(unit, event.request_id, SINGLE)).json()["code"] == "hard-rule-broken"
    body = {"admission_class": "emergency", "triage": 3, "expected_days": 4, "reason": "complication"}
    assert (await call(unit, event.request_id, "conversion", body)).json()["phase"] == "converted"
    assert (await transfer(unit, event.request_id, SINGLE)).status_code == 200
    said = [one for one in await unit.said() if one.type == "beds.day-surgery-converted.v1"]
    assert [(one.admission_class, one.reason, one.admitted) for one in said] == [("emergency", "complication", True)]


async def test_a_conversion_before_the_day_gives_theatre_back_and_the_patient_waits_as_others_do(unit):
    event = await confirmed(unit)
    body = {"admission_class": "A", "expected_days": 5, "reason": "longer-procedure"}
    assert (await call(unit, event.request_id, "conversion", body)).status_code == 200
    assert await minutes_taken(unit) == 0
    assert await phase_of(unit, event) == "waiting"
    await unit.fire("bed-round")
    assert [one["bed_id"] for one in (await unit.get("/proposals", role="viewer")).json()] != [DAY_BED]


async def test_a_cancelled_case_frees_theatre_and_bed_and_ends_the_request(unit):
    event, other = await confirmed(unit), await planned(unit)
    assert (await call(unit, event.request_id, "cancellation", {"reason": "unfit"})).status_code == 200
    assert await minutes_taken(unit) == 0
    assert await phase_of(unit, event) == "withdrawn"
    assert (await book_bed(unit, other.request_id)).status_code == 200
    assert {"admission-withdrawn", "day-surgery-cancelled"} <= set(await said_types(unit))


async def test_who_has_died_is_operated_on_no_more(unit):
    planned_case, reserved = await confirmed(unit), await confirmed(unit, OTHER_DAY_BED)
    unit.clock.advance(timedelta(hours=35))
    await unit.fire("day-surgery-bed")
    await unit.deliver(died(planned_case, date(2026, 3, 3)), died(reserved, date(2026, 3, 3)))
    cases = (await unit.get("/day-surgery/cases", role="viewer")).json()
    assert {(case["phase"], case["reason"]) for case in cases} == {("cancelled", "deceased")}
    assert (await bed(unit, DAY_BED))["status"] == "U"
    assert await minutes_taken(unit) == 0
