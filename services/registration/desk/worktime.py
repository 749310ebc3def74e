"""Working time: when the desk is open, and the instant at which so much of its time has passed.

Invariant: an instant that is asked for lies in working hours or at their end, and never before the one counted from.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Hours of a working day on the desk's own clock; `free` and `worked` are days that differ from their weekday."""

    zone: ZoneInfo
    hours: tuple[tuple[time, time], ...]
    weekdays: frozenset[int]
    free: frozenset[date]
    worked: frozenset[date]

    def works_on(self, day: date) -> bool:
        """Whether the desk is open on that day at all."""
        return day in self.worked or (day.isoweekday() in self.weekdays and day not in self.free)

    def after(self, begin: datetime, work: timedelta) -> datetime:
        """When `work` of working time has passed since `begin`; `work` is more than nothing."""
        left = work
        for opens_at, closes_at in self._spans(begin):
            there = max(opens_at, begin)
            if closes_at - there >= left:
                return there + left
            left -= max(closes_at - there, timedelta())
        raise AssertionError("a calendar has working days for ever")

    def end_of_day(self, begin: datetime, days: int) -> datetime:
        """The end of the `days`-th working day after the one on which `begin` can be worked on."""
        ends = sorted({self._end(closes_at) for _, closes_at in self._first(begin, days + 1)})
        return ends[days]

    def _first(self, begin: datetime, days: int) -> Iterator[Span]:
        """The spans of the first `days` working days that are not over at `begin`."""
        seen: set[date] = set()
        for span in self._spans(begin):
            day = span[0].astimezone(self.zone).date()
            if day not in seen and len(seen) == days:
                return
            seen.add(day)
            yield span

    def _spans(self, begin: datetime) -> Iterator[Span]:
        """Spans of work that are not over at `begin`, in order, for ever."""
        first = begin.astimezone(self.zone).date()
        for number in count():
            day = first + timedelta(days=number)
            if self.works_on(day):
                spans = ((self._instant(day, opens), self._instant(day, closes)) for opens, closes in self.hours)
                yield from (span for span in spans if span[1] > begin)

    def _end(self, closes_at: datetime) -> datetime:
        return self._instant(closes_at.astimezone(self.zone).date(), self.hours[-1][1])

    def _instant(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.zone).astimezone(UTC)
