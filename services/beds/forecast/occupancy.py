"""Occupancy and leavers for the next 72 hours, drawn many times from one seed (Monte Carlo).

Each draw lets everybody who lies there leave on a day and at an hour, and lets patients arrive: as many as the ward has
had, by the hour of the week, times a factor for good and bad days, as restless as the hospital's own past. What a ward
has had is itself uncertain (a Gamma over its rate), which makes the interval of a small ward wide. Draws are joint:
campus and hospital are sums of the same draws, so the interval of a sum is not the sum of intervals.

Invariant: quantiles rise with the level, occupancy lies between 0 and the ward's open beds (or who lies there now), and
the sum of the wards' means is the hospital's.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from services.beds.forecast.lengths import Floats, Lengths, leave_chances
from services.beds.forecast.model import (
    HORIZONS,
    HOSPITAL,
    HOURS_A_WEEK,
    INTERVAL,
    ForecastLine,
    ForecastQuestion,
    Past,
    Scope,
)

Ints = npt.NDArray[np.int64]

HOURS = max(HORIZONS)
DAYS = HOURS // 24 + 1
PATIENTS_AT_ONCE = 1000
WARDS_AT_ONCE = 25
CALM = 1e-6
FEWEST_WEEKS = 2
PRIOR_WEEKS = 0.5
"""Half a week of arrivals at the hospital's mean rate stands behind each ward's own [P]."""


def forecast(question: ForecastQuestion) -> tuple[ForecastLine, ...]:
    """All lines: wards in their order, then campuses, then the hospital."""
    chance = np.random.default_rng(question.seed)
    lengths = Lengths(question.past)
    hours = leave_hours(question.past)
    gone = leavers(question, lengths, hours, chance)
    come = arrivals(question, lengths, hours, chance)
    present = np.bincount(ward_index(question), minlength=len(question.wards))
    beds = np.array([ward.open_beds for ward in question.wards])
    occupied = np.clip(present[:, None, None] - gone + come, 0, np.maximum(beds, present)[:, None, None])
    return tuple(line for scope in _scopes(question) for line in _lines(scope, occupied, gone, beds))


def leave_hours(past: Past) -> Floats:
    """The chance of each hour of the day to be the one at which a patient leaves; a little of everything is added."""
    counted = np.asarray(past.leave_hours, dtype=np.float64) + 0.5
    shares: Floats = counted / counted.sum()
    return shares


def ward_index(question: ForecastQuestion) -> Ints:
    """For each patient, which of the wards they lie in."""
    number = {ward.ward_id: at for at, ward in enumerate(question.wards)}
    return np.array([number[one.ward_id] for one in question.lying], dtype=np.int64)


def leavers(question: ForecastQuestion, lengths: Lengths, hours: Floats, chance: np.random.Generator) -> Ints:
    """How many of those who lie there have left, by ward, draw and horizon."""
    shape = (len(question.wards), question.draws)
    ward = ward_index(question)
    if not len(ward):
        return np.zeros((*shape, len(HORIZONS)), dtype=np.int64)
    chances = np.array(
        [
            leave_chances(lengths.hazard(one.drg, one.specialty, one.expected_days), one.nights, DAYS)
            for one in question.lying
        ]
    )
    hour = question.hour_of_week % 24
    after = hours[hour:].sum()
    chances[:, 0] *= after / (1 - chances[:, 0] * (1 - after))
    chances[:, 1:] *= ((1 - chances[:, 0]) / chances[:, 1:].sum(axis=1))[:, None]
    ends = np.cumsum(chances, axis=1)
    gone = np.zeros((*shape, len(HORIZONS)), dtype=np.int64)
    for part in blocks(len(ward), PATIENTS_AT_ONCE):
        drawn = chance.random((len(part), question.draws))
        day = (drawn[:, :, None] >= ends[part, None, :-1]).sum(axis=2)
        at = day * 24 + leave_hour(hours, hour, day == 0, chance) - hour
        gone += counted(ward[part, None], np.arange(question.draws)[None, :], at, shape)
    return gone


def leave_hour(hours: Floats, hour: int, today: npt.NDArray[np.bool_], chance: np.random.Generator) -> Ints:
    """At which hour of the day each leaves; today none that is over."""
    drawn = chance.random(today.shape)
    ends = np.cumsum(hours)
    before = ends[hour - 1] if hour else 0.0
    drawn = np.where(today, before + drawn * (1 - before), drawn)
    found: Ints = np.minimum(np.searchsorted(ends, drawn), 23)
    return found


def arrivals(question: ForecastQuestion, lengths: Lengths, hours: Floats, chance: np.random.Generator) -> Ints:
    """How many of those who are still to come are there, by ward, draw and horizon."""
    shape = (len(question.wards), question.draws)
    rates = weekly_rates(question, chance)
    pattern = np.asarray(question.past.arrival_hours, dtype=np.float64) + 0.1
    pattern /= pattern.sum()
    slots = (question.hour_of_week + np.arange(HOURS)) % HOURS_A_WEEK
    day = (question.hour_of_week % 24 + np.arange(HOURS)) // 24
    restless = day_factors(question.past, (question.draws, DAYS), chance)
    stays = np.array([leave_chances(lengths.of_ward(one.ward_id), 0, DAYS) for one in question.wards])
    ends = np.cumsum(stays, axis=1)
    there = np.zeros((*shape, len(HORIZONS)), dtype=np.int64)
    for part in blocks(len(question.wards), WARDS_AT_ONCE):
        come = chance.poisson(rates[part, :, None] * pattern[slots] * restless[None, :, day])
        among, draw, hour = (np.repeat(one, come.ravel()) for one in np.indices(come.shape).reshape(3, -1))
        ward = part[among]
        nights = (chance.random(len(ward))[:, None] >= ends[ward][:, :-1]).sum(axis=1)
        clock = question.hour_of_week % 24 + hour
        left_at = leave_hour(hours, 0, np.zeros(len(ward), dtype=np.bool_), chance) + (clock // 24 + nights) * 24
        leaves = np.maximum(hour + 1, left_at - question.hour_of_week % 24)
        there += counted(ward, draw, hour, shape) - counted(ward, draw, leaves, shape)
    return there


def blocks(number: int, at_once: int) -> list[Ints]:
    """The numbers from 0 on in blocks, so that a large hospital needs no more memory than a small one."""
    return np.array_split(np.arange(number), max(1, -(-number // at_once)))


def weekly_rates(question: ForecastQuestion, chance: np.random.Generator) -> Floats:
    """Arrivals a week, by ward and draw: what was counted, as uncertain as the count is."""
    came = np.array([question.past.arrivals.get(ward.ward_id, 0) for ward in question.wards], dtype=np.float64)
    weeks = question.past.weeks_counted
    mean = came.sum() / max(1, len(came)) / weeks
    shape = came + PRIOR_WEEKS * mean + 1e-9
    return chance.gamma(shape[:, None], 1 / (weeks + PRIOR_WEEKS), (len(came), question.draws))


def day_factors(past: Past, shape: tuple[int, int], chance: np.random.Generator) -> Floats:
    """How much better or worse a day is than usual, for the whole hospital: Gamma with mean 1."""
    spread = restlessness(past.daily)
    return np.ones(shape) if spread <= CALM else chance.gamma(1 / spread, spread, shape)


def restlessness(daily: Sequence[int]) -> float:
    """What daily totals vary more than a Poisson count around the mean of their day of the week, as a share squared."""
    weeks = len(daily) // 7
    if weeks < FEWEST_WEEKS:
        return 0.0
    by_weekday = np.asarray(daily[: weeks * 7], dtype=np.float64).reshape(weeks, 7)
    mean = by_weekday.mean(axis=0)
    squares = float((mean**2).sum())
    return float((by_weekday.var(axis=0, ddof=1) - mean).sum()) / squares if squares > 0 else 0.0


def counted(ward: Ints, draw: Ints, at: Ints, shape: tuple[int, int]) -> Ints:
    """How many of these happen in the hours before each horizon, by ward and draw."""
    cell = (ward * shape[1] + draw) * (len(HORIZONS) + 1) + np.searchsorted(HORIZONS, at, side="right")
    sums = np.bincount(cell.ravel(), minlength=shape[0] * shape[1] * (len(HORIZONS) + 1))
    return sums.reshape(*shape, -1)[:, :, :-1].cumsum(axis=2)


def _scopes(question: ForecastQuestion) -> Iterator[tuple[Scope, str, Ints]]:
    for at, ward in enumerate(question.wards):
        yield Scope.WARD, ward.ward_id, np.array([at])
    campus = np.array([ward.campus_id for ward in question.wards])
    for campus_id in sorted(set(campus.tolist())):
        yield Scope.CAMPUS, campus_id, np.flatnonzero(campus == campus_id)
    yield Scope.HOSPITAL, HOSPITAL, np.arange(len(campus))


def _lines(scope: tuple[Scope, str, Ints], occupied: Ints, gone: Ints, beds: Ints) -> Iterator[ForecastLine]:
    kind, group_id, wards = scope
    full, left = occupied[wards].sum(axis=0), gone[wards].sum(axis=0)
    low, high = np.quantile(full, INTERVAL, axis=0, method="inverted_cdf")
    left_low, left_high = np.quantile(left, INTERVAL, axis=0, method="inverted_cdf")
    for at, hours in enumerate(HORIZONS):
        yield ForecastLine(
            scope=kind,
            group_id=group_id,
            hours_ahead=hours,
            open_beds=int(beds[wards].sum()),
            occupied_mean=float(full[:, at].mean()),
            occupied_low=int(low[at]),
            occupied_high=int(high[at]),
            leavers_mean=float(left[:, at].mean()),
            leavers_low=int(left_low[at]),
            leavers_high=int(left_high[at]),
        )
