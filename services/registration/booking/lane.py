"""The writer lane: whoever wants a place waits in one short queue, and every turn answers all who wait with one commit.

A turn is one transaction: places, appointments, answers under their keys, events. Alone in the queue, a request is a
turn of its own. Two turns are under way at a time: while one writes its answers and commits, the next asks for its
places, which it does after the one before has its own; so the database never waits for us, nor we for it. A turn leaves
the other its share of those who wait, or there would be no next one. Two requests that depend on each other (same key,
same id, same encounter, same patient) are never under way at once, except for a repeat, which shares the answer.

Invariants: first come, first served; nobody is told of a place before it is committed; one poisonous request never
refuses the rest (a turn that fails is halved until it is alone); a connection lost in commit is settled by asking
again under the same keys. The lane only makes it fast: the database's constraints are the proof.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from fastapi import Response

from services.registration.booking.model import Appointment, Keyed, taken
from services.registration.booking.refusals import Reason, no
from services.registration.booking.taking import (
    KEY_REUSED,
    PATIENT_DECEASED,
    PATIENT_MISSING,
    REPEATED,
    SLOT_MISSING,
    TAKEN,
    Done,
    Outcome,
    is_passing,
    is_poison,
    remember,
    take_places,
)
from services.registration.patients.model import DECEASED
from shared.database import Database
from shared.decision import Refused
from shared.effects import is_outage
from shared.envelope import Origin
from shared.log import logger
from shared.work import Work

MOST_A_TURN = 256
MOST_WAITING = 8192
TURNS_AT_ONCE = 2
RACES = 5
OUTAGES = 6
BACK_OFF_SECONDS = 0.05

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no such `kind`: patient or slot. Not remembered: it may come."""

    kind: str


@dataclass(frozen=True, slots=True)
class Repeated:
    """What the key was answered before."""

    status: int
    answer: bytes


@dataclass(frozen=True, slots=True)
class KeyReused:
    """The key belongs to another command."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have taken effect or not: the database does not answer. The same key will tell."""


@dataclass(frozen=True, slots=True)
class Busy:
    """The queue is full; nothing was done."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The request cannot be carried out, whatever is done; nothing was done."""


Verdict = Appointment | Refused | Absent | Repeated | KeyReused | Unknown | Busy | Fault
Respond = Callable[[Verdict], Response]


@dataclass(slots=True, eq=False)
class Waiting:
    """A request in the queue, and those who wait for its answer."""

    keyed: Keyed
    origin: Origin
    answers: list[asyncio.Future[Response]] = field(default_factory=list)

    @property
    def needs(self) -> tuple[tuple[Any, ...], ...]:
        """What no other request that is under way may touch."""
        take = self.keyed.take
        alone = ("key", self.keyed.key), ("id", take.appointment_id), ("patient", take.patient_id)
        return alone if take.encounter_id is None else (*alone, ("encounter", take.encounter_id))


