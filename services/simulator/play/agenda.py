"""What will happen and when, earliest first; what happens may add to it.

Invariant: of two happenings at one instant the one planned first comes first, so the same plan always plays the same.
"""

import heapq
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

Act = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, order=True)
class Happening:
    """Something that somebody does at an instant of business time."""

    at: datetime
    rank: int
    number: int
    act: Act = field(compare=False)


class Agenda:
    """A queue of happenings by time, then rank, then order of planning."""

    def __init__(self) -> None:
        self._heap: list[Happening] = []
        self._numbers = count()
        self.done = 0

    def plan(self, at: datetime, act: Act, rank: int = 0) -> None:
        """Let `act` happen at `at`; a lower `rank` comes first at the same instant."""
        heapq.heappush(self._heap, Happening(at, rank, next(self._numbers), act))

    def next_at(self) -> datetime | None:
        """The instant of the earliest happening; None when nothing is left."""
        return self._heap[0].at if self._heap else None

    async def do_next(self) -> None:
        """Let the earliest happening happen."""
        happening = heapq.heappop(self._heap)
        await happening.act()
        self.done += 1

    def __len__(self) -> int:
        return len(self._heap)
