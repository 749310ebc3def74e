"""A round from end to end: read the pool, ask the optimiser, write the proposals, and accept where a ward does.

Invariant: no transaction is open while an optimiser thinks. A round that is lost on the way changes nothing and is
wanted still; one that finds no bed for anybody answers what wanted it, so that nothing is asked twice. A round whose
gap is above the tolerance is put to a second optimiser, for at most five seconds and beside those that go on; what it
finds is written only if it is better and no other round has been written since.
"""

import asyncio
from datetime import timedelta
from functools import partial
from uuid import UUID

from services.beds.allocation import agenda as asking
from services.beds.allocation import deciding, handlers
from services.beds.allocation.agenda import Agenda, Kind
from services.beds.allocation.model import THOROUGH, TOLERANCE, Answer
from services.beds.allocation.overdue import Overdue
from services.beds.allocation.proposals import AcceptProposal
from services.beds.allocation.worker import Optimiser, OptimiserLost
from services.beds.inventory import handlers as inventory
from services.beds.scoring.model import Policies, Unscorable
from shared.database import FAULTS, Database
from shared.decision import Refused
from shared.log import logger
from shared.timers import Timer
from shared.work import Stale

AUTOMATIC = "automatic ward"
LEAST_GAIN = 1e-6

log = logger(__name__)


class Declined(Exception):
    """Carries a refusal out of a unit of work, so that nothing of it stays."""


class Rounds:
    """Runs rounds with `quick`, and goes on with `thorough` where much is left open.

    `hold`: how long an automatic ward keeps a bed.
    """

    def __init__(
        self, quick: Optimiser, thorough: Optimiser, policies: Policies, hold: timedelta, overdue: Overdue
    ) -> None:
        self._quick = quick
        self._thorough = thorough
        self._policies = policies
        self._hold = hold
        self._overdue = overdue
        self._improving: asyncio.Task[None] | None = None

    @property
    def timers(self) -> tuple[Timer, Timer]:
        """A round is due from the moment that somebody wants one; the morning's once a day while anybody waits."""
        on_event = Timer(name="bed-round", fire=self.run, next_due_at=inventory.round_wanted_at)
        morning = Timer(
            name="morning-round",
            fire=self.run_morning,
            next_due_at=partial(handlers.next_morning_round, self._policies),
        )
        return on_event, morning

    async def run(self, database: Database, _: int) -> int:
        """One round over the whole pool, if one is wanted. Returns how many rounds were run."""
        return await self._run(database, Kind.EVENT)

    async def run_morning(self, database: Database, _: int) -> int:
        """The morning round, which counts on beds that are expected free."""
        return await self._run(database, Kind.MORNING)

    async def improved(self) -> None:
        """Wait until nothing is being improved."""
        if self._improving is not None:
            await asyncio.wait([self._improving])

    async def close(self) -> None:
        """Give up what is being improved."""
        if self._improving is not None:
            self._improving.cancel()
            await asyncio.wait([self._improving])

    async def _run(self, database: Database, kind: Kind) -> int:
        policy = self._policies.at(database.clock.now())
        async with database.work() as work:
            asked = await handlers.prepare_round(kind, policy, work)
        if asked is None:
            return 0
        try:
            answer = await self._answer(asked)
            prices = await self._prices(asked, answer)
        except OptimiserLost as lost:
            log.warning("round-lost", error=type(lost).__name__)
            return 0
        async with database.work() as work:
            await handlers.finish_round(asked, answer, prices, work)
        self._overdue.note(asked.question.waiting, policy)
        await self._accept_automatic(database)
        self._improve(database, asked, answer)
        return 1

    async def _answer(self, asked: Agenda) -> Answer:
        return await self._quick.solve(asked.question) if asked.question.waiting else asking.nothing_to_assign(asked)

    async def _prices(self, asked: Agenda, answer: Answer) -> dict[int, float]:
        """What coordinators' choices cost: each is left out in turn. A price that is not found holds up no round."""
        prices = {}
        for chosen in asked.pool.unpriced:
            try:
                otherwise = await self._quick.solve(asking.without(asked, chosen))
                prices[chosen.decision_no] = asking.price(chosen, answer, otherwise)
            except (OptimiserLost, Unscorable) as lost:
                log.warning("price-lost", error=type(lost).__name__)
        return prices

    def _improve(self, database: Database, asked: Agenda, answer: Answer) -> None:
        """Go on with the round beside those that follow, unless an earlier one still is."""
        if answer.gap > TOLERANCE and (self._improving is None or self._improving.done()):
            self._improving = asyncio.create_task(self._improve_now(database, asked, answer))

    async def _improve_now(self, database: Database, asked: Agenda, answer: Answer) -> None:
        try:
            again = asking.once_more(asked, answer)
            better = await self._thorough.solve(again.question, THOROUGH)
            if better.achieved > asking.standing_total(again, answer) + LEAST_GAIN or better.gap < answer.gap:
                async with database.work() as work:
                    await handlers.finish_round(again, better, {}, work)
                await self._accept_automatic(database)
        except Stale:
            log.info("improvement-overtaken")
        except (OptimiserLost, *FAULTS) as lost:
            log.warning("improvement-lost", error=type(lost).__name__)

    async def _accept_automatic(self, database: Database) -> None:
        """Accept what is proposed in automatic wards."""
        async with database.work() as work:
            automatic = await deciding.automatic_requests(work)
        for request_id in automatic:
            await self._accept(database, request_id)

    async def _accept(self, database: Database, request_id: UUID) -> None:
        """Accept for an automatic ward. Where it is refused the pool has changed, and that wants the next round."""
        policy = self._policies.at(database.clock.now())
        command = AcceptProposal(request_id=request_id, hold=self._hold, policy=policy, by=AUTOMATIC, automatic=True)
        try:
            async with database.work() as work:
                outcome = await deciding.accept_proposal(command, work)
                if isinstance(outcome, Refused):
                    raise Declined(outcome.reason)  # noqa: TRY301 - leaving the block is what rolls back
        except Declined:
            log.info("automatic-acceptance-declined")
