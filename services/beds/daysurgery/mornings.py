"""The morning of a day-surgery case: the bed that was booked is reserved when its hours begin.

Invariant: a case either has its bed reserved or is open again without one; in between there is nothing.
"""

from uuid import UUID

from services.beds.daysurgery import handlers
from services.beds.scoring.model import Policies
from shared.database import Database
from shared.decision import Refused
from shared.log import logger
from shared.timers import Timer

log = logger(__name__)


class Declined(Exception):
    """Carries a refusal out of a unit of work, so that nothing of it stays."""


class Mornings:
    """Reserves the beds of confirmed cases under the policy in force."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    @property
    def timer(self) -> Timer:
        """Due when the hours of a confirmed case's bed begin."""
        return Timer(name="day-surgery-bed", fire=self.run, next_due_at=handlers.next_bed_due_at)

    async def run(self, database: Database, limit: int) -> int:
        """Reserve what is due, one case a transaction. Returns how many cases were seen to."""
        async with database.work() as work:
            due = await handlers.due_cases(limit, work)
        for case_id in due:
            await self._reserve(database, case_id)
        return len(due)

    async def _reserve(self, database: Database, case_id: UUID) -> None:
        policy = self._policies.at(database.clock.now())
        try:
            async with database.work() as work:
                outcome = await handlers.reserve_day_bed(case_id, policy, work)
                if isinstance(outcome, Refused):
                    raise Declined(outcome.reason)  # noqa: TRY301 - leaving the block is what rolls back
        except Declined:
            log.info("day-bed-lost")
            async with database.work() as work:
                await handlers.lose_day_bed(case_id, work)
