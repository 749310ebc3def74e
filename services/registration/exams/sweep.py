"""The best visit of a block of exams on one campus, for every day at once.

Time runs on from the first tick of the visit, the same for all first ticks there are: a *state* is what is left to do,
and its set holds every first tick for which that can be so by now. The first time that nothing is left is the shortest
visit. Of two ways to the same state only the one that is ready earlier goes on.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from services.registration.exams.ticks import Block, Board, Placed, Visit, lowest

Pressing = tuple[tuple[int, int], ...]
"""Exams that are done and their ends, where an interval after them still counts for what is left."""
State = tuple[Block, Pressing]


@dataclass(frozen=True, slots=True)
class _Way:
    """For these first ticks a state was reached by an exam that started `offset` ticks after them, from a state."""

    firsts: int
    exam: int
    offset: int
    before: State


@dataclass(frozen=True, slots=True)
class _Move:
    """An exam that may be the next, what is left after it, and how long the visit lasts at least from its start on."""

    exam: int
    rest: Block
    shortest: int
    presses: bool


class Sweep:
    """Finds visits of one block on one campus that last at most `limit` ticks."""

    def __init__(self, board: Board, block: Block, campus: int, limit: int, spend: Callable[[], None]) -> None:
        self._board = board
        self._block = block
        self._campus = campus
        self._limit = min(limit, board.longest)
        self._spend = spend
        self._open = 0
        self._best: dict[int, tuple[Placed, ...]] = {}
        self._ready: dict[State, int] = {}
        self._known: dict[Block, tuple[_Move, ...]] = {}
        self._coming: defaultdict[int, list[tuple[State, _Way]]] = defaultdict(list)
        self._reached: defaultdict[State, int] = defaultdict(int)
        self._ways: defaultdict[State, list[_Way]] = defaultdict(list)

    def visits(self) -> Iterator[Visit]:
        """The shortest visit of each day that has one within the limit, the earliest of the shortest."""
        board, campus = self._board, self._campus
        self._open = self._first_ticks()
        self._ready[self._block, ()] = self._open
        for offset in range(self._limit + board.changeover + 1):
            self._arrive(offset)
            self._start(offset)
            self._ready.pop((self._block, ()), None)
            if not (self._ready or self._coming):
                break
        for day, placed in self._best.items():
            earliest = board.earliest_end(self._block, campus, day)
            yield Visit(block=self._block, campus=campus, day=day, placed=placed, earliest_end=earliest)

    def _first_ticks(self) -> int:
        """The ticks of a day from which each exam has a start within the limit."""
        board, found = self._board, 0
        for from_tick, to_tick in board.days:
            found |= (1 << to_tick) - (1 << from_tick)
        for exam in self._block:
            found &= within(board.starts(exam, self._campus), self._limit - board.lengths[exam] + 1)
        return found

    def _start(self, offset: int) -> None:
        """Whatever is ready and can start at this offset does."""
        starts = {exam: self._board.starts(exam, self._campus) >> offset for exam in self._block}
        for state, reached in list(self._ready.items()):
            self._spend()
            left, pressing = state
            moves = self._moves(left)
            firsts = reached & self._open
            if not firsts or all(offset + move.shortest > self._limit for move in moves):
                del self._ready[state]
                continue
            for move in moves:
                now = firsts & starts[move.exam] if offset + move.shortest <= self._limit else 0
                if now and (after := self._after(move, pressing, offset)) is not None:
                    ready = offset + self._board.lengths[move.exam] + self._board.changeover
                    self._coming[ready].append((after, _Way(now, move.exam, offset, state)))

    def _moves(self, left: Block) -> tuple[_Move, ...]:
        """Which of the exams that are left may be the next, as far as their order is not forbidden."""
        if left not in self._known:
            board = self._board
            rests = [(exam, tuple(other for other in left if other != exam)) for exam in left]
            self._known[left] = tuple(
                _Move(exam, rest, board.lengths[exam] + board.tail(rest), board.presses(exam, rest))
                for exam, rest in rests
                if not board.forbids(exam, rest)
            )
        return self._known[left]

    def _after(self, move: _Move, pressing: Pressing, offset: int) -> State | None:
        """The state after an exam; None where it may not start yet, or nothing within the limit comes of it."""
        if not (pressing or move.presses):
            return move.rest, ()
        board = self._board
        if any(end + board.interval(other, move.exam) > offset for other, end in pressing):
            return None
        every = (*pressing, (move.exam, offset + board.lengths[move.exam]))
        pressing = tuple(one for one in every if board.presses(one[0], move.rest))
        for done, ended in pressing:
            if any(ended + board.interval(done, other) + board.lengths[other] > self._limit for other in move.rest):
                return None
        return move.rest, pressing

    def _arrive(self, offset: int) -> None:
        """What was under way is ready now, unless the same was ready before; with nothing left it is a visit."""
        done = 0
        for state, way in self._coming.pop(offset, ()):
            if new := way.firsts & self._open & ~self._reached[state]:
                self._reached[state] |= new
                self._ways[state].append(_Way(new, way.exam, way.offset, way.before))
                if state[0]:
                    self._ready[state] = self._ready.get(state, 0) | new
                else:
                    done |= new
        if done:
            self._keep(done, offset - self._board.changeover)

    def _keep(self, firsts: int, stay: int) -> None:
        """Of the shortest visits of a day the earliest; longer ones of the day need not be looked at."""
        for day, (from_tick, to_tick) in enumerate(self._board.days):
            last = to_tick - stay
            if last >= from_tick and (mine := firsts & (2 << last) - (1 << from_tick)):
                self._open &= ~((1 << to_tick) - (1 << from_tick))
                self._best[day] = self._placed(((), ()), lowest(mine))

    def _placed(self, state: State, first: int) -> tuple[Placed, ...]:
        """How the state was reached from a first tick."""
        placed: list[Placed] = []
        while state[0] != self._block:
            way = next(way for way in self._ways[state] if way.firsts >> first & 1)
            start = first + way.offset
            placed.append(
                Placed(exam=way.exam, campus=self._campus, start=start, end=start + self._board.lengths[way.exam])
            )
            state = way.before
        return tuple(reversed(placed))


def within(starts: int, ticks: int) -> int:
    """The ticks from which the first start is less than `ticks` away."""
    found, reach = starts, 1
    while reach < ticks:
        step = min(reach, ticks - reach)
        found |= found >> step
        reach += step
    return found if ticks > 0 else 0
