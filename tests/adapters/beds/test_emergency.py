"""The emergency channel through the service's own edge: clocks that alert once, the board, beds held for tier 0."""

import asyncio
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
    comes,
    explanation,
    left,
    reserve,
    said_types,
)

MINUTE = timedelta(minutes=1)
ALARM = "emergency-limits"


async def emergency(beds, triage=1, **changes):
    return await comes(beds, source="emergency", admission_class="emergency", triage=triage, **changes)


async def board(beds, **asked):
    return (await beds.get("/emergency/board", role="coordinator", **asked)).json()


async def line(beds, event):
    [found] = [
        one
        for one in (await board(beds))["boarding"]
        if one["clock"]["boarding"]["request_id"] == str(event.request_id)
    ]
    return found


async def stamp(beds, event, what, at=None):
    body = {"stamp": what} | ({"at": at.isoformat()} if at else {})
    return await beds.command("POST", f"/emergency/patients/{event.request_id}/stamps", role="ward-nurse", body=body)


async def hold(beds, bed_id, action="holds", role="coordinator"):
    return await beds.command(
        "POST", f"/emergency/{action}", role=role, body={"bed_id": bed_id, "reason": "kept free for resuscitation"}
    )


async def alarms(beds):
    return [one for one in await beds.said() if "emergency-limit" in one.type]


async def test_a_resuscitation_patient_is_warned_of_and_said_to_be_past_the_limit_once_each(beds):
    event = await emergency(beds, specialty="neurology")
    for minutes, fired in ((51, 0), (1, 1), (0, 0), (19, 0), (1, 1), (600, 0)):
        beds.clock.advance(minutes * MINUTE)
        assert await beds.fire(ALARM) == fired
    near, passed = await alarms(beds)
    assert (near.type, passed.type) == ("beds.emergency-limit-near.v1", "beds.emergency-limit-passed.v1")
    assert (passed.room, passed.limit_at - passed.since) == ("resuscitation", 72 * MINUTE)
    assert near.request_id == event.request_id
    metrics = (await beds.client.get("/metrics")).text
    assert 'journey_emergency_limits_total{alert="passed",room="resuscitation"} 1.0' in metrics
    assert 'journey_emergency_limits_total{alert="passed",room="observation"} 0.0' in metrics, (
        "its first is an increase"
    )


async def test_two_workers_say_an_alert_once_and_a_request_told_twice_has_one_clock(beds):
    events = [await emergency(beds, triage=3, specialty="neurology") for _ in range(5)]
    await beds.deliver(*events)
    beds.clock.advance(1200 * MINUTE)
    assert sum(await asyncio.gather(*(beds.fire(ALARM) for _ in range(3)))) == 5
    assert [one.type for one in await alarms(beds)] == ["beds.emergency-limit-passed.v1"] * 5


async def test_nothing_is_said_of_who_has_a_bed_by_then_and_electives_have_no_clock(beds):
    await comes(beds)
    event = await emergency(beds)
    await reserve(beds, event.request_id, TWIN_1)
    await admit(beds, event.request_id)
    beds.clock.advance(72 * MINUTE)
    await beds.fire(ALARM)
    assert await alarms(beds) == []
    assert (await board(beds))["boarding"] == []
    assert await beds.sql("SELECT FROM boarding WHERE next_alarm_at IS NOT NULL") == []


async def test_the_board_shows_clock_limit_and_what_holds_each_patient_up(beds):
    lying = await admitted(beds, SINGLE, specialty="surgery")
    event = await emergency(beds, specialty="surgery", needs=("telemetry",))
    await beds.fire("bed-round")
    beds.clock.advance(10 * MINUTE)
    assert (await line(beds, event))["hold_up"] == "no-bed"
    await beds.deliver(left(lying, beds.clock.now()))
    assert (await line(beds, event))["hold_up"] == "bed-being-cleaned"
    await beds.command("POST", f"/beds/{SINGLE}/cleaned", role="ward-nurse")
    await beds.fire("bed-round")
    assert (await line(beds, event))["hold_up"] == "acceptance"
    assert (await stamp(beds, event, "transport-started")).json()["code"] == "no-bed-yet"
    await accept(beds, event.request_id)
    assert (await line(beds, event))["hold_up"] == "transport"
    assert (await stamp(beds, event, "transport-started")).status_code == 200
    shown = await line(beds, event)
    assert (shown["hold_up"], shown["bed_id"], shown["boarding_minutes"], shown["minutes_left"]) == (
        *("on-the-way", SINGLE, 10),
        62,
    )
    await stamp(beds, event, "transport-arrived")
    assert (await line(beds, event))["hold_up"] == "admission"


