"""A case as sets of start ticks, one integer a set, and what two exams or two visits have against each other.

Invariant: a tick is in the set of an exam and a campus if, and only if, some device of the campus can do the exam then.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.registration.exams.case import TICK_MINUTES, Case, Place

Block = tuple[int, ...]
"""The exams of one visit, by their numbers in the case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An exam on a campus, from one tick to another."""

    exam: int
    campus: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A block of exams on one day and campus at its best; no visit of the block ends before `earliest_end` there."""

    block: Block
    campus: int
    day: int
    placed: tuple[Placed, ...]
    earliest_end: int

    @property
    def end(self) -> int:
        """The tick at which it is over."""
        return self.placed[-1].end

    @property
    def stay(self) -> int:
        """Ticks on site."""
        return self.end - self.placed[0].start


class Board:
    """The sets, lengths and intervals of one case, in ticks."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.campuses = sorted({device.campus_id for device in case.devices})
        self.lengths = [up(exam.minutes) for exam in case.exams]
        self.days = [(up(day.from_minute), day.to_minute // TICK_MINUTES) for day in case.days]
        self.endless = (self.days[-1][1] + 1) * len(case.exams)
        self.changeover = up(case.changeover_minutes)
        self._least: dict[Block, int] = {}
        self._intervals = [[ticks(case.interval(one, other)) for other in case.exams] for one in case.exams]
        self._ways = [[ticks(case.way(one, other)) for other in self.campuses] for one in self.campuses]
        self._starts = [[self._set(exam, campus) for campus in range(len(self.campuses))] for exam in self.exams]
        self.longest = max(
            (self._span(campus, day) for campus in range(len(self.campuses)) for day in range(len(self.days))),
            default=0,
        )

    @property
    def exams(self) -> range:
        """The numbers of the exams."""
        return range(len(self.lengths))

    def tail(self, left: Block) -> int:
        """The least ticks from the end of an exam to the end of these after it, in one visit."""
        return sum(self.lengths[exam] + self.changeover for exam in left)

    def least_stay(self, block: Block) -> int:
        """How long a visit with these exams lasts where everything is free; `endless` where the rules allow none."""
        if block not in self._least:
            pressed = any(self.presses(exam, block) or self.forbids(exam, block) for exam in block)
            least = self.tail(block) - self.changeover
            self._least[block] = self._tightest((), block, self.endless) if pressed else least
        return self._least[block]

    def _tightest(self, placed: tuple[Placed, ...], left: Block, best: int) -> int:
        """The end of the last exam in the best order of what is left, where that is before `best`; else `best`."""
        if not left:
            return placed[-1].end
        for exam in left:
            low = self.low(placed, exam, 0)
            rest = tuple(other for other in left if other != exam)
            if low is not None and low + self.lengths[exam] + self.tail(rest) < best:
                one = Placed(exam=exam, campus=0, start=low, end=low + self.lengths[exam])
                best = self._tightest((*placed, one), rest, best)
        return best

    def together(self, block: Block) -> bool:
        """Whether some campus and day have a start for each of these exams, and the day is long enough for them."""
        return self.least_stay(block) <= self.longest and any(
            self.days_of(block, campus) for campus in range(len(self.campuses))
        )

    def days_of(self, block: Block, campus: int) -> list[int]:
        """The days on which the campus has a start for each of these exams."""
        days = range(len(self.days))
        return [day for day in days if all(self.on_day(exam, campus, day) for exam in block)]

    def starts(self, exam: int, campus: int) -> int:
        """Where the exam can start."""
        return self._starts[exam][campus]

    def on_day(self, exam: int, campus: int, day: int) -> int:
        """Where the exam can start on that day."""
        from_tick, to_tick = self.days[day]
        return self._starts[exam][campus] & (1 << to_tick) - (1 << from_tick)

    def interval(self, earlier: int, later: int) -> int:
        """Ticks between the two on one campus in an order that is not forbidden."""
        return max(self._intervals[earlier][later] or 0, self.changeover)

    def presses(self, earlier: int, left: Block) -> bool:
        """Whether it matters to any of these, on the same campus, when the exam before them ended."""
        return any(self.interval(earlier, exam) > self.changeover for exam in left)

    def forbids(self, earlier: int, left: Block) -> bool:
        """Whether any of these may not come after the exam."""
        return any(self._intervals[earlier][exam] is None for exam in left)

    def wait(self, earlier: int, from_campus: int, later: int, to_campus: int) -> int | None:
        """Ticks from the end of one exam to the start of another after it; None where that order is forbidden."""
        interval, way = self._intervals[earlier][later], self._ways[from_campus][to_campus]
        return None if interval is None or way is None else max(interval, way)

    def low(self, placed: Sequence[Placed], exam: int, campus: int) -> int | None:
        """The first tick at which the exam may start after all that is placed; None where it may not come after it."""
        low = 0
        for one in placed:
            wait = self.wait(one.exam, one.campus, exam, campus)
            if wait is None:
                return None
            low = max(low, one.end + wait)
        return low

    def earliest(self, exam: int, campus: int, placed: Sequence[Placed]) -> int | None:
        """The first start at which the exam is legal beside what is placed, before, between or after it."""
        left = self._starts[exam][campus]
        for one in placed:
            after, before = self.wait(one.exam, one.campus, exam, campus), self.wait(exam, campus, one.exam, one.campus)
            fits = 0 if after is None else left >> one.end + after << one.end + after
            if before is not None and one.start - before - self.lengths[exam] >= 0:
                fits |= left & (2 << one.start - before - self.lengths[exam]) - 1
            left = fits
        return lowest(left) if left else None

    def follow(self, first: Visit, second: Visit) -> bool:
        """Whether `second` can come after `first`, as far as two exams at a time can tell."""
        for one in first.block if first.day <= second.day else ():
            ready = lowest(self.on_day(one, first.campus, first.day)) + self.lengths[one]
            for other in second.block:
                wait = self.wait(one, first.campus, other, second.campus)
                last = self.on_day(other, second.campus, second.day).bit_length() - 1
                if wait is None or ready + wait > last:
                    return False
        return first.day <= second.day

    def legal(self, visits: Sequence[Visit]) -> bool:
        """Whether these visits, in the order of their starts, keep every order and interval between them."""
        for number, first in enumerate(visits):
            for second in visits[number + 1 :]:
                for one in second.placed:
                    low = self.low(first.placed, one.exam, second.campus)
                    if low is None or one.start < low:
                        return False
        return True

    def earliest_end(self, block: Block, campus: int, day: int) -> int:
        """No visit with these exams ends earlier on that campus and day, which has a start for each of them."""
        return max(lowest(self.on_day(exam, campus, day)) + self.lengths[exam] for exam in block)

    def place(self, placed: Placed) -> Place:
        """The place in the words of the case, on the first device that is free for it."""
        exam, campus_id = self.case.exams[placed.exam], self.campuses[placed.campus]
        start = placed.start * TICK_MINUTES
        device_id = next(
            device.device_id
            for device in self.case.devices
            if device.campus_id == campus_id
            and any(first <= start <= last for first, last in self.case.starts(exam, device))
        )
        return Place(
            item_code=exam.item_code, device_id=device_id, campus_id=campus_id, start=start, end=start + exam.minutes
        )

    def _span(self, campus: int, day: int) -> int:
        """Ticks from the first start to the last end of a campus's day."""
        starts = [(found, exam) for exam in self.exams if (found := self.on_day(exam, campus, day))]
        ends = max((found.bit_length() - 1 + self.lengths[exam] for found, exam in starts), default=0)
        return ends - min((lowest(found) for found, _ in starts), default=0)

    def _set(self, exam: int, campus: int) -> int:
        found = 0
        for device in self.case.devices:
            if device.campus_id == self.campuses[campus]:
                for first, last in self.case.starts(self.case.exams[exam], device):
                    found |= (
                        (1 << last // TICK_MINUTES + 1) - (1 << up(first)) if up(first) * TICK_MINUTES <= last else 0
                    )
        return found


def up(minutes: int) -> int:
    """Minutes as ticks, rounded up."""
    return -(-minutes // TICK_MINUTES)


def ticks(minutes: int | None) -> int | None:
    """Minutes as ticks, rounded up; None stays None."""
    return None if minutes is None else up(minutes)


def lowest(found: int) -> int:
    """The first tick of a set that is not empty."""
    return (found & -found).bit_length() - 1
