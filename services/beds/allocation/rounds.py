"""A round from end to end: read the pool, ask the optimiser, write the proposals, and accept where a ward does.

Invariant: no transaction is open while the optimiser thinks. A round that is lost on the way changes nothing and is
wanted still; one that finds no bed for anybody answers what wanted it, so that nothing is asked twice.
"""

from datetime import timedelta
from uuid import UUID

from services.beds.allocation import handlers
from services.beds.allocation.model import Answer
from services.beds.allocation.proposals import AcceptProposal, Agenda, nothing_to_assign, reopened
from services.beds.allocation.worker import Optimiser, OptimiserLost
from services.beds.inventory import handlers as inventory
from services.beds.scoring.model import Policy
from shared.database import Database
from shared.decision import Refused
from shared.log import logger
from shared.timers import Timer

log = logger(__name__)


class Declined(Exception):
    """Carries a refusal out of a unit of work, so that nothing of it stays."""


class Rounds:
    """Runs rounds with one optimiser under one policy. `hold`: how long an automatic ward keeps a bed."""

    def __init__(self, optimiser: Optimiser, policy: Policy, hold: timedelta) -> None:
        self._optimiser = optimiser
        self._policy = policy
        self._hold = hold

    @property
    def timer(self) -> Timer:
        """A round is due from the moment that somebody wants one."""
        return Timer(name="bed-round", fire=self.run, next_due_at=inventory.round_wanted_at)

    async def run(self, database: Database, _: int) -> int:
        """One round over the whole pool, if one is wanted. Returns how many rounds were run."""
        async with database.work() as work:
            asked = await handlers.prepare_round(self._policy, work)
        if asked is None:
            return 0
        try:
            asked, answer = await self._solve(asked)
        except OptimiserLost as lost:
            log.warning("round-lost", error=type(lost).__name__)
            return 0
        async with database.work() as work:
            await handlers.finish_round(asked, answer, work)
            automatic = await handlers.automatic_requests(work)
        for request_id in automatic:
            await self._accept(database, request_id)
        return 1

    async def _solve(self, asked: Agenda) -> tuple[Agenda, Answer]:
        """The answer, and what it was that was asked: a second question where the first left an urgent patient out."""
        if not asked.question.waiting:
            return asked, nothing_to_assign(asked)
        answer = await self._optimiser.solve(asked.question)
        again = reopened(asked, answer)
        return (asked, answer) if again is None else (again, await self._optimiser.solve(again.question))

    async def _accept(self, database: Database, request_id: UUID) -> None:
        """Accept for an automatic ward. Where it is refused the pool has changed, and that wants the next round."""
        command = AcceptProposal(request_id=request_id, hold=self._hold, policy=self._policy)
        try:
            async with database.work() as work:
                outcome = await handlers.accept_proposal(command, work)
                if isinstance(outcome, Refused):
                    raise Declined(outcome.reason)  # noqa: TRY301 - leaving the block is what rolls back
        except Declined:
            log.info("automatic-acceptance-declined")
