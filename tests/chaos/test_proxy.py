"""The proxy carries what it is given, until it is told to break it."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from tests.chaos.proxy import Proxy, to_address
from tests.support.waiting import until

MESSAGE = b"0123456789" * 1_000


@asynccontextmanager
async def a_connection(heard=None):
    """A proxy before an echo, which notes what it hears, and a connection through it."""

    async def echo(reader, writer):
        while data := await reader.read(65_536):
            if heard is not None:
                heard.append(data)
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    proxy = await asyncio.to_thread(Proxy, "test", to_address(lambda: server.sockets[0].getsockname()[1]))
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield proxy, reader, writer
    finally:
        writer.close()
        await asyncio.to_thread(proxy.close)
        server.close()


async def test_what_goes_in_comes_out():
    async with a_connection() as (_, reader, writer):
        writer.write(MESSAGE)
        assert await reader.readexactly(len(MESSAGE)) == MESSAGE


async def test_a_cut_lets_half_of_it_through_and_ends_the_connection():
    heard = []
    async with a_connection(heard) as (proxy, reader, writer):
        proxy.cut(1)
        writer.write(MESSAGE)
        assert await asyncio.wait_for(reader.read(), 10) == b""
        await until(lambda: heard)
    assert b"".join(heard) == MESSAGE[: len(MESSAGE) // 2]


async def test_a_reset_breaks_what_is_open_and_the_next_connection_works():
    async with a_connection() as (proxy, reader, writer):
        writer.write(b"x")
        await reader.readexactly(1)
        await asyncio.to_thread(proxy.reset)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        again, other = await asyncio.open_connection("127.0.0.1", proxy.port)
        other.write(b"y")
        assert await again.readexactly(1) == b"y"
        other.close()
