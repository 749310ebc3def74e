"""Two replays of one recording come to the same; where they do not, the rows are named."""

from contextlib import asynccontextmanager

from deploy.local.throwaway import Rehearsal, throwaway_postgres
from services.console.app import SERVICE as CONSOLE
from shared.replay.cluster import look
from shared.replay.expectation import expect
from shared.replay.plan import Wishes
from tests.console.scene import afternoon_of_others, all_beds, whole_journey
from tests.support.replaying import silently


async def wishes_for(replaying, records):
    lane = await replaying.lane_with(records)
    return Wishes(
        path=await replaying.recorded(lane), bootstrap=replaying.bootstrap, run="twice", runs=replaying.folder
    )


async def test_every_service_comes_to_the_same_twice_and_no_lane_is_left(replaying, tmp_path):
    wishes = await wishes_for(replaying, [*all_beds()[:50], *whole_journey(), *afternoon_of_others()])
    with throwaway_postgres() as server:
        services = ("registration", "beds", "discharge", "followup", "console")
        outcomes = await expect(wishes, services, Rehearsal(server, tmp_path).host, silently)
    assert [outcome.service for outcome in outcomes if outcome.holds] == list(services)
    rows = {(outcome.service, table): state.rows for outcome in outcomes for table, state in outcome.first.items()}
    assert rows["console", "bed_now"] == 50
    assert rows["followup", "plan"] == rows["discharge", "coverage"] == 1
    assert all(outcome.before["patient"].rows == 0 for outcome in outcomes if outcome.service == "console")
    assert not [topic for topic in look(replaying.bootstrap).partitions if topic.startswith("lane-expect")]


async def test_a_row_that_differs_is_shown(replaying, run_service):
    wishes = await wishes_for(replaying, whole_journey())
    hosts = []

    @asynccontextmanager
    async def host_of(_name, at):
        async with run_service(CONSOLE, at=at) as service:
            hosts.append(service)
            if len(hosts) == 2:
                await service.sql("CREATE RULE spoil AS ON INSERT TO admission DO INSTEAD NOTHING")
            yield service.host

    (outcome,) = await expect(wishes, ["console"], host_of, silently)
    assert not outcome.holds
    assert {(each.table, each.only_in) for each in outcome.differences} == {("admission", "first")}
    assert '"state": "left"' in outcome.differences[0].row
