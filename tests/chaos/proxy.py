"""A TCP proxy of our own, in front of Kafka and PostgreSQL, that can reset, delay and cut in half what goes through it.

Invariant: untroubled it changes nothing: bytes go through in order, and the end of one side is the end of the other.
It listens on one port of the loopback for as long as it lives, whether or not anybody listens behind it.
"""

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress

CHUNK_BYTES = 65_536
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Streams]]


class Proxy:
    """One proxy in a thread of its own. `connect` opens a connection to what stands behind it."""

    def __init__(self, name: str, connect: Connect) -> None:
        self.delay_seconds = 0.0
        """The longest that a piece of data waits before it goes on; each waits as long as chance has it."""
        self._connect = connect
        self._cuts = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy-{name}", daemon=True)
        self._thread.start()
        self._server = self._on_loop(self._listen())
        self.port: int = self._server.sockets[0].getsockname()[1]

    def reset(self) -> None:
        """Break every connection that is open now, as a firewall would that has forgotten them."""
        self._on_loop(self._abort_all())

    def cut(self, pieces: int) -> None:
        """Let only the first half of each of the next `pieces` of data through, then break that connection."""
        self._cuts = pieces

    def close(self) -> None:
        """Break what is open and stop listening."""
        self._on_loop(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _on_loop(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def _abort_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _end(self) -> None:
        self._server.close()  # here: it counts its connections, which end on this loop at the same time
        await self._abort_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            behind_reader, behind_writer = await self._connect()
        except OSError:
            writer.transport.abort()
            return
        both = {writer, behind_writer}
        self._writers |= both
        pumps = [
            asyncio.ensure_future(self._pump(reader, behind_writer)),
            asyncio.ensure_future(self._pump(behind_reader, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._writers -= both
            for pump in pumps:
                pump.cancel()
            for each in both:
                each.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                if self.delay_seconds:
                    await asyncio.sleep(random.uniform(0, self.delay_seconds))  # noqa: S311 - jitter
                if self._cuts:
                    self._cuts -= 1
                    writer.write(data[: len(data) // 2])
                    await writer.drain()
                    return
                writer.write(data)
                await writer.drain()


def to_address(port: Callable[[], int]) -> Connect:
    """Connect to a port of the loopback that is known when somebody comes."""
    return lambda: asyncio.open_connection("127.0.0.1", port())


def to_socket(path: Callable[[], str]) -> Connect:
    """Connect to a Unix socket, such as the embedded PostgreSQL's."""
    return lambda: asyncio.open_unix_connection(path())
