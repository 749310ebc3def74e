"""The engine: claim one that has come up, send it, settle it; four at a time. No transaction is open meanwhile.

Invariants: an attempt is written down and committed before it is made. One that raises or hangs is settled by itself
and stops nobody else's. A process that dies in between leaves an attempt without result, of those four alone: it is
unknown, and not made again, for a message that comes twice is worse than the next rung's alone. What came of each is
counted once it is written down; every series begins at nought, or its first would be no increase.
"""

import asyncio
from collections.abc import Iterator

from prometheus_client import Counter

from services.registration.reminders import handlers
from services.registration.reminders.handlers import Claimed
from services.registration.reminders.model import Result
from services.registration.reminders.port import Senders
from shared.database import Database
from shared.log import logger
from shared.telemetry import Counted, Telemetry

AT_ONCE = 4
PATIENCE_SECONDS = 60.0
"""Far less than an attempt's lease: whoever still sends is not taken for dead."""

log = logger(__name__)


def unreached_patients(telemetry: Telemetry) -> Counted:
    """How many patients no reminder of a coming visit can reach, as a metric."""
    about = "Patients whom no reminder of a coming visit can reach, by cause"
    return Counted(telemetry, "journey_unreached_patients", about, "cause", handlers.count_unreached)


class Dispatch:
    """Sends what has come up by the senders that there are."""

    def __init__(self, senders: Senders, telemetry: Telemetry) -> None:
        self._senders = senders
        self._attempts = Counter(
            "journey_reminder_attempts_total",
            "Attempts to send a reminder, by what came of it",
            ("result",),
            registry=telemetry.registry,
        )
        for result in Result:
            self._attempts.labels(result=result)

    async def fire(self, database: Database, limit: int) -> int:
        """Look at what has come up, at most `limit`, and send what is to be sent. Returns how many were looked at."""
        turns = iter(range(limit))
        return sum(await asyncio.gather(*(self._work_off(database, turns) for _ in range(AT_ONCE))))

    async def _work_off(self, database: Database, turns: Iterator[int]) -> int:
        """One after another, until nothing has come up or the turns are used."""
        looked_at = 0
        for _ in turns:
            async with database.work() as work:
                seen, claimed = await handlers.claim(work)
            if not seen:
                break
            looked_at += 1
            if claimed:
                await self._carry_out(claimed, database)
        return looked_at

    async def _carry_out(self, claimed: Claimed, database: Database) -> None:
        (result,) = await asyncio.gather(self._send(claimed), return_exceptions=True)
        if not isinstance(result, Result):
            log.warning("reminder-interrupted", error=type(result).__name__)
            result = Result.UNKNOWN
        async with database.work() as work:
            await handlers.settle(claimed.reminder.reminder_id, claimed.reminder.attempts, result, work)
        self._attempts.labels(result=result).inc()

    async def _send(self, claimed: Claimed) -> Result:
        sender = self._senders.get(claimed.message.channel)
        if sender is None:
            return Result.NO_CHANNEL
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await sender.send(claimed.message)
