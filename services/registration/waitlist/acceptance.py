"""Offers that are accepted unasked, right after the step that made them.

Each is a transaction of its own, for it gives back the place that the patient had: who freed the place that is offered
waits for nobody else's. What that gives back may be offered on to somebody of whom the same is true; each turn ends an
entry, so it comes to an end. Until then the place is held for the patient, whatever dies.
"""

from contextlib import suppress

from services.registration.waitlist import handlers
from shared.database import Database
from shared.work import Stale


async def accept_unasked(database: Database, limit: int) -> int:
    """Accept what is offered to those who wished it, at most `limit`. Returns how many were looked at.

    Whoever lost a race is still due.
    """
    async with database.work() as work:
        due = await handlers.unasked(limit, work)
    for entry_id in due:
        with suppress(Stale):
            async with database.work() as work:
                await handlers.accept_unasked(entry_id, work)
    return len(due)
