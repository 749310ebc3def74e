"""Forecasts: what is learnt of stays, what is drawn, and what always holds of it."""

from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.beds.forecast.lengths import Lengths, expected_hazard, leave_chances
from services.beds.forecast.model import HORIZONS, HOURS_A_WEEK, ForecastQuestion, Lying, Past, Scope, WardBeds
from services.beds.forecast.occupancy import forecast, restlessness

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOTHING = Past(
    by_drg={},
    by_specialty={},
    by_ward={},
    leave_hours=[0] * 24,
    arrival_hours=[0] * HOURS_A_WEEK,
    arrivals={},
    daily=[],
    weeks=0.0,
)


def past(**known) -> Past:
    return Past(**{name: getattr(NOTHING, name) for name in Past.__dataclass_fields__} | known)


def lying(ward="A", nights=2, expected=7, drg=None) -> Lying:
    return Lying(ward_id=ward, specialty="x", drg=drg, nights=nights, expected_days=expected)


def asked(patients, known=NOTHING, seed=1, beds=40) -> ForecastQuestion:
    wards = tuple(WardBeds(ward_id=ward, campus_id=ward[0], open_beds=beds) for ward in ("A", "A2", "B"))
    return ForecastQuestion(
        now=NOW, hour_of_week=20, wards=wards, lying=tuple(patients), past=known, seed=seed, draws=200
    )


def mean_nights(hazard) -> float:
    still = np.concatenate(([1.0], np.cumprod(1 - hazard)))[:-1]
    return float((still * hazard * np.arange(len(hazard))).sum())


def test_where_nothing_is_known_a_stay_is_as_long_as_expected():
    hazard = Lengths(NOTHING).hazard("I21", "x", 6)
    assert mean_nights(hazard) == pytest.approx(6, abs=0.7)


def test_many_stays_of_a_drg_speak_for_themselves_and_few_lean_on_the_specialty():
    seen = {"many": Counter({3: 500}), "few": Counter({3: 2})}
    lengths = Lengths(past(by_drg=seen, by_specialty={"x": Counter({12: 400, 3: 502})}))
    assert leave_chances(lengths.hazard("many", "x", 10), 3, 1)[0] > 0.95
    assert 0.4 < leave_chances(lengths.hazard("few", "x", 10), 3, 1)[0] < 0.7


def test_chances_are_of_those_who_stayed_as_long_already():
    lengths = Lengths(past(by_drg={"d": Counter({2: 300, 9: 100})}))
    early, late = (leave_chances(lengths.hazard("d", "x", 4), nights, 3) for nights in (1, 3))
    assert early[1] > 0.6
    assert late[:3].sum() < 0.2


def test_a_forecast_is_the_same_for_the_same_seed_and_not_for_another():
    patients = [lying(ward, nights) for ward in ("A", "B") for nights in range(20)]
    assert forecast(asked(patients)) == forecast(asked(patients))
    assert forecast(asked(patients)) != forecast(asked(patients, seed=2))


def test_nobody_comes_where_nobody_ever_came_and_those_who_lie_there_leave():
    lines = forecast(asked([lying() for _ in range(30)]))
    ward = [line for line in lines if line.group_id == "A" and line.scope is Scope.WARD]
    assert [line.occupied_mean + line.leavers_mean for line in ward] == pytest.approx([30.0] * len(HORIZONS))
    assert ward[-1].leavers_mean > ward[0].leavers_mean


def test_arrivals_come_when_they_came_before():
    hours = [0] * HOURS_A_WEEK
    hours[30] = 800
    known = past(arrivals={"A": 800}, arrival_hours=hours, weeks=8.0, daily=[0, 0, 100] * 8)
    lines = {line.hours_ahead: line for line in forecast(asked([], known, beds=500)) if line.group_id == "A2"}
    ward = {
        line.hours_ahead: line
        for line in forecast(asked([], known, beds=500))
        if line.scope is Scope.WARD and line.group_id == "A"
    }
    assert ward[6].occupied_mean < 5
    assert ward[12].occupied_mean > 60
    assert lines[12].occupied_mean < 5


def test_a_weekend_is_no_restlessness_and_good_and_bad_days_are():
    chance = np.random.default_rng(4)
    weekly = np.array([100, 100, 100, 100, 100, 30, 20])
    calm = chance.poisson(np.tile(weekly, 8)).tolist()
    restless = chance.poisson(np.tile(weekly, 8) * chance.gamma(10, 0.1, 56)).tolist()
    assert restlessness(calm) < 0.01
    assert restlessness(restless) == pytest.approx(0.1, rel=0.5)
    assert restlessness([5] * 13) == 0.0


def test_a_hospital_that_has_just_opened_expects_a_few_and_not_thousands():
    known = past(arrivals={"A": 1}, arrival_hours=[1] * HOURS_A_WEEK, weeks=0.0)
    ward = [line for line in forecast(asked([lying()], known, beds=10_000)) if line.group_id == "hospital"]
    assert ward[-1].occupied_high < 20


def test_a_ward_of_which_little_is_known_has_the_wider_interval():
    def width(came, weeks):
        known = past(arrivals={"A": came}, arrival_hours=[1] * HOURS_A_WEEK, weeks=weeks)
        ward = next(line for line in forecast(asked([], known, beds=10_000)) if line.hours_ahead == 72)
        return (ward.occupied_high - ward.occupied_low) / ward.occupied_mean

    assert width(40, 0.5) > 1.2 * width(640, 8.0)


@settings(max_examples=25, deadline=None)
@given(
    patients=st.lists(
        st.builds(
            lying, ward=st.sampled_from(["A", "A2", "B"]), nights=st.integers(0, 200), expected=st.integers(1, 90)
        ),
        max_size=40,
    ),
    came=st.integers(0, 400),
    beds=st.integers(0, 50),
)
def test_intervals_are_in_order_occupancy_fits_and_wards_add_up(patients, came, beds):
    known = past(arrivals={"A": came, "B": came // 3}, arrival_hours=[1] * HOURS_A_WEEK, weeks=4.0)
    lines = forecast(asked(patients, known, beds=beds))
    here = Counter(one.ward_id for one in patients)
    for line in lines:
        assert 0 <= line.occupied_low <= line.occupied_high
        assert 0 <= line.leavers_low <= line.leavers_high
        if line.scope is Scope.WARD:
            assert line.occupied_high <= max(beds, here[line.group_id])
    for hours in HORIZONS:
        means = dict.fromkeys(Scope, 0.0)
        for line in lines:
            if line.hours_ahead == hours:
                means[line.scope] += line.occupied_mean
        assert means[Scope.WARD] == pytest.approx(means[Scope.CAMPUS]) == pytest.approx(means[Scope.HOSPITAL])


@given(days=st.integers(1, 100), nights=st.integers(0, 300))
def test_chances_to_leave_add_up_to_one(days, nights):
    chances = leave_chances(expected_hazard(days), nights, 4)
    assert chances.min() >= 0
    assert chances.sum() == pytest.approx(1.0)
