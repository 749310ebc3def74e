"""A process is not left half alive: a part that fails ends the whole."""

import asyncio
import signal

import pytest

from shared.hosting import _cancel, _watched


@pytest.fixture
def told():
    """What the process was told to do by itself."""
    received = []
    before = signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
    yield received
    signal.signal(signal.SIGTERM, before)


async def falls():
    """A part with a fault that nobody foresaw."""
    raise LookupError


async def returns():
    """A part with nothing to do."""


async def test_a_part_that_fails_asks_the_process_to_end(told):
    await asyncio.wait([_watched(falls())])
    await asyncio.sleep(0)
    assert told == [signal.SIGTERM]


async def test_a_part_with_nothing_to_do_may_return(told):
    await asyncio.wait([_watched(returns())])
    await asyncio.sleep(0)
    assert told == []


async def test_parts_that_are_stopped_ask_for_nothing(told):
    await _cancel([_watched(asyncio.Event().wait())])
    assert told == []
