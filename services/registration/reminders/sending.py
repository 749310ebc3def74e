"""The engine: claim what has come up, send it, settle it. Nothing is sent while a transaction is open.

Invariants: an attempt is written down and committed before it is made. One that raises or hangs is settled by itself
and stops nobody else's. A process that dies in between leaves an attempt without result: it is unknown, and not made
again, for a message that comes twice is worse than the next rung's alone. What came of each is counted once it is
written down; every series begins at nought, or its first would be no increase.
"""

import asyncio

from prometheus_client import Counter

from services.registration.reminders import handlers
from services.registration.reminders.handlers import Claimed
from services.registration.reminders.model import Result
from services.registration.reminders.port import Senders
from shared.database import Database
from shared.log import logger
from shared.telemetry import Telemetry

AT_ONCE = 4
PATIENCE_SECONDS = 60.0

log = logger(__name__)


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
        async with database.work() as work:
            seen, claimed = await handlers.claim(limit, work)
        gate = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._carry_out(one, database, gate) for one in claimed))
        return seen

    async def _carry_out(self, claimed: Claimed, database: Database, gate: asyncio.Semaphore) -> None:
        async with gate:
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
