"""A calendar of public holidays, and which weekday's timetable a day follows.

Invariant: inside its validity a calendar answers for every day; beyond it nothing is known, and a day is a weekday like
any other.
"""

import itertools
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.decision import Refused


class Reason(StrEnum):
    """Why a calendar was refused."""

    DAYS_BACKWARDS = "days-backwards"
    DAY_BEYOND_VALIDITY = "day-beyond-validity"
    DAY_TWICE = "day-twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysOff:
    """A holiday, from `from_on` to `to_on`, both included (放假)."""

    from_on: date
    to_on: date
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayWorked:
    """A weekend day that is worked, by the timetable of that weekday (调休); 1 is Monday."""

    on: date
    as_weekday: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The public holidays of a place, as its `source` gives them for the days of its validity."""

    calendar_id: str
    version: str
    source: str
    valid_from: date
    valid_to: date
    days_off: tuple[DaysOff, ...]
    days_worked: tuple[DayWorked, ...]

    def covers(self, day: date) -> bool:
        """Whether the calendar says anything about that day."""
        return self.valid_from <= day <= self.valid_to

    def is_off(self, day: date) -> bool:
        """Whether it is a public holiday."""
        return any(off.from_on <= day <= off.to_on for off in self.days_off)

    def weekday(self, day: date) -> int:
        """Whose timetable the day follows; 1 is Monday."""
        return next((worked.as_weekday for worked in self.days_worked if worked.on == day), day.isoweekday())


def checked(calendar: Calendar) -> Calendar | Refused:
    """The calendar, if its days lie in order, inside its validity, and once each."""
    spans = [(off.from_on, off.to_on) for off in calendar.days_off]
    spans += [(worked.on, worked.on) for worked in calendar.days_worked]
    for first, last in ((calendar.valid_from, calendar.valid_to), *spans):
        if last < first:
            return Refused(
                reason=Reason.DAYS_BACKWARDS, remedy="let each to_on and valid_to be no earlier than its from"
            )
        if not (calendar.covers(first) and calendar.covers(last)):
            remedy = "let every day lie between valid_from and valid_to"
            return Refused(reason=Reason.DAY_BEYOND_VALIDITY, remedy=remedy)
    spans.sort()
    if any(later <= earlier for (_, earlier), (later, _) in itertools.pairwise(spans)):
        return Refused(reason=Reason.DAY_TWICE, remedy="name each day once, in days_off or in days_worked")
    return calendar
