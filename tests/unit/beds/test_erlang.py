"""What queueing theory says to beds: the figures that bed-rules publishes, and that nothing overflows."""

from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.beds.indicators.erlang import Group, blocking, mean_wait_hours, mean_wait_of_all, waiting_share

WEEK_HOURS = 7 * 24


def wait(wards: int, beds: int, load: float) -> float:
    return mean_wait_of_all([Group(beds=beds, load=load / wards)] * wards, WEEK_HOURS)


@pytest.mark.parametrize(
    ("occupancy", "wards", "beds", "hours"),
    [
        (0.93, 75, 40, 33.0),
        (0.93, 30, 100, 8.9),
        (0.93, 1, 3000, 0.0),
        (0.97, 75, 40, 110.0),
        (0.97, 30, 100, 37.9),
        (0.97, 1, 3000, 0.11),
    ],
)
def test_the_published_waits_are_found(occupancy, wards, beds, hours):
    assert wait(wards, beds, occupancy * wards * beds) == pytest.approx(hours, rel=0.01, abs=0.005)


def test_2848_pooled_beds_do_what_3600_in_75_wards_do():
    load = 0.93 * 3000
    assert wait(1, 2848, load) <= wait(75, 48, load) < wait(1, 2837, load)


def test_one_bed_and_one_patient_are_as_in_the_textbook():
    assert blocking(1, 1.0) == 0.5
    assert isclose(waiting_share(1, 0.5), 0.5)


def test_a_queue_that_only_grows_is_infinite_and_nobody_who_comes_waits_not_at_all():
    assert mean_wait_hours(Group(beds=10, load=10.0), 24) == float("inf")
    assert mean_wait_hours(Group(beds=0, load=0.0), 24) == 0.0
    assert mean_wait_of_all([], 24) == 0.0


@given(beds=st.integers(1, 5000), occupancy=st.floats(0.01, 0.999))
def test_shares_are_shares_whatever_the_size(beds, occupancy):
    lost, waits = blocking(beds, occupancy * beds), waiting_share(beds, occupancy * beds)
    assert 0 <= lost <= waits <= 1


@given(beds=st.integers(1, 60), wards=st.integers(2, 20), occupancy=st.floats(0.3, 0.99))
def test_sharing_beds_never_makes_anybody_wait_longer(beds, wards, occupancy):
    apart = wait(wards, beds, occupancy * beds * wards)
    together = mean_wait_hours(Group(beds=beds * wards, load=occupancy * beds * wards), WEEK_HOURS)
    assert together <= apart