class Lane:
    """`await lane.ask(...)` from anywhere; one `run()` answers until it is stopped."""

    def __init__(self, database: Database, respond: Respond, *, most_waiting: int = MOST_WAITING) -> None:
        self._database = database
        self._respond = respond
        self._most_waiting = most_waiting
        self._queue: deque[Waiting] = deque()
        self._under_way: dict[tuple[Any, ...], Waiting] = {}
        self._in_turns = 0
        self._changed = asyncio.Event()
        self._asking = asyncio.Lock()
        self._stopping = False

    async def ask(self, keyed: Keyed, origin: Origin) -> Response:
        """The answer to a request for a place. The request goes on when its caller goes away."""
        if self._stopping or len(self._queue) >= self._most_waiting:
            return self._respond(Busy())
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._queue.append(Waiting(keyed, origin, [answer]))
        self._changed.set()
        return await answer

    async def run(self) -> None:
        """Take turn after turn; returns when stopped and everybody has been answered."""
        async with asyncio.TaskGroup() as turns:
            for _ in range(TURNS_AT_ONCE):
                turns.create_task(self._take_turns())

    def stop(self) -> None:
        """Take no more requests; `run` returns when those in the queue have their answers."""
        self._stopping = True
        self._changed.set()

    async def _take_turns(self) -> None:
        while self._queue or not self._stopping:
            self._changed.clear()
            if turn := self._next_turn():
                self._in_turns += len(turn)
                await self._settle(turn)
                self._in_turns -= len(turn)
                self._changed.set()
            else:
                await self._changed.wait()

    @property
    def _patience(self) -> int:
        """How often a turn is tried on a database that is away; a service that stops waits for nothing."""
        return 1 if self._stopping else OUTAGES

    def _next_turn(self) -> list[Waiting]:
        """The first in the queue that depend on nobody under way, in order; a repeat joins the one it repeats."""
        share = ceil((len(self._queue) + self._in_turns) / TURNS_AT_ONCE)
        turn: list[Waiting] = []
        later: deque[Waiting] = deque()
        needed: dict[tuple[Any, ...], Waiting] = {}
        while self._queue and len(turn) < min(share, MOST_A_TURN):
            one = self._queue.popleft()
            needs = one.needs
            before = [other for need in needs if (other := needed.get(need) or self._under_way.get(need))]
            if not before:
                turn.append(one)
                self._under_way.update(dict.fromkeys(needs, one))
            elif one.keyed.key == before[0].keyed.key and one.keyed.body_hash == before[0].keyed.body_hash:
                before[0].answers.extend(one.answers)
            else:
                later.append(one)
                needed.update(dict.fromkeys(needs, one))
        self._queue.extendleft(reversed(later))
        return turn

    async def _settle(self, turn: Sequence[Waiting]) -> None:
        """Answer everybody of the turn."""
        races = outages = 0
        while races < RACES and outages < self._patience:
            fault = await self._attempt(turn)
            if fault is None:
                return
            log.warning("turn-failed", error=type(fault).__name__, count=len(turn))
            if is_passing(fault):
                races += 1
            elif is_outage(fault) and not is_poison(fault):
                outages += 1
                await asyncio.sleep(BACK_OFF_SECONDS * 2**outages)
            else:
                break
        if outages >= self._patience or len(turn) == 1:
            verdict = Unknown() if outages else Busy() if races else Fault()
            for one in turn:
                self._tell(one, self._respond(verdict))
            return
        middle = len(turn) // 2
        await self._settle(turn[:middle])
        await self._settle(turn[middle:])

    async def _attempt(self, turn: Sequence[Waiting]) -> BaseException | None:
        """One transaction for all, in a task of its own, so that whatever it raises comes back as a value."""
        attempt = asyncio.create_task(self._once(turn))
        await asyncio.wait({attempt})
        return attempt.exception()

    async def _once(self, turn: Sequence[Waiting]) -> None:
        """Decide, remember, say; then tell.

        Turns ask in the order in which they were made: waiting for a connection is part of asking, or the later of two
        could be given the quicker one.
        """
        async with AsyncExitStack() as unit:
            async with self._asking:
                work = await unit.enter_async_context(self._database.statements())
                outcomes = await take_places(work, [one.keyed for one in turn])
            responses: list[Response] = []
            done: list[Done] = []
            for one, outcome in zip(turn, outcomes, strict=True):
                verdict = _verdict(one, outcome, work)
                response = self._respond(verdict)
                responses.append(response)
                if isinstance(verdict, (Appointment, Refused)):
                    done.append(Done(keyed=one.keyed, status=response.status_code, answer=bytes(response.body)))
            await remember(work, done)
        for one, response in zip(turn, responses, strict=True):
            self._tell(one, response)

    def _tell(self, one: Waiting, response: Response) -> None:
        """Answer those who still listen; from now on others may touch what this one has."""
        for need in one.needs:
            del self._under_way[need]
        for answer in one.answers:
            if not answer.done():
                answer.set_result(response)


def _verdict(one: Waiting, outcome: Outcome, work: Work) -> Verdict:  # noqa: PLR0911 - one return a word
    """What the outcome means; a place that was taken is said."""
    match outcome.word:
        case word if word == TAKEN:
            return _taken(one, outcome, work)
        case word if word == REPEATED:
            return Repeated(outcome.status or 0, outcome.answer or b"")
        case word if word == KEY_REUSED:
            return KeyReused()
        case word if word == PATIENT_MISSING:
            return Absent("patient")
        case word if word == SLOT_MISSING:
            return Absent("slot")
        case word if word == PATIENT_DECEASED:
            return DECEASED
        case word:
            return no(Reason(word), outcome.until)


def _taken(one: Waiting, outcome: Outcome, work: Work) -> Appointment:
    assert outcome.clinic_id and outcome.slot_ends_at and outcome.ordinal  # noqa: S101, PT018 - the statement's promise
    appointment, event = taken(
        one.keyed.take,
        clinic_id=outcome.clinic_id,
        slot_ends_at=outcome.slot_ends_at,
        ordinal=outcome.ordinal,
        now=work.now,
    )
    work.publish(event, one.origin)
    return appointment
