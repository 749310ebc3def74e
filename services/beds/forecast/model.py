"""What a forecast is made of and what it says. Standard library only, so that the service itself can hold it.

Invariant: the same question has the same answer, whoever computes it and however often: the seed is part of it.
Stays are counted in nights (midnights of the hospital's zone between arrival and leaving); the hour of leaving is drawn
from the hours at which patients left before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

HORIZONS = (6, 12, 24, 48, 72)
"""Hours ahead that are told, stored and scored [P]."""

INTERVAL = (0.05, 0.95)
NOMINAL = INTERVAL[1] - INTERVAL[0]
HISTORY = timedelta(days=365)
ARRIVAL_WEEKS = 8
FEWEST_WEEKS = 1 / 7
"""A hospital that has had patients for less than a day is taken to have had them for one: an hour tells no week [P]."""

KEPT = timedelta(days=90)
"""How long stored forecasts are kept; what they scored is asked for within this time."""

HOSPITAL = "hospital"
HOURS_A_WEEK = 168


class Scope(StrEnum):
    """What a line of a forecast is about."""

    WARD = "ward"
    CAMPUS = "campus"
    HOSPITAL = "hospital"


@dataclass(frozen=True, kw_only=True)
class Lying:
    """A patient in a bed: how many nights so far, and what the stay's length may be told from."""

    ward_id: str
    specialty: str
    drg: str | None
    nights: int
    expected_days: int


@dataclass(frozen=True, kw_only=True)
class Past:
    """What happened before: ended stays as night → how many, by DRG, specialty and ward, and arrivals.

    `leave_hours` counts leavings by hour of the day, `arrival_hours` arrivals by hour of the week (0 = Monday 00:00),
    both by the hospital's clock; `arrivals` are those of each ward in `weeks`, `daily` the hospital's
    totals of whole days.
    """

    by_drg: Mapping[str, Mapping[int, int]]
    by_specialty: Mapping[str, Mapping[int, int]]
    by_ward: Mapping[str, Mapping[int, int]]
    leave_hours: Sequence[int]
    arrival_hours: Sequence[int]
    arrivals: Mapping[str, int]
    daily: Sequence[int]
    weeks: float

    @property
    def weeks_counted(self) -> float:
        """The weeks to divide arrivals by: never next to nothing."""
        return max(self.weeks, FEWEST_WEEKS)


@dataclass(frozen=True, kw_only=True)
class WardBeds:
    """A ward with the beds that are not closed."""

    ward_id: str
    campus_id: str
    open_beds: int


@dataclass(frozen=True, kw_only=True)
class ForecastQuestion:
    """Everything that a forecast is made from, as it was at `now`. `hour_of_week` is the hour that is running."""

    now: datetime
    hour_of_week: int
    wards: tuple[WardBeds, ...]
    lying: tuple[Lying, ...]
    past: Past
    seed: int
    draws: int = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastLine:
    """How many beds will be occupied, and how many of those who lie now will have left, some hours ahead.

    `low` and `high` are the 5th and the 95th percentile of what was drawn.
    """

    scope: Scope
    group_id: str
    hours_ahead: int
    open_beds: int
    occupied_mean: float
    occupied_low: int
    occupied_high: int
    leavers_mean: float
    leavers_low: int
    leavers_high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """A forecast as it was made."""

    made_at: datetime
    lines: tuple[ForecastLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How stored forecasts have turned out, for one scope and horizon. `inside`: share of outcomes in the interval.

    `bias` is the mean of forecast minus outcome, in beds.
    """

    scope: Scope
    hours_ahead: int
    scored: int
    inside: float
    bias: float
    mean_absolute_error: float
