"""The live feed: every position once, from where the page stood, whoever wrote it and however slow the others are."""

import asyncio
import re
from contextlib import aclosing

import pytest

from services.console.app import SERVICE
from services.console.live.feed import Feed
from services.console.projection import queries
from shared.clock import FixedClock
from shared.database import Database, engine_for
from shared.effects import Effects
from tests.console.scene import AFTERNOON, Scene, afternoon_of_others, all_beds, bed_state
from tests.support.service import ServiceFactory, ServiceUnderTest
from tests.support.waiting import until

SECONDS = 10


@pytest.fixture
async def console(run_service: ServiceFactory):
    async with run_service(SERVICE, at=AFTERNOON) as service:
        await take(service, service.database, all_beds()[:30])
        yield service


async def take(service: ServiceUnderTest, database: Database, records) -> None:
    await Effects("console", database, service.host.service.reactions, service.host.telemetry).take(records)


async def head(service: ServiceUnderTest) -> int:
    async with service.database.work() as work:
        return await queries.head(work)


async def next_frame(stream) -> tuple[int, str]:
    """The next frame's position and HTML; heartbeats are passed over."""
    async with asyncio.timeout(SECONDS):
        async for chunk in stream:
            if not chunk.startswith(b":"):
                text = chunk.decode()
                return int(re.search(r"^id: (\d+)$", text, re.MULTILINE)[1]), text
    raise AssertionError("the stream has ended")


def change(bed: int, state: str, version: int) -> list:
    scene = Scene()
    records = all_beds()[:30]
    bed_id = records[bed].key.decode()
    scene.say(bed_state(bed_id, state, None, version))
    return scene.records


async def test_a_change_reaches_an_open_page(console: ServiceUnderTest):
    feed: Feed = console.host.app.state.feed
    async with aclosing(feed.stream(await head(console), "en")) as stream:
        assert (await anext(stream)).startswith(b":")
        await take(console, console.database, change(3, "H", 2))

        position, html = await next_frame(stream)

    assert position == await head(console)
    assert 'hx-partial id="bed-' in html
    assert "cleaning" in html


async def test_what_another_process_projects_is_heard_too(console: ServiceUnderTest):
    feed: Feed = console.host.app.state.feed
    url = console.host.settings.database_url.get_secret_value()
    other = Database(engine_for(url, 2), FixedClock(AFTERNOON))
    async with aclosing(feed.stream(await head(console), "en")) as stream:
        await anext(stream)
        await take(console, other, change(3, "H", 2))

        assert (await next_frame(stream))[0] == await head(console)
    await other.close()


async def test_a_page_that_comes_back_gets_what_it_missed_and_nothing_twice(console: ServiceUnderTest):
    feed: Feed = console.host.app.state.feed
    start = await head(console)
    others = afternoon_of_others()
    await take(console, console.database, others[:4])

    async with aclosing(feed.stream(start, "en")) as stream:
        position, html = await next_frame(stream)
    await take(console, console.database, others[4:6])
    async with aclosing(feed.stream(position, "en")) as stream:
        later_position, later = await next_frame(stream)

    assert (html.count('<li class="tick'), later.count('<li class="tick')) == (4, 2)
    assert later_position == await head(console)


async def test_a_slow_page_keeps_nobody_waiting(console: ServiceUnderTest):
    feed: Feed = console.host.app.state.feed
    start = await head(console)
    async with aclosing(feed.stream(start, "en")) as slow, aclosing(feed.stream(start, "zh-CN")) as quick:
        await anext(slow)
        await anext(quick)
        for version in range(2, 6):
            await take(console, console.database, change(3, "HUHU"[version - 2], version))
            position, html = await next_frame(quick)
            assert position == await head(console)
        slow_at = start
        while slow_at < position:
            slow_at, _ = await next_frame(slow)

    assert "空床" in html
    assert slow_at == position


async def test_pages_in_two_languages_get_one_frame_each(console: ServiceUnderTest):
    feed: Feed = console.host.app.state.feed
    start = await head(console)
    async with aclosing(feed.stream(start, "en")) as english, aclosing(feed.stream(start, "zh-CN")) as chinese:
        await anext(english)
        await anext(chinese)
        await take(console, console.database, change(5, "K", 2))
        frames = await asyncio.gather(next_frame(english), next_frame(chinese))

    assert "contaminated" in frames[0][1]
    assert "待消毒" in frames[1][1]


async def test_streams_end_when_the_process_is_told_to_stop(console: ServiceUnderTest):
    feed: Feed = console.host.app.state.feed
    stream = feed.stream(await head(console), "en")
    await anext(stream)
    ended = asyncio.ensure_future(anext(stream, None))

    feed.close()

    async with asyncio.timeout(SECONDS):
        assert await ended is None
    await until(lambda: feed.clients == 0)
