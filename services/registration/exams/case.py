"""What the planner is asked: exams, devices with their free time, rules, and the patient's own time. Values only.

Time is counted in minutes from `Case.starts_at`; an exam starts on a tick of `TICK_MINUTES`. A *visit* is one coming to
one campus on one day: a plan's visits are its longest runs, in the order of time, of exams of one day and campus.

Invariant: whatever the planner finds, `faults` finds nothing wrong with it; a patient's own change is held to the same.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import combinations, pairwise

TICK_MINUTES = 5
MOST_EXAMS = 8

Span = tuple[int, int]
"""From one minute to another, the second not included."""


class Broken(StrEnum):
    """Which rule a place breaks."""

    NO_SUCH_PLACE = "no-such-place"
    NOT_ON_TICK = "not-on-tick"
    DEVICE_UNFIT = "device-unfit"
    DEVICE_TAKEN = "device-taken"
    NOT_PATIENTS_TIME = "not-patients-time"
    FASTING = "fasting"
    ORDER = "order"
    INTERVAL = "interval"
    TRAVEL = "travel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """One exam of the request. It starts at one of `hours`, minutes of the local day: fasting decides them."""

    item_code: str
    minutes: int
    tags: frozenset[str]
    hours: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device or room, the items it can do, and when it is open and free."""

    device_id: str
    campus_id: str
    items: frozenset[str]
    free: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """After an exam with `earlier_tag` one with `later_tag` starts `minutes` after its end; None: never."""

    rule_id: str
    earlier_tag: str
    later_tag: str
    minutes: int | None

    def fits(self, earlier: frozenset[str], later: frozenset[str]) -> bool:
        """Whether it speaks of exams with these tags, in this order."""
        return self.earlier_tag in earlier and self.later_tag in later


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day of the hospital's calendar, in minutes of the case."""

    on: date
    from_minute: int
    to_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where and when an exam is. `start` and `end` are minutes of the case."""

    item_code: str
    device_id: str
    campus_id: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request with everything that decides about it. `windows` is the patient's time; `travel` from campus to campus.

    `barred`: item and campus → spans strictly inside of which the exam cannot start, for another exam of the patient,
    which is done or of another order, keeps its distance.
    Raises `ValueError` for more than `MOST_EXAMS` exams or for an item asked for twice.
    """

    starts_at: datetime
    days: tuple[Day, ...]
    exams: tuple[Exam, ...]
    devices: tuple[Device, ...]
    rules: tuple[Rule, ...]
    windows: tuple[Span, ...]
    travel: Mapping[tuple[str, str], int]
    changeover_minutes: int
    barred: Mapping[tuple[str, str], Sequence[Span]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what has no plan by its form."""
        if not 0 < len(self.exams) <= MOST_EXAMS:
            raise ValueError(f"a request has 1 to {MOST_EXAMS} exams")
        if len({exam.item_code for exam in self.exams}) < len(self.exams):
            raise ValueError("name each item once")

    @cached_property
    def by_item(self) -> dict[str, Exam]:
        """The exams by item."""
        return {exam.item_code: exam for exam in self.exams}

    @cached_property
    def by_device(self) -> dict[str, Device]:
        """The devices by id."""
        return {device.device_id: device for device in self.devices}

    def instant(self, minute: int) -> datetime:
        """The instant of a minute."""
        return self.starts_at + timedelta(minutes=minute)

    def minute(self, at: datetime) -> int:
        """The minute of an instant."""
        return (at - self.starts_at) // timedelta(minutes=1)

    @cached_property
    def _mornings(self) -> list[int]:
        return [day.from_minute for day in self.days]

    def day_number(self, minute: int) -> int:
        """The number of the day in which a minute lies; the first or last for what lies outside."""
        return max(bisect_right(self._mornings, minute) - 1, 0)

    def day_of(self, minute: int) -> Day:
        """The day in which a minute lies."""
        return self.days[self.day_number(minute)]

    def date_of(self, minute: int) -> date:
        """The date of a minute, also of one before or after the days of the case."""
        day = self.day_of(minute)
        if day.from_minute <= minute < day.to_minute:
            return day.on
        return day.on + timedelta(minutes=minute - day.from_minute)

    def interval(self, earlier: Exam, later: Exam) -> int | None:
        """Minutes that the rules want between the two in this order, from end to start; None where it is forbidden."""
        forbidden = any(rule.minutes is None and rule.fits(earlier.tags, later.tags) for rule in self.rules)
        return None if forbidden else self.minutes_between(earlier.tags, later.tags)

    def minutes_between(self, earlier: frozenset[str], later: frozenset[str]) -> int:
        """The longest interval that the rules want between exams with these tags, from end to start."""
        wanted = [rule.minutes for rule in self.rules if rule.minutes and rule.fits(earlier, later)]
        return max(wanted, default=0)

    def way(self, from_campus: str, to_campus: str) -> int | None:
        """Minutes from one exam to another; None where the patient cannot be sent from one campus to the other."""
        return self.changeover_minutes if from_campus == to_campus else self.travel.get((from_campus, to_campus))

    def starts(self, exam: Exam, device: Device) -> Iterator[Span]:
        """Where the exam can start on the device, in minutes, both included: fit, free, the patient's time, fasting."""
        if exam.item_code not in device.items:
            return
        for free in overlaps(device.free, self.windows):
            for day in self.days[self.day_number(free[0]) : self.day_number(free[1]) + 1]:
                for from_hour, to_hour in exam.hours:
                    first = max(free[0], day.from_minute + from_hour)
                    last = min(free[1] - exam.minutes, day.from_minute + to_hour, day.to_minute - exam.minutes)
                    yield from left_of((first, last), self.barred.get((exam.item_code, device.campus_id), ()))


def overlaps(some: Sequence[Span], others: Sequence[Span]) -> Iterator[Span]:
    """What lies in both lists of spans, each of them in order of time."""
    one, other = 0, 0
    while one < len(some) and other < len(others):
        from_minute = max(some[one][0], others[other][0])
        to_minute = min(some[one][1], others[other][1])
        if from_minute < to_minute:
            yield from_minute, to_minute
        if some[one][1] < others[other][1]:
            one += 1
        else:
            other += 1


def left_of(starts: Span, barred: Sequence[Span]) -> Iterator[Span]:
    """What is left of starts from the first to the last, both included, beside spans without their ends."""
    first, last = starts
    for from_minute, to_minute in barred:
        if from_minute < last and first < to_minute:
            if first <= from_minute:
                yield first, from_minute
            first = max(first, to_minute)
    if first <= last:
        yield first, last


def without(spans: Sequence[Span], taken: Sequence[Span]) -> tuple[Span, ...]:
    """The spans less what is taken, both in order of time."""
    left: list[Span] = []
    for from_minute, to_minute in spans:
        at = from_minute
        for start, end in taken:
            if start < to_minute and end > at:
                if start > at:
                    left.append((at, start))
                at = max(at, end)
        if at < to_minute:
            left.append((at, to_minute))
    return tuple(left)


def faults(case: Case, places: Sequence[Place]) -> list[tuple[str, Broken]]:
    """Everything that is wrong with these places: the item and the rule; nothing for a plan that can be kept."""
    found = [(place.item_code, broken) for place in places for broken in _own_faults(case, place)]
    ordered = sorted(places, key=lambda place: place.start)
    pairs = combinations(ordered, 2)
    return found + [(later.item_code, broken) for earlier, later in pairs for broken in _between(case, earlier, later)]


def faults_of(case: Case, place: Place, others: Sequence[Place]) -> list[Broken]:
    """What is wrong with one place beside others that stay as they are."""
    found = list(_own_faults(case, place))
    for other in others:
        earlier, later = sorted((place, other), key=lambda one: one.start)
        found += _between(case, earlier, later)
    return found


def _own_faults(case: Case, place: Place) -> Iterator[Broken]:
    exam, device = case.by_item[place.item_code], case.by_device[place.device_id]
    if place.start % TICK_MINUTES:
        yield Broken.NOT_ON_TICK
    if exam.item_code not in device.items:
        yield Broken.DEVICE_UNFIT
    elif not any(start <= place.start and place.end <= end for start, end in device.free):
        yield Broken.DEVICE_TAKEN
    if not any(start <= place.start and place.end <= end for start, end in case.windows):
        yield Broken.NOT_PATIENTS_TIME
    day = case.day_of(place.start)
    if not any(start <= place.start - day.from_minute <= end for start, end in exam.hours):
        yield Broken.FASTING
    if any(start < place.start < end for start, end in case.barred.get((place.item_code, place.campus_id), ())):
        yield Broken.INTERVAL


def _between(case: Case, earlier: Place, later: Place) -> Iterator[Broken]:
    wanted = case.interval(case.by_item[earlier.item_code], case.by_item[later.item_code])
    way = case.way(earlier.campus_id, later.campus_id)
    between = later.start - earlier.end
    if wanted is None:
        yield Broken.ORDER
    elif between < wanted:
        yield Broken.INTERVAL
    if way is None or between < way:
        yield Broken.TRAVEL


@dataclass(frozen=True, slots=True, order=True)
class Cost:
    """What a plan is judged by, in this order: visits, minutes on site, the minute at which it is over."""

    visits: int
    stay_minutes: int
    ends: int


def cost(case: Case, places: Sequence[Place]) -> Cost:
    """What the plan asks of the patient."""
    ordered = sorted(places, key=lambda place: place.start)
    visits = [[ordered[0]]]
    for before, place in pairwise(ordered):
        same = before.campus_id == place.campus_id and case.date_of(before.start) == case.date_of(place.start)
        if same:
            visits[-1].append(place)
        else:
            visits.append([place])
    stay = sum(visit[-1].end - visit[0].start for visit in visits)
    return Cost(len(visits), stay, ordered[-1].end)
