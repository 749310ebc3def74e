"""What only a real database can prove: many at once, one bed, one patient, one sex a room, at every instant."""

import asyncio
from contextlib import suppress

import pytest
from asyncpg import ExclusionViolationError

from services.beds.scoring import policy_file
from services.beds.stays import handlers
from services.beds.stays.model import ReserveBed, Stay
from shared.decision import Refused
from shared.ids import new_id
from shared.work import Stale
from tests.adapters.beds.wards import (
    SINGLE,
    SMALL,
    TWIN_1,
    TWIN_2,
    admit,
    admitted,
    bed,
    comes,
    import_beds,
    left,
    reserve,
    transfer,
)
from tests.support.waiting import until

WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


class RolledBack(Exception):
    """A refusal on its way out of a unit of work."""


async def keep(service, request_id, bed_id, pause=None):
    """One coordinator at the level of handlers; `pause` is awaited after the decision, with the transaction open."""
    outcome = None
    command = ReserveBed(
        request_id=request_id, bed_id=bed_id, hold=service.host.settings.hold, policy=policy_file.default()
    )
    with suppress(RolledBack):
        async with service.database.work() as work:
            outcome = await handlers.reserve_bed(command, work)
            if isinstance(outcome, Refused):
                raise RolledBack
            if pause is not None:
                await pause()
    return outcome


async def test_of_twenty_coordinators_one_gets_the_bed_and_the_others_are_told(beds):
    events = [await comes(beds) for _ in range(20)]
    answers = await asyncio.gather(*(reserve(beds, event.request_id, TWIN_1) for event in events))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    refusals = [answer.json() for answer in answers if answer.status_code == 409]
    assert {refusal["code"] for refusal in refusals} == {"bed-taken"}
    assert all(refusal["remedy"] for refusal in refusals)


async def test_a_patient_with_two_requests_gets_one_bed(beds):
    patient_id = new_id()
    one, other = await comes(beds, patient_id=patient_id), await comes(beds, patient_id=patient_id)
    answers = await asyncio.gather(reserve(beds, one.request_id, TWIN_1), reserve(beds, other.request_id, TWIN_2))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "patient-has-bed"}


async def test_women_and_men_who_are_brought_at_once_never_share_a_single_sex_room(beds):
    for _ in range(5):
        woman, man = await comes(beds, sex="F"), await comes(beds, sex="M")
        answers = await asyncio.gather(reserve(beds, woman.request_id, TWIN_1), reserve(beds, man.request_id, TWIN_2))
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        assert {answer.json().get("code") for answer in answers} <= {None, "room-sex", "hard-rule-broken"}
        [stay] = [answer.json() for answer in answers if answer.status_code == 201]
        await admit(beds, stay["stay_id"])
        await beds.command("POST", f"/stays/{stay['stay_id']}/leave", role="ward-nurse")
        await beds.command("POST", f"/beds/{stay['bed_id']}/cleaned", role="ward-nurse")


async def test_the_database_refuses_the_other_sex_where_the_rule_could_not_see_it_yet(beds):
    woman, man = await comes(beds, sex="F"), await comes(beds, sex="M")
    decided, told = asyncio.Event(), asyncio.Event()

    async def wait():
        decided.set()
        await told.wait()

    first = asyncio.create_task(keep(beds, woman.request_id, TWIN_1, wait))
    await asyncio.wait_for(decided.wait(), 10)
    second = asyncio.create_task(keep(beds, man.request_id, TWIN_2))
    await until(lambda: count(beds, WAITING))
    told.set()
    assert isinstance(await first, Stay)
    assert (await second).reason == "room-sex"


async def test_past_uses_of_a_bed_never_overlap_either(beds):
    event = await admitted(beds, TWIN_1)
    await beds.deliver(left(event, beds.clock.now()))
    again = (
        "INSERT INTO bed_use (stay_id, patient_id, bed_no, room_no, sex_policy, sex, sex_exception, during)"
        " SELECT stay_id, $1, bed_no, room_no, sex_policy, sex, false, tstzrange(lower(during), NULL) FROM bed_use"
    )
    await beds.sql("UPDATE bed_use SET during = tstzrange($1, $2)", beds.clock.now(), beds.clock.now().replace(hour=13))
    with pytest.raises(ExclusionViolationError, match="one_patient_a_bed"):
        await beds.sql(again, new_id())


async def test_two_patients_who_change_places_at_once_wait_for_nobody_for_ever(beds):
    one, other = await admitted(beds, TWIN_1), await admitted(beds, TWIN_2)
    answers = await asyncio.gather(transfer(beds, one.request_id, TWIN_2), transfer(beds, other.request_id, TWIN_1))
    assert [answer.json()["code"] for answer in answers] == ["bed-taken", "bed-taken"]


async def test_a_patient_who_is_admitted_twice_at_once_is_admitted_once(beds):
    event = await comes(beds)
    await reserve(beds, event.request_id, TWIN_1)
    answers = await asyncio.gather(*(admit(beds, event.request_id) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert sum(one.type == "beds.patient-admitted.v1" for one in await beds.said()) == 1


async def test_a_rooms_sex_policy_does_not_change_under_those_who_come_at_that_moment(beds):
    woman, man = await comes(beds, sex="F", specialty="surgery"), await comes(beds, sex="M", specialty="surgery")
    two_beds = ["east,S1,surgery,,02,1,U,mixed,,,any,none,", "east,S1,surgery,,02,2,U,mixed,,,any,none,"]
    await import_beds(beds, two_beds)
    single = [line.replace("mixed", "single") for line in two_beds]
    imported, *_ = await asyncio.gather(
        import_beds(beds, single),
        reserve(beds, woman.request_id, "east/S1/02/1"),
        reserve(beds, man.request_id, "east/S1/02/2"),
    )
    assert imported.status_code == 200
    uses = await beds.sql("SELECT sex, sex_policy FROM bed_use ORDER BY sex")
    assert {use["sex_policy"] for use in uses} == {(await bed(beds, "east/S1/02/1"))["sex_policy"]}
    assert len(uses) == 1 or {use["sex_policy"] for use in uses} == {"mixed"}


async def test_a_room_in_use_keeps_its_sex_policy_and_the_line_says_so(beds):
    await admitted(beds, SINGLE, specialty="surgery")
    answer = (await import_beds(beds, [SMALL[2].replace("mixed", "single")])).json()
    assert [(row["line"], row["field"]) for row in answer["rejected_rows"]] == [(2, "sex_policy")]


async def test_of_two_that_wait_for_each_other_one_is_told_so_and_the_other_goes_on(beds):
    lock = "SELECT 1 FROM bed WHERE bed_id = $1 FOR UPDATE"
    both = asyncio.Barrier(2)

    async def take(first, second):
        async with beds.database.work() as work:
            connection = await work.sql()
            await connection.execute(lock, first)
            await both.wait()
            await connection.execute(lock, second)

    ends = await asyncio.gather(take(TWIN_1, TWIN_2), take(TWIN_2, TWIN_1), return_exceptions=True)
    assert [type(end) for end in ends if end is not None] == [Stale]


async def count(service, query):
    """How many rows a query has; on a connection of its own."""
    return len(await service.sql(query))
