"""The rules of the pool's indicators: which days may be asked for, and what is made of the sums.

Values in, values out. Sums are kept, shares and ratios are made here, so that the sums of all wards are the hospital's
to the last microsecond. A share of nothing is None and not 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from services.beds.indicators import erlang
from services.beds.indicators.erlang import Group
from services.beds.scoring.model import HOSPITAL_ZONE, Policy, Urgency, day_of

ONE_DAY = timedelta(days=1)
MICROSECONDS_A_DAY = 86_400_000_000
MICROSECONDS_AN_HOUR = 3_600_000_000
SECONDS_AN_HOUR = 3600
LONGEST_RANGE_DAYS = 1100
LONGEST_LIST_DAYS = 93

PUBLISHED = {
    "cross_ward_admissions_a_month": 300,
    "cross_campus_admissions_a_month": 1000,
    "pooled_share": 0.70,
    "rw_above_2_growth": 0.1853,
    "bed_use_china_tertiary_2023": 0.911,
    "wait_from_emergency_hours_beijing": 37.1,
}
"""What others have reached: the published case is above the first three (BED-4) and reports the fourth (BED-3); the
last two are baselines (bed-rules §5)."""


class By(StrEnum):
    """What a line of the answer is about."""

    WARD = "ward"
    CAMPUS = "campus"
    TOTAL = "total"


class Each(StrEnum):
    """Whether the whole range is one line, or each of its days."""

    RANGE = "range"
    DAY = "day"


class BadRange(ValueError):
    """Days that cannot be asked for. `field` is the one to mend, `remedy` what to give instead."""

    def __init__(self, field: str, reason: str, remedy: str) -> None:
        super().__init__(f"{field}: {reason}; {remedy}")
        self.field = field
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The days asked for, both included, and how to group them."""

    from_on: date
    to_on: date
    by: By
    each: Each


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What was counted for one group and its days. Times are microseconds; `rw_known` are admissions with an RW.

    `admissions` are arrivals in a reserved bed. They are `cross_ward` where the bed is another specialty's, and
    `cross_campus` where it stands on another campus than was asked for. `midnight_census` adds up, over the days, the
    beds that were occupied when the day ended, `open_at_midnight` those that were not closed.
    """

    days: int = 0
    admissions: int = 0
    cross_ward: int = 0
    cross_campus: int = 0
    rw_known: int = 0
    rw_above_2: int = 0
    occupied: int = 0
    open: int = 0
    midnight_census: int = 0
    open_at_midnight: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How a time is spread over those whom it happened to, in hours. `max_ratio` is against the longest wait allowed.

    The median and the 90th percentile are of those that were counted, between two of them where need be.
    """

    count: int
    median_hours: float
    p90_hours: float
    max_hours: float
    median_ratio: float | None = None
    max_ratio: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diseases:
    """Same-day-cleared diseases (日清病种).

    A disease-day is an ICD-10 category (the part before the point) with at least one request written on that day, by
    the hospital's midnights, withdrawn ones left out. It is cleared when every one of them was admitted, or had a bed
    reserved, before that day was over.
    """

    disease_days: int
    cleared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One group, over the range or on one day. `diseases` is None for wards: a request asks for none."""

    group_id: str
    on_day: date | None
    sums: Sums
    waiting: Mapping[Urgency, Spread]
    boarding: Spread | None
    cleaning: Spread | None
    diseases: Diseases | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WardNow:
    """A ward as it stands: its open beds, whose they are, and which specialties they take."""

    ward_id: str
    campus_id: str
    open_beds: int
    homes: frozenset[str]
    accepted: frozenset[str]
    sharing_homes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """Erlang's figures for one way of sharing the open beds; `wait_hours` is infinite where a queue only grows."""

    name: str
    groups: int
    beds: int
    load: float
    wait_hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the open beds could do with the arrivals and stays of these days. None where nobody came."""

    stay_hours: float
    arrivals_a_day: float
    arrangements: Sequence[Arrangement]


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicators:
    """The answer. `closed_through_on` is the last day that is counted for good; the running day is counted live."""

    asked: Asked
    closed_through_on: date | None
    lines: Sequence[Line]
    still_waiting: Mapping[Urgency, Spread]
    departments: int
    pooled_departments: int
    bounds: Bounds | None


def check(asked: Asked, now: datetime) -> None:
    """Raise `BadRange` where the days lie in the future, run backwards or are too many."""
    today = day_of(now)
    if asked.to_on > today:
        raise BadRange("to_on", "is a day that has not begun", f"give a day up to {today.isoformat()}")
    if asked.from_on > asked.to_on:
        raise BadRange("from_on", "comes after to_on", "give the earlier day first")
    most = LONGEST_LIST_DAYS if asked.each is Each.DAY else LONGEST_RANGE_DAYS
    if (asked.to_on - asked.from_on).days >= most:
        raise BadRange("from_on", f"makes more than {most} days", "ask for fewer days, or for each=range")


def begin_of(on: date) -> datetime:
    """The midnight with which a day begins, UTC."""
    return datetime.combine(on, time(), HOSPITAL_ZONE).astimezone(UTC)


def running(asked: Asked, now: datetime) -> tuple[datetime, datetime, date] | None:
    """The running day as far as it has come, if it is asked for: since when, until when, and which."""
    today = day_of(now)
    return (begin_of(today), now, today) if asked.to_on == today else None


def missing_hours(live: tuple[datetime, datetime, date] | None) -> float:
    """What is still to come of the running day; 0 where it is not asked for."""
    if live is None:
        return 0.0
    _, until, on = live
    return (begin_of(on + ONE_DAY) - until).total_seconds() / SECONDS_AN_HOUR


def share(part: int, whole: int) -> float | None:
    """A part of the whole; None where there is no whole."""
    return part / whole if whole else None


def spread(seconds: Sequence[float], longest_hours: float | None = None) -> Spread:
    """How a time is spread: count, median, 90th percentile and maximum in seconds, as the database gives them."""
    count, median, p90, most = seconds
    return Spread(
        count=int(count),
        median_hours=median / SECONDS_AN_HOUR,
        p90_hours=p90 / SECONDS_AN_HOUR,
        max_hours=most / SECONDS_AN_HOUR,
        median_ratio=median / SECONDS_AN_HOUR / longest_hours if longest_hours else None,
        max_ratio=most / SECONDS_AN_HOUR / longest_hours if longest_hours else None,
    )


def waits(seconds: Mapping[str, Sequence[float]], policy: Policy) -> dict[Urgency, Spread]:
    """Waiting by urgency, in the order of urgencies, each against the longest wait that the policy allows it."""
    return {
        urgency: spread(seconds[urgency], policy.longest_wait_hours[urgency])
        for urgency in Urgency
        if urgency in seconds
    }


def departments(wards: Iterable[WardNow]) -> tuple[int, int]:
    """How many specialties have open beds, and how many of them share: a bed of theirs takes another specialty too."""
    known = list(wards)
    homes = frozenset().union(*(ward.homes for ward in known))
    return len(homes), len(frozenset().union(*(ward.sharing_homes for ward in known)))


def bounds(wards: Sequence[WardNow], counted: Mapping[str, Sums], missing_hours: float) -> Bounds | None:
    """Erlang's bounds: each ward for itself, the pool as it is shared now, and one pool of all open beds.

    The load of a ward is its beds in use on average, the mean stay follows from it and the arrivals (Little's law). The
    pool as it is now joins wards of one campus that take a specialty in common, directly or by way of others.
    `missing_hours`: what is still to come of the running day.
    """
    hours = 24 * max((sums.days for sums in counted.values()), default=0) - missing_hours
    arrivals = sum(sums.admissions for sums in counted.values())
    if hours <= 0 or not arrivals or not wards:
        return None
    loads = {ward_id: sums.occupied / MICROSECONDS_AN_HOUR / hours for ward_id, sums in counted.items()}
    stay_hours = sum(loads.values()) * hours / arrivals
    shapes = (("separate wards", [[ward] for ward in wards]), ("present pool", pools(wards)), ("one pool", [wards]))
    return Bounds(
        stay_hours=stay_hours,
        arrivals_a_day=arrivals * 24 / hours,
        arrangements=[_arrangement(name, groups, loads, stay_hours) for name, groups in shapes],
    )


def pools(wards: Iterable[WardNow]) -> list[list[WardNow]]:
    """Wards that share patients, put together."""
    joined: list[tuple[str, frozenset[str], list[WardNow]]] = []
    for ward in wards:
        campus, accepted, members = ward.campus_id, ward.accepted, [ward]
        apart = []
        for other in joined:
            if other[0] == campus and other[1] & accepted:
                accepted, members = accepted | other[1], [*other[2], *members]
            else:
                apart.append(other)
        joined = [*apart, (campus, accepted, members)]
    return [members for _, _, members in joined]


def _arrangement(
    name: str, groups: Sequence[Sequence[WardNow]], loads: Mapping[str, float], stay_hours: float
) -> Arrangement:
    shared = [
        Group(
            beds=sum(ward.open_beds for ward in group),
            load=sum(loads.get(ward.ward_id, 0.0) for ward in group),
        )
        for group in groups
    ]
    return Arrangement(
        name=name,
        groups=len(shared),
        beds=sum(group.beds for group in shared),
        load=sum(group.load for group in shared),
        wait_hours=erlang.mean_wait_of_all(shared, stay_hours),
    )
