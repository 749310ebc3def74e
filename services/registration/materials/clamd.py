"""The scanner ClamAV, by clamd's INSTREAM over TCP (clamd(8), "COMMANDS").

Invariant: only the very words that say so make a material clean; anything else is no verdict.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

from services.registration.materials.ports import Unavailable, Verdict

CONNECT_SECONDS = 3
SECONDS = 30
"""For one scan; the service's other timers wait so long at most."""
LONGEST_ANSWER_BYTES = 4096
OPEN = b"zINSTREAM\0"
END = bytes(4)
CLEAN = b"stream: OK"
FOUND = b" FOUND"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clamd:
    """A clamd that listens on TCP. Its StreamMaxLength must not be below the largest material."""

    host: str
    port: int

    async def scan(self, content: AsyncIterator[bytes]) -> Verdict:
        """The verdict about some bytes. Raises `Unavailable` after half a minute at the latest."""
        try:
            async with asyncio.timeout(SECONDS):
                answer = await self._ask(content)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise Unavailable("the scanner does not answer") from None
        if answer == CLEAN:
            return Verdict.CLEAN
        if answer.endswith(FOUND):
            return Verdict.INFECTED
        raise Unavailable("the scanner gave no verdict")

    async def _ask(self, content: AsyncIterator[bytes]) -> bytes:
        """Send length and bytes of each piece, then a length of zero; its answer ends with a zero byte."""
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(self.host, self.port, limit=LONGEST_ANSWER_BYTES)
        try:
            writer.write(OPEN)
            async for piece in content:
                writer.write(len(piece).to_bytes(4, "big") + piece)
                await writer.drain()
            writer.write(END)
            await writer.drain()
            return (await reader.readuntil(b"\0"))[:-1]
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


class NoScan:
    """The hospital has said that nothing is scanned."""

    async def scan(self, content: AsyncIterator[bytes]) -> Verdict:  # noqa: ARG002 - what the port hands over
        """Clean, unseen."""
        return Verdict.CLEAN
