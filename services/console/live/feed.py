"""One broadcaster a process: the database rings, a frame is drawn once a language, and every open page gets it.

Apps follow the same bell and read their events for themselves (`live/events.py`).

Invariants: nobody waits for a slow client, since a client keeps its own place among the last frames and reads what it
missed from the projection; a client is sent every position after the one it names, once.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from datetime import tzinfo
from time import monotonic
from typing import Any

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from services.console.board import handlers
from services.console.board.model import Change
from services.console.pages.language import Tag
from services.console.projection import queries
from services.console.projection.model import CHANNEL
from shared.database import DRIVER_FAULTS, FAULTS, Database
from shared.log import logger

FRAMES_KEPT = 64
FRAME_SECONDS = 0.2
POLL_SECONDS = 1.0
HEARTBEAT_SECONDS = 15.0
LONGEST_SECONDS = 900.0
"""A stream ends after so long; the page comes back with its place, and its token is looked at again."""

RETRY_MILLISECONDS = 1000

Draw = Callable[[Change, Tag], str]
Read = Callable[[int], Awaitable[tuple[int, bytes] | None]]
"""What is new after a position, as bytes of the stream, and the position that it reaches; None when nothing is."""

log = logger(__name__)


class Frame:
    """What is new in (after, head], as bytes of the stream, drawn once a language."""

    def __init__(self, change: Change, draw: Draw) -> None:
        self.after = change.after
        self.head = change.head
        self._change = change
        self._draw = draw
        self._drawn: dict[Tag, bytes] = {}

    def in_language(self, tag: Tag) -> bytes:
        """The frame as an event of the stream, whose id is its position."""
        if tag not in self._drawn:
            html = self._draw(self._change, tag)
            self._drawn[tag] = format_sse_event(data_str=html, id=str(self.head), retry=RETRY_MILLISECONDS)
        return self._drawn[tag]


class Feed:
    """`run()` until cancelled; `stream()` for each client; `close()` ends all streams."""

    def __init__(self, database: Database, zone: tzinfo, draw: Draw) -> None:
        self._database = database
        self._zone = zone
        self._draw = draw
        self._frames: deque[Frame] = deque(maxlen=FRAMES_KEPT)
        self._head: int | None = None
        self._rung = asyncio.Event()
        self._turned = asyncio.Event()
        self._closed = False
        self.clients = 0

    async def run(self) -> None:
        """Draw frames while anybody watches; a database that is away is waited for."""
        listener: Any = None
        try:
            while True:
                try:
                    if listener is None or listener.is_closed():
                        listener = await self._database.driver()
                        await listener.add_listener(CHANNEL, lambda *_: self._rung.set())
                    await self._advance()
                except FAULTS as fault:
                    log.warning("feed-interrupted", error=type(fault).__name__)
                    if listener is not None:
                        listener.terminate()
                    listener = None
                    await asyncio.sleep(POLL_SECONDS)
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._rung.wait()
        finally:
            if listener is not None:
                with suppress(*DRIVER_FAULTS):
                    await listener.close(timeout=1)

    def close(self) -> None:
        """End every stream, so that a server that is told to stop need not wait for them."""
        self._closed = True
        self._turn()

    async def stream(self, after: int, tag: Tag) -> AsyncIterator[bytes]:
        """The frames after a position, in a language."""

        async def read(position: int) -> tuple[int, bytes] | None:
            frame = await self._frame_after(position)
            return (frame.head, frame.in_language(tag)) if frame else None

        self.clients += 1
        self._rung.set()
        try:
            async with aclosing(self.follow(after, read)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            self.clients -= 1

    async def follow(self, after: int, read: Read) -> AsyncGenerator[bytes]:
        """What is new after a position, for as long as the client stays; a comment where there is nothing to say.

        Ends when the database is away: the client comes back by itself, with its place.
        """
        ends_at = monotonic() + LONGEST_SECONDS
        yield KEEPALIVE_COMMENT
        while not self._closed and monotonic() < ends_at:
            turned = self._turned
            try:
                found = await read(after)
            except FAULTS:
                return
            if found is not None:
                after, piece = found
                yield piece
            elif not await _happens(turned, HEARTBEAT_SECONDS):
                yield KEEPALIVE_COMMENT

    async def _frame_after(self, after: int) -> Frame | None:
        """The frame that goes on from a place: a kept one, or one drawn for this client that catches up."""
        if self._head is None or after == self._head:
            return None
        for frame in self._frames:
            if frame.after == after:
                return frame
        return await self._read(after)

    async def _advance(self) -> None:
        """Draw the next frame, at most one every `FRAME_SECONDS`; without clients only note where the feed stands."""
        self._rung.clear()
        if self._head is None or not self.clients:
            async with self._database.work() as work:
                head = await queries.head(work)
            self._frames.clear()
            if head != self._head:
                self._head = head
                self._turn()
        elif frame := await self._read(self._head):
            if frame.after == self._head:
                self._frames.append(frame)
            else:
                self._frames.clear()
            self._head = frame.head
            self._turn()
            await asyncio.sleep(FRAME_SECONDS)

    async def _read(self, after: int) -> Frame | None:
        async with self._database.work() as work:
            change = await handlers.changed_since(after, self._zone, work)
        return Frame(change, self._draw) if change is not None else None

    def _turn(self) -> None:
        """Wake every stream: the feed has moved on, or is closed."""
        turned, self._turned = self._turned, asyncio.Event()
        turned.set()


async def _happens(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
