"""Letting go of what nobody asks for any more: commands' answers and taken events' ids, by their age on the wall clock.

Invariant: nothing younger than `KEPT_DAYS` goes, which is longer than any client repeats a command and any replay of a
topic is meant to be recognised. What was decided stays for ever in the services' own tables.
"""

import asyncio
from datetime import timedelta

from shared.clock import wall_now
from shared.database import FAULTS, Database
from shared.log import logger

KEPT_DAYS = 90
ROUND_SECONDS = 3600.0
ROWS = 5_000

OLD = (
    "DELETE FROM command WHERE key IN (SELECT key FROM command WHERE answered_at < $1 LIMIT $2)",
    "DELETE FROM inbox WHERE event_id IN (SELECT event_id FROM inbox WHERE taken_at < $1 LIMIT $2)",
)

log = logger(__name__)


async def prune(database: Database) -> int:
    """Delete everything too old, some thousand rows a transaction. Returns how many rows went."""
    before = wall_now() - timedelta(days=KEPT_DAYS)
    gone = 0
    for statement in OLD:
        rows = ROWS
        while rows == ROWS:
            async with database.work() as work:
                answer: str = await (await work.sql()).execute(statement, before, ROWS)
            rows = int(answer.rpartition(" ")[2])
            gone += rows
    return gone


async def prune_for_ever(database: Database) -> None:
    """Once an hour, until cancelled; a database that is away is tried again an hour later."""
    while True:
        try:
            if gone := await prune(database):
                log.info("pruned", rows=gone)
        except FAULTS as fault:
            log.warning("pruning-interrupted", error=type(fault).__name__)
        await asyncio.sleep(ROUND_SECONDS)
