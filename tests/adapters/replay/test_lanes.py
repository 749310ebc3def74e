"""A service in a lane hears and speaks there, and keeps no trace of it."""

from shared.broker import Topic
from shared.lanes import Lane
from shared.provisioning import create_topics
from shared.relay import Relay
from tests.adapters.replay.hospital import kept
from tests.adapters.replay.hospital import lane as new_name
from tests.support.delivery import running
from tests.support.waiting import until

EVENTS = "registration-events"


async def test_what_is_said_in_a_lane_is_on_its_topics_and_on_no_other(pair, patients):
    lane = Lane(new_name())
    create_topics(pair.bootstrap, [Topic(lane.topic(EVENTS), partitions=3)])
    before = await kept(pair.bootstrap, EVENTS)
    await pair.say(patients[0], 1, 2)
    async with running(Relay(pair.speaker, pair.bootstrap, pair.name, pair.telemetry, lane).run()):
        await until(lambda: _is_empty(pair), seconds=30)
    said = [one for records in (await kept(pair.bootstrap, lane.topic(EVENTS))).values() for one in records]
    assert [one[2] for one in said] == [str(patients[0]).encode()] * 2
    assert await kept(pair.bootstrap, EVENTS) == before


async def _is_empty(pair):
    return await pair.outbox() == 0


def test_a_lane_has_names_of_its_own():
    assert Lane("night").topic("beds-events") == "lane-night-beds-events"
    assert Lane("night").short("lane-night-beds-events") == "beds-events"
    assert Lane("night").group("beds") == "lane-night-beds"
    assert Lane().topic("beds-events") == Lane().short("beds-events") == "beds-events"
