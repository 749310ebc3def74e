"""When each record is due: as far after the one before as it was recorded, times a speed, gaps cut short.

Invariant: time that a person has paused does not count; whoever goes ahead leaves no record out, it only comes at once.
"""

import asyncio
from contextlib import suppress
from time import monotonic

EARLY_SECONDS = 0.0005
"""Due this soon is due now: to wait for less takes longer than it lasts."""


class Pace:
    """The pace of one replay. `speed` 1.0 is as recorded, None as fast as it goes."""

    def __init__(self, speed: float | None, max_gap_seconds: float | None = None, *, paused: bool = False) -> None:
        self._speed = speed
        self._max_gap_seconds = max_gap_seconds
        self._changed = asyncio.Event()
        self._paused_at: float | None = monotonic() if paused else None
        self._steps = 0
        self._ahead_to: int | None = None
        self._timestamp: int | None = None
        self._due_at = 0.0

    @property
    def paused(self) -> bool:
        """Whether it stands still."""
        return self._paused_at is not None

    def pause_or_go_on(self) -> None:
        """Stand still, or go on where it stood."""
        if self._paused_at is None:
            self._paused_at = monotonic()
        else:
            self._due_at += monotonic() - self._paused_at
            self._paused_at = None
        self._changed.set()

    def step(self) -> None:
        """Stand still after one more record, which comes at once."""
        if self._paused_at is None:
            self._paused_at = monotonic()
        self._steps += 1
        self._changed.set()

    def go_ahead(self, seconds: float) -> None:
        """Let what was recorded within `seconds` of the record that is waited for come at once, and that one."""
        self._ahead_to = (self._ahead_to or self._timestamp or 0) + round(seconds * 1000)
        self._changed.set()

    def next(self, timestamp: int) -> bool:
        """The record of this time, in milliseconds, comes next. Whether it has to wait."""
        if self._timestamp is None:
            self._timestamp, self._due_at = timestamp, monotonic()
        before = self._timestamp
        gap_seconds = max(0, timestamp - before) / 1000
        if self._max_gap_seconds is not None:
            gap_seconds = min(gap_seconds, self._max_gap_seconds)
        self._timestamp = max(before, timestamp)
        if self._speed is not None:
            self._due_at += gap_seconds / self._speed
        return self.paused or self._seconds_left() > 0

    async def until_due(self) -> None:
        """Wait for the record that `next` has named."""
        while (left := self._seconds_left()) > 0:
            self._changed.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), None if self.paused else left)
        if self.paused:
            self._steps -= 1

    def _seconds_left(self) -> float:
        if self._paused_at is not None:
            return 0.0 if self._steps else float("inf")
        if self._speed is None:
            return 0.0
        if self._ahead_to is not None and self._timestamp is not None:
            if self._timestamp <= self._ahead_to:
                self._due_at = monotonic()
                return 0.0
            self._ahead_to = None
        left = self._due_at - monotonic()
        return left if left > EARLY_SECONDS else 0.0
