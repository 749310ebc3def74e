"""A bell between those who write events and those who send them.

Ringing inside the write transaction would cost half of all commits, so it rings after the commit, at most once every
few milliseconds, on a connection of its own. A bell that is not heard costs nothing but the relay's next poll.
"""

import asyncio
from contextlib import suppress
from typing import Any

from shared.database import DRIVER_FAULTS, Database

CHANNEL = "outbox"
QUIET_SECONDS = 0.003
RETRY_SECONDS = 1.0


class Bell:
    """`ring()` may be called from anywhere at any rate; `run()` passes it on to other processes until cancelled."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """There is something in the outbox."""
        self._rung.set()

    async def run(self) -> None:
        """Notify whoever listens to the database; connects when there is something to say."""
        connection: Any = None
        while True:
            await self._rung.wait()
            self._rung.clear()
            try:
                if connection is None or connection.is_closed():
                    connection = await self._database.driver()
                await connection.execute(f"NOTIFY {CHANNEL}")
                await asyncio.sleep(QUIET_SECONDS)
            except DRIVER_FAULTS:
                if connection is not None:
                    connection.terminate()
                connection = None
                await asyncio.sleep(RETRY_SECONDS)
            except asyncio.CancelledError:
                if connection is not None:
                    with suppress(*DRIVER_FAULTS):
                        await connection.close(timeout=1)
                raise
