"""The writer lane: whoever wants a place waits in one of a few short queues, and a turn answers all who wait in one.

A turn is one statement and one commit: places, appointments, answers under their keys, events. Alone in its queue, a
request is a turn of its own. All requests for a slot are on the same track, each track takes one turn at a time, and
tracks take their turns side by side: so one writes while the other prepares. Two requests that depend on each other
(same key, same id, same encounter, same patient) are never under way at once, except for a repeat, which shares the
answer.

Invariants: first come, first served; nobody is told of a place before it is committed; one poisonous request never
refuses the rest (a turn that fails is halved until it is alone); a connection lost in commit is settled by asking
again under the same keys. The lane only makes it fast: the database's constraints are the proof.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from fastapi import Response

from services.registration.booking.answers import WORDING, answer_of, busy, fault, unknown
from services.registration.booking.judging import Word
from services.registration.booking.taking import Keyed, Raced, is_passing, is_poison, take_places
from shared.database import Autocommit, Database
from shared.effects import is_outage
from shared.log import logger

MOST_A_TURN = 256
MOST_WAITING = 8192
TRACKS = 2
RACES = 5
OUTAGES = 6
BACK_OFF_SECONDS = 0.05

log = logger(__name__)


@dataclass(slots=True, eq=False)
class Waiting:
    """A request in a queue, and those who wait for its answer."""

    keyed: Keyed
    answers: list[asyncio.Future[Response]] = field(default_factory=list)
    told: bool = False

    @property
    def needs(self) -> tuple[tuple[Any, ...], ...]:
        """What no other request that is under way may touch."""
        take = self.keyed.take
        alone = ("key", self.keyed.key), ("id", take.appointment_id), ("patient", take.patient_id)
        return alone if take.encounter_id is None else (*alone, ("encounter", take.encounter_id))


class Lane:
    """`await lane.ask(...)` from anywhere; one `run()` answers until it is stopped."""

    def __init__(self, database: Database, *, most_waiting: int = MOST_WAITING) -> None:
        self._most_waiting = most_waiting
        self.under_way: dict[tuple[Any, ...], Waiting] = {}
        self.changed = asyncio.Event()
        self.stopping = False
        self._tracks = [Track(self, database) for _ in range(TRACKS)]

    async def ask(self, keyed: Keyed) -> Response:
        """The answer to a request for a place. The request goes on when its caller goes away."""
        if self.stopping or self.waiting >= self._most_waiting:
            return busy()
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._tracks[hash(keyed.take.slot) % TRACKS].queue.append(Waiting(keyed, [answer]))
        self.changed.set()
        return await answer

    @property
    def waiting(self) -> int:
        """How many are in the queues."""
        return sum(len(track.queue) for track in self._tracks)

    @property
    def most_a_turn(self) -> int:
        """A track has no more in a turn than its share: of two long turns the second would find nobody."""
        busy = [track for track in self._tracks if track.queue or track.in_turn]
        return min(MOST_A_TURN, ceil(sum(len(track.queue) + track.in_turn for track in busy) / len(busy)))

    async def run(self) -> None:
        """Take turn after turn; returns when stopped and everybody has been answered."""
        async with asyncio.TaskGroup() as tracks:
            for track in self._tracks:
                tracks.create_task(track.run())

    def stop(self) -> None:
        """Take no more requests; `run` returns when those in the queues have their answers."""
        self.stopping = True
        self.changed.set()


class Track:
    """One of the lane's queues, answered a turn at a time over a connection of its own."""

    def __init__(self, lane: Lane, database: Database) -> None:
        self.queue: deque[Waiting] = deque()
        self.in_turn = 0
        self._lane = lane
        self._database = database
        self._connection = Autocommit(database)

    async def run(self) -> None:
        """Take turns until the lane is stopped and the queue is empty."""
        while self.queue or not self._lane.stopping:
            self._lane.changed.clear()
            if turn := self._next_turn():
                self.in_turn = len(turn)
                await self._settle(turn)
                self.in_turn = 0
                self._lane.changed.set()
            else:
                await self._lane.changed.wait()
        await self._connection.close()

    @property
    def _patience(self) -> int:
        """How often a turn is tried on a database that is away; a service that stops waits for nothing."""
        return 1 if self._lane.stopping else OUTAGES

    def _next_turn(self) -> list[Waiting]:
        """The first in the queue that depend on nobody under way, in order; a repeat joins the one it repeats."""
        under_way, most = self._lane.under_way, self._lane.most_a_turn if self.queue else 0
        turn: list[Waiting] = []
        later: deque[Waiting] = deque()
        needed: dict[tuple[Any, ...], Waiting] = {}
        while self.queue and len(turn) < most:
            one = self.queue.popleft()
            needs = one.needs
            before = [other for need in needs if (other := needed.get(need) or under_way.get(need))]
            if not before:
                turn.append(one)
                under_way.update(dict.fromkeys(needs, one))
            elif one.keyed.key == before[0].keyed.key and one.keyed.body_hash == before[0].keyed.body_hash:
                before[0].answers.extend(one.answers)
            else:
                later.append(one)
                needed.update(dict.fromkeys(needs, one))
        self.queue.extendleft(reversed(later))
        return turn

    async def _settle(self, turn: Sequence[Waiting]) -> None:
        """Answer everybody of the turn."""
        races = outages = 0
        while turn and races < RACES and outages < self._patience:
            failed = await self._attempt(turn)
            turn = [one for one in turn if not one.told]
            if failed is None:
                return
            log.warning("turn-failed", error=type(failed).__name__, count=len(turn))
            if is_passing(failed):
                races += 1
            elif is_outage(failed) and not is_poison(failed):
                outages += 1
                await asyncio.sleep(BACK_OFF_SECONDS * 2**outages)
            else:
                break
        if outages >= self._patience or len(turn) <= 1:
            answer = unknown() if outages else busy() if races else fault()
            for one in turn:
                self._tell(one, answer)
            return
        middle = len(turn) // 2
        await self._settle(turn[:middle])
        await self._settle(turn[middle:])

    async def _attempt(self, turn: Sequence[Waiting]) -> Exception | None:
        """One statement for all; what it raises comes back as a value."""
        try:
            await self._once(turn)
        except Exception as failed:  # noqa: BLE001 - whatever it is, those who wait get an answer
            return failed
        return None

    async def _once(self, turn: Sequence[Waiting]) -> None:
        """Decide and tell."""
        keyed, now = [one.keyed for one in turn], self._database.clock.now()
        outcomes = await take_places(self._connection, keyed, now, WORDING)
        if any(outcome and outcome.word == Word.TAKEN for outcome in outcomes):
            self._database.on_commit()
        for one, outcome in zip(turn, outcomes, strict=True):
            if outcome is not None:
                self._tell(one, answer_of(outcome))
        if None in outcomes:
            raise Raced

    def _tell(self, one: Waiting, response: Response) -> None:
        """Answer those who still listen; from now on others may touch what this one has."""
        one.told = True
        for need in one.needs:
            del self._lane.under_way[need]
        for answer in one.answers:
            if not answer.done():
                answer.set_result(response)