async def test_an_arrival_before_the_decision_brings_the_limit_forward_and_another_room_a_clock_of_its_own(beds):
    event = await emergency(beds, specialty="neurology")
    await stamp(beds, event, "arrived", beds.clock.now() - 60 * MINUTE)
    assert await beds.fire(ALARM) == 1
    assert (await line(beds, event))["minutes_left"] == 12
    path = f"/emergency/patients/{event.request_id}/room"
    await beds.command("POST", path, role="clinician", body={"room": "observation"})
    assert (await line(beds, event))["minutes_left"] == 1200
    again = await beds.command("POST", path, role="clinician", body={"room": "observation"})
    assert again.json()["code"] == "same-room"
    late = await stamp(beds, event, "arrived", beds.clock.now() + MINUTE)
    assert late.json()["code"] == "stamp-in-future"


async def test_a_held_bed_is_proposed_to_tier_0_alone_until_somebody_lifts_it_by_name(beds):
    for one in (TWIN_1, TWIN_2, SINGLE):
        assert (await hold(beds, one)).status_code == 201
    elective = await comes(beds)
    await beds.fire("bed-round")
    assert (await explanation(beds, elective.request_id))["unplaced"]["reasons"] == {"held": 3}
    assert (await reserve(beds, elective.request_id, TWIN_1)).json()["remedy"].startswith("it breaks the rule held")
    urgent = await emergency(beds)
    await beds.fire("bed-round")
    assert (await explanation(beds, urgent.request_id))["proposal"]["bed_id"] in (TWIN_1, TWIN_2)
    [campus] = (await board(beds))["campuses"]
    assert campus == {"campus_id": "east", "target": 1, "held": 3, "free": 3}
    await hold(beds, SINGLE, "holds/lift")
    [kept] = (await beds.get("/emergency/holds", role="viewer", bed_id=SINGLE)).json()
    assert (kept["held_by"], kept["lifted_by"], kept["lift_reason"]) == (
        "tester",
        "tester",
        "kept free for resuscitation",
    )
    assert (await beds.get(f"/beds/{SINGLE}", role="viewer")).json()["for_resuscitation"] is False


async def test_a_proposal_gives_way_when_its_bed_is_held(beds):
    elective = await comes(beds)
    await beds.fire("bed-round")
    proposed = (await explanation(beds, elective.request_id))["proposal"]["bed_id"]
    await hold(beds, proposed)
    assert (await accept(beds, elective.request_id)).json()["code"] == "hard-rule-broken"
    await beds.fire("bed-round")
    assert (await explanation(beds, elective.request_id))["proposal"]["bed_id"] != proposed


async def test_of_two_who_hold_one_bed_at_once_one_is_told_and_only_a_coordinator_does(beds):
    answers = await asyncio.gather(*(hold(beds, TWIN_1) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert (await hold(beds, TWIN_2, "holds/lift")).json()["code"] == "bed-not-held"
    assert (await hold(beds, TWIN_2, role="ward-nurse")).status_code == 403
    assert (await hold(beds, "east/C1/01/9")).status_code == 404


async def test_an_elective_or_unknown_patient_has_no_clock_to_stamp(beds):
    elective = await comes(beds)
    assert (await stamp(beds, elective, "arrived")).json()["code"] == "boarding-missing"
    unknown = f"/emergency/patients/{new_id()}/stamps"
    answer = await beds.command("POST", unknown, role="ward-nurse", body={"stamp": "arrived"})
    assert answer.status_code == 404
    assert "emergency-limit-near" not in await said_types(beds)


@pytest.mark.parametrize("triage", [1, 4])
async def test_a_withdrawn_patient_boards_no_more(beds, triage):
    event = await emergency(beds, triage=triage)
    body = {"reason": "admitted-elsewhere"}
    await beds.command("POST", f"/desk/requests/{event.request_id}/withdrawal", role="coordinator", body=body)
    assert (await board(beds))["boarding"] == []
    assert (await stamp(beds, event, "arrived")).json()["code"] == "boarding-ended"
