"""What only events have written can be drawn anew: to the same rows, at once or not at all, while the service runs."""

import asyncio

import pytest

from services.console.app import SERVICE as CONSOLE
from services.discharge.app import SERVICE as DISCHARGE
from services.followup.app import SERVICE as FOLLOWUP
from services.registration.app import SERVICE as REGISTRATION
from shared.replay.hearing import hear, hearing
from shared.replay.rebuild import rebuild
from shared.replay.recording import RecordingFailed
from shared.replay.states import state_of
from tests.console.scene import AFTERNOON, PATIENT, afternoon_of_others, all_beds, whole_journey
from tests.support.replaying import silently
from tests.support.waiting import until

CENTRE = {"centre_url": "http://127.0.0.1:1"}


async def states(service):
    async with service.database.work() as work:
        return await state_of(await work.sql(), service.host.service.metadata)


async def redraw(service, replaying, lane, **more):
    return await rebuild(service.host.service, service.database, replaying.bootstrap, lane, silently, **more)


def a_day():
    return [*all_beds()[:100], *whole_journey(), *afternoon_of_others()]


async def test_the_console_is_drawn_anew_to_the_same_rows_whatever_was_spoilt(run_service, replaying):
    lane = await replaying.lane_with(a_day())
    async with run_service(CONSOLE, at=AFTERNOON) as console:
        await hear(console.host, replaying.bootstrap, lane)
        before = await states(console)
        await console.sql("DELETE FROM event WHERE type LIKE 'beds.%'")
        await console.sql("UPDATE bed_now SET status = 'C'")
        spoilt = await states(console)
        only_said = await redraw(console, replaying, lane, keep=False)
        assert await states(console) == spoilt
        assert only_said.after == before
        rebuilt = await redraw(console, replaying, lane)
        assert await states(console) == before == rebuilt.after
        assert rebuilt.records == len(a_day())
        assert before["bed_now"].rows == 100


async def test_events_that_come_while_it_is_drawn_take_effect_once(run_service, replaying):
    lane = await replaying.lane_with(a_day())
    later = [record for record in afternoon_of_others() if record.topic != "bed-state"]
    async with run_service(CONSOLE, at=AFTERNOON) as console:
        await hear(console.host, replaying.bootstrap, lane)
        events = (await states(console))["event"].rows
        async with hearing(console.host, replaying.bootstrap, lane):
            await asyncio.gather(redraw(console, replaying, lane), replaying.say(lane, later))
            await until(lambda: _rows(console, events + len(later)), seconds=40)
        live = await states(console)
        await redraw(console, replaying, lane)
        assert await states(console) == live
        assert await console.sql("SELECT * FROM parked") == []


async def _rows(console, events):
    return (await states(console))["event"].rows == events


async def test_what_is_parked_stays_parked(run_service, replaying):
    lane = await replaying.lane_with(whole_journey())
    async with run_service(CONSOLE, at=AFTERNOON) as console:
        await hear(console.host, replaying.bootstrap, lane)
        stay = f"beds:stay/{PATIENT}"
        await console.sql(
            'INSERT INTO parked (topic, partition, "offset", aggregate, headers, reason) '
            "VALUES ('beds-events', 0, -1, $1, '[]', 'ValueError')",
            stay,
        )
        await redraw(console, replaying, lane)
        drawn = await console.sql("SELECT DISTINCT subject FROM event WHERE topic = 'beds-events'")
        assert f"stay/{PATIENT}" not in {row["subject"] for row in drawn}


@pytest.mark.parametrize(
    ("service", "table", "settings"), [(DISCHARGE, "coverage", CENTRE), (FOLLOWUP, "followed", {})]
)
async def test_a_service_s_copy_is_drawn_anew_and_its_decisions_are_left_alone(
    run_service, replaying, service, table, settings
):
    lane = await replaying.lane_with(whole_journey())
    async with run_service(service, at=AFTERNOON, **settings) as running:
        await hear(running.host, replaying.bootstrap, lane)
        before = await states(running)
        assert before[table].rows == 1
        await running.sql(f"DELETE FROM {table}")  # noqa: S608 - a table of this test
        rebuilt = await redraw(running, replaying, lane)
        assert await states(running) == before
        assert list(rebuilt.after) == [table]


async def test_a_service_whose_tables_are_all_decisions_says_so(run_service, replaying):
    async with run_service(REGISTRATION) as registration:
        with pytest.raises(RecordingFailed, match="backups"):
            await redraw(registration, replaying, await replaying.lane_with([]))
