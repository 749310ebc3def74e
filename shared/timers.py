"""What is due: holds, reservations, tasks. One loop a service asks each capability to do what its time has come for.

Business time decides what is due, so a driven clock can jump from one due instant to the next; wall time only decides
how often the loop looks. Every timer does at most `BATCH` in a transaction and is asked again while it found as many.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from shared.clock import SystemClock
from shared.database import FAULTS, Database
from shared.log import logger
from shared.telemetry import Telemetry
from shared.work import Stale, Work

BATCH = 100
POLL_SECONDS = 1.0
SYSTEM_PACE_SECONDS = 0.25
DRIVEN_PACE_SECONDS = 0.05

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """`fire` does what is due, at most so many, and says how many it did; `next_due_at` is the earliest still to do."""

    name: str
    fire: Callable[[Database, int], Awaitable[int]]
    next_due_at: Callable[[Work], Awaitable[datetime | None]]


def in_one_work(handler: Callable[[Work, int], Awaitable[int]]) -> Callable[[Database, int], Awaitable[int]]:
    """A `fire` for a handler that needs nothing but a unit of work."""

    async def fire(database: Database, limit: int) -> int:
        async with database.work() as work:
            return await handler(work, limit)

    return fire


class Timers:
    """The loop. Runs until cancelled; a database that is away is waited for."""

    def __init__(self, database: Database, timers: Sequence[Timer], telemetry: Telemetry) -> None:
        self._database = database
        self._timers = timers
        self._telemetry = telemetry
        self._woken = asyncio.Event()
        self._seen_due: dict[str, datetime] = {}
        driven = not isinstance(database.clock, SystemClock)
        self._poll_seconds = DRIVEN_PACE_SECONDS if driven else SYSTEM_PACE_SECONDS
        for timer in timers:
            telemetry.timer_lag_seconds.labels(timer=timer.name).set_function(partial(self._lag_seconds, timer.name))

    def wake(self) -> None:
        """Something may have become due: look now."""
        self._woken.set()

    async def run(self) -> None:
        """Look whenever woken, whenever driven time has passed the next due instant, and at least once a second."""
        while self._timers:
            self._woken.clear()
            next_due_at = await self._look()
            await self._pause(next_due_at)

    async def _look(self) -> datetime | None:
        """Fire what is due. Returns when to look again, as far as is known."""
        try:
            async with self._database.work() as work:
                due = await self.due(work)
            self._seen_due = {timer.name: due_at for timer, due_at in due}
            for timer, due_at in due:
                if due_at <= self._database.clock.now():
                    await self._fire(timer)
                    self._seen_due.pop(timer.name, None)
                    self._woken.set()
        except (*FAULTS, Stale) as fault:
            log.warning("timer-interrupted", error=type(fault).__name__)
            return None
        return min((due_at for _, due_at in due), default=None)

    def _lag_seconds(self, name: str) -> float:
        """How late the oldest work of a timer is, asked for when metrics are read: a loop that hangs shows."""
        due_at = self._seen_due.get(name)
        return max(0.0, (self._database.clock.now() - due_at).total_seconds()) if due_at else 0.0

    async def _fire(self, timer: Timer) -> None:
        while (done := await timer.fire(self._database, BATCH)) > 0:
            self._telemetry.timers_fired_total.labels(timer=timer.name).inc(done)
            if done < BATCH:
                return

    async def _pause(self, next_due_at: datetime | None) -> None:
        for _ in range(int(POLL_SECONDS / self._poll_seconds)):
            await asyncio.sleep(self._poll_seconds)
            due = next_due_at is not None and next_due_at <= self._database.clock.now()
            if self._woken.is_set() or due:
                return

    async def due(self, work: Work) -> list[tuple[Timer, datetime]]:
        """Each timer that has something to wait for, with its earliest instant."""
        instants = [(timer, await timer.next_due_at(work)) for timer in self._timers]
        return [(timer, instant) for timer, instant in instants if instant is not None]
