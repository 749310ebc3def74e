"""The plan of fewest visits, then least time on site, then earliest end. Pure: a case in, places out; no IO, no clock.

A set of start ticks is one integer, a bit a tick of the whole horizon, so that one AND of shifted sets asks for all
days at once whether exams can follow each other without a wait. Since one patient's exams never overlap, devices that
do the same item on one campus are one set, and which of them it is gets decided last.

Exact: with a given order, every exam but the first of a visit starts as early as it can, for that makes no visit longer
and nothing later impossible. Only the budget of steps ends a search early, and `Plan.proven` says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, permutations, product

from services.registration.exams.case import Case, Cost, Place, cost
from services.registration.exams.sweep import Sweep
from services.registration.exams.ticks import Block, Board, Placed, Visit

MOST_STEPS = 10_000
"""Ours: a tenth of a second of one core for each number of visits; what is found until then is answered, unproven."""

MOST_ORDERS = 120
"""Ours: in how many orders exams are booked one by one where the search ended early; all orders of five exams."""

WIDER = (0, 6, 24, 72, 10**6)
"""Ours: by how many ticks more than the least a plan may keep the patient: first none, then 30 minutes, 2 h, 6 h."""


class Exhausted(Exception):
    """The budget of steps is used up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Places in the order of time, what they cost, and whether no plan is better."""

    places: tuple[Place, ...]
    cost: Cost
    proven: bool


def plan(case: Case, most_steps: int = MOST_STEPS) -> Plan | None:
    """The best plan that the budget finds; None where there is none, or where a search cut short found none."""
    search = _Search(Board(case), most_steps)
    proven = search.run()
    found = [search.found] if search.found else []
    if not proven:
        orders = islice(permutations(search.board.exams), MOST_ORDERS)
        found += filter(None, [next(filter(None, map(search.one_by_one, orders)), None)])
    plans = [_plan(search.board, one, proven=proven) for one in found]
    return min(plans, key=lambda one: one.cost, default=None)


def one_by_one(case: Case) -> Plan | None:
    """What comes of booking each exam by itself, in the order of the request, as early as the ones before allow."""
    board = Board(case)
    found = _Search(board, 0).one_by_one(tuple(board.exams))
    return _plan(board, found, proven=False) if found else None


def _plan(board: Board, found: tuple[Placed, ...], *, proven: bool) -> Plan:
    places = tuple(board.place(one) for one in sorted(found, key=lambda one: one.start))
    return Plan(places=places, cost=cost(board.case, places), proven=proven)


class _Search:
    """One search: the best places so far, and what they cost in ticks on site and end."""

    def __init__(self, board: Board, steps: int) -> None:
        self.board = board
        self.found: tuple[Placed, ...] = ()
        self._best = (board.endless, 0)
        self._steps = steps
        self._left = steps
        self._alone: dict[tuple[Block, int], tuple[int, list[Visit]]] = {}

    def run(self) -> bool:
        """Try one visit, then two, until some number of visits has a plan; whether every budget was enough."""
        enough = True
        if not all(self.board.together((exam,)) for exam in self.board.exams):
            return True
        for visits in self.board.exams:
            every = partitions(tuple(self.board.exams), visits + 1)
            splits = [split for split in every if all(map(self.board.together, split))]
            self._left = self._steps
            try:
                if splits:
                    self._widen(splits, (visits + 1) * self.board.longest)
            except Exhausted:
                enough = False
            if self.found:
                break
        return enough

    def one_by_one(self, order: Block) -> tuple[Placed, ...]:
        """Each exam at its earliest legal start, on any campus, given those before it; nothing where one has none."""
        placed: tuple[Placed, ...] = ()
        for exam in order:
            starts = [
                Placed(exam=exam, campus=campus, start=start, end=start + self.board.lengths[exam])
                for campus in range(len(self.board.campuses))
                if (start := self.board.earliest(exam, campus, placed)) is not None
            ]
            if not starts:
                return ()
            placed = (*placed, min(starts, key=lambda one: one.start))
        return placed

    def _widen(self, splits: Sequence[tuple[Block, ...]], most: int) -> None:
        """Look for plans of the least stay there may be, then for longer ones, until there is one.

        What is found within a limit is the best: every choice within it was looked at.
        """
        least = min(map(self._least_stay, splits))
        for more in WIDER:
            limit = min(least + more, most)
            self._best = (limit + 1, 0)
            for split in splits:
                self._split(split, limit)
            if self.found or limit == most:
                return

    def _least_stay(self, split: Sequence[Block]) -> int:
        return sum(map(self.board.least_stay, split))

    def _split(self, split: Sequence[Block], limit: int) -> None:
        """Every choice of a day and campus for each block that may still be better than the best."""
        least = self._least_stay(split)
        if (least, 0) >= self._best:
            return
        options: list[list[Visit]] = []
        for block in split:
            options.append(self._visits(block, limit - least + self.board.least_stay(block)))
            if not options[-1]:
                return
        self._choose(options, ())

    def _choose(self, options: Sequence[Sequence[Visit]], chosen: tuple[Visit, ...]) -> None:
        if len(chosen) == len(options):
            self._judge(chosen)
            return
        rest = sum(others[0].stay for others in options[len(chosen) + 1 :])
        so_far = sum(one.stay for one in chosen) + rest
        for visit in options[len(chosen)]:
            self._spend()
            if so_far + visit.stay > self._best[0]:
                return
            if (so_far + visit.stay, max(one.earliest_end for one in (*chosen, visit))) >= self._best:
                continue
            if all(self.board.follow(visit, one) or self.board.follow(one, visit) for one in chosen):
                self._choose(options, (*chosen, visit))

    def _judge(self, chosen: tuple[Visit, ...]) -> None:
        """Take the visits as each is best alone where that is legal; else look for what is best of them together."""
        alone = (sum(one.stay for one in chosen), max(one.end for one in chosen))
        if self.board.legal(sorted(chosen, key=lambda one: one.placed[0].start)):
            if alone < self._best:
                self._best, self.found = alone, tuple(placed for one in chosen for placed in one.placed)
            return
        for order in permutations(chosen):
            if all(self.board.follow(one, other) for one, other in pairwise(order)):
                self._extend(order, order[0].block, (), 0, None)

    def _extend(
        self, visits: tuple[Visit, ...], left: Block, placed: tuple[Placed, ...], stay: int, began: int | None
    ) -> None:
        """Place what is `left` of the first of `visits`, `began` at a tick unless it is to begin, then the others.

        `stay` counts the visits before. Of a visit's first exam every start is tried, of the others the earliest.
        """
        here, *later = visits
        for exam in left:
            rest = tuple(other for other in left if other != exam)
            tail = self.board.tail(rest)
            for start in self._starts(here, exam, placed, every=began is None):
                self._spend()
                one = Placed(exam=exam, campus=here.campus, start=start, end=start + self.board.lengths[exam])
                since = start if began is None else began
                if not self._may_win(stay + one.end + tail - since, one.end + tail, later):
                    break
                if rest:
                    self._extend(visits, rest, (*placed, one), stay, since)
                elif later:
                    self._extend(tuple(later), later[0].block, (*placed, one), stay + one.end - since, None)
                else:
                    self._best, self.found = (stay + one.end - since, one.end), (*placed, one)

    def _may_win(self, stay: int, end: int, later: Sequence[Visit]) -> bool:
        """Whether a plan of at least this stay and end, and these visits after it, can be better than the best."""
        stay += sum(self.board.least_stay(one.block) for one in later)
        return (stay, max([end, *(one.earliest_end for one in later)])) < self._best

    def _starts(self, visit: Visit, exam: int, placed: tuple[Placed, ...], *, every: bool) -> Iterator[int]:
        """The ticks at which the exam can start in the visit after what is placed: all of them, or the earliest."""
        low = self.board.low(placed, exam, visit.campus)
        if low is None:
            return
        left = self.board.on_day(exam, visit.campus, visit.day) >> low << low
        while left:
            bit = left & -left
            yield bit.bit_length() - 1
            if not every:
                return
            left ^= bit

    def _visits(self, block: Block, stay: int) -> list[Visit]:
        """The best visit of these exams alone, for each campus and day that has one of at most `stay` ticks."""
        found: list[Visit] = []
        for campus in range(len(self.board.campuses)):
            known, visits = self._alone.get((block, campus), (-1, []))
            if known < stay:
                visits = list(Sweep(self.board, block, campus, stay, self._spend).visits())
                self._alone[block, campus] = stay, visits
            found += [visit for visit in visits if visit.stay <= stay]
        return sorted(found, key=lambda one: (one.stay, one.end))

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Exhausted


def partitions(exams: Block, blocks: int) -> Iterator[tuple[Block, ...]]:
    """Every way to put the exams into so many blocks, none of them empty; the order of blocks does not count."""
    if blocks == 1:
        yield (exams,)
        return
    first, *others = exams
    for taken in product((False, True), repeat=len(others)):
        rest = tuple(one for one, is_in in zip(others, taken, strict=True) if not is_in)
        if len(rest) >= blocks - 1:
            head = (first, *(one for one, is_in in zip(others, taken, strict=True) if is_in))
            for tail in partitions(rest, blocks - 1):
                yield (head, *tail)
