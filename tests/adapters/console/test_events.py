"""The events for other programs: each once after a position, in order, as CloudEvents, and for programs only."""

import asyncio
import json
import re
from contextlib import aclosing

import pytest

from services.console.app import SERVICE
from services.console.live import feed as feeding
from services.console.live.events import AT_ONCE, events_after, start_of
from shared.auth import Role
from shared.envelope import unseal
from shared.http import Queries
from shared.ids import new_id
from tests.console.scene import AFTERNOON, afternoon_of_others, all_beds, whole_journey
from tests.support.delivery import death
from tests.support.service import ServiceFactory, ServiceUnderTest, record_of

SECONDS = 10
EVENT = re.compile(r"event: (\S+)\ndata: (.+)\nid: (\d+)\n")


@pytest.fixture
async def console(run_service: ServiceFactory):
    async with run_service(SERVICE, at=AFTERNOON) as service:
        await service.host.effects.take(all_beds()[:30])
        yield service


def follow(console: ServiceUnderTest, after: int):
    """A stream of events from a position."""
    return aclosing(console.host.app.state.feed.follow(after, events_after(Queries(console.database))))


async def start(console: ServiceUnderTest, position: int | None) -> int:
    async with console.database.work() as work:
        return await start_of(position, work)


async def events_of(stream, number: int) -> list[tuple[int, str, dict]]:
    """The next events of a stream: position, name, content."""
    found = []
    async with asyncio.timeout(SECONDS):
        while len(found) < number:
            text = (await anext(stream)).decode()
            found += [(int(place), name, json.loads(data)) for name, data, place in EVENT.findall(text)]
    return found


async def test_an_app_gets_each_event_once_as_a_cloudevent_and_no_bed_states(console: ServiceUnderTest):
    records = whole_journey()
    said = [record for record in records if record.topic != "bed-state"]
    async with follow(console, await start(console, None)) as stream:
        await anext(stream)
        await console.host.effects.take(records)
        found = await events_of(stream, len(said))

    assert [event["id"] for _, _, event in found] == [str(unseal(record.headers).event_id) for record in said]
    positions = [position for position, _, _ in found]
    assert positions == sorted(set(positions))
    headers = {name: value.decode() for name, value in said[0].headers}
    _, name, first = found[0]
    assert name == first["type"] == headers["ce_type"]
    assert (first["source"], first["subject"]) == (headers["ce_source"], headers["ce_subject"])
    assert first["data"] == json.loads(said[0].value)


async def test_an_app_that_comes_back_goes_on_where_it_was(console: ServiceUnderTest):
    others = afternoon_of_others()
    begun = await start(console, None)
    await console.host.effects.take(others)
    async with follow(console, begun) as stream:
        all_of_them = await events_of(stream, len(others))
    async with follow(console, await start(console, all_of_them[2][0])) as stream:
        assert await events_of(stream, len(others) - 3) == all_of_them[3:]


async def test_history_longer_than_one_reading_comes_whole_and_in_order(console: ServiceUnderTest):
    await console.host.effects.take([record_of(death(new_id(), 1), AFTERNOON) for _ in range(2 * AT_ONCE + 1)])
    async with follow(console, await start(console, 0)) as stream:
        found = await events_of(stream, 2 * AT_ONCE + 1)
    assert len({event["id"] for _, _, event in found}) == 2 * AT_ONCE + 1


async def test_a_position_of_an_earlier_drawing_begins_again_rather_than_losing_events(console: ServiceUnderTest):
    assert await start(console, 10_000_000) == 0


async def test_a_quiet_stream_is_kept_alive(console: ServiceUnderTest, monkeypatch):
    monkeypatch.setattr(feeding, "HEARTBEAT_SECONDS", 2 * feeding.POLL_SECONDS)
    async with follow(console, await start(console, None)) as stream:
        async with asyncio.timeout(SECONDS):
            assert [await anext(stream) for _ in range(2)] == [feeding.KEEPALIVE_COMMENT] * 2


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SYSTEM])
async def test_only_programs_follow_the_events(console: ServiceUnderTest, role: Role):
    assert (await console.get("/events", role=role)).status_code == 403


async def test_a_position_that_is_none_is_named(console: ServiceUnderTest):
    answer = await console.get("/events", role="system", after=-1)
    assert answer.status_code == 422
    assert "after" in answer.text
