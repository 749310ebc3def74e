"""Business time that can be fixed and driven, as sentences."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.clock import ClockDriver, DrivenClock, FixedClock, SystemClock, clock_from, wall_now

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LOOK_ALIKE_HALVES = 2**32 + 1

WRITER = f"""
import sys
from datetime import timedelta
from shared.clock import EPOCH, ClockDriver
driver = ClockDriver(sys.argv[1])
print("ready", flush=True)
for step in range(1, 120_000):
    driver.advance_to(EPOCH + timedelta(microseconds=step * {LOOK_ALIKE_HALVES}))
"""


def test_a_fixed_clock_stands_still_until_it_is_moved():
    clock = FixedClock(NOON)
    assert clock.now() == clock.now() == NOON
    clock.advance(timedelta(minutes=5))
    assert clock.now() == datetime(2026, 3, 2, 12, 5, tzinfo=UTC)
    clock.set(NOON)
    assert clock.now() == NOON


def test_every_instant_is_utc_whatever_zone_it_was_given_in():
    shanghai = datetime(2026, 3, 2, 20, tzinfo=timezone(timedelta(hours=8)))
    assert FixedClock(shanghai).now().isoformat() == "2026-03-02T12:00:00+00:00"
    assert wall_now().tzinfo is UTC
    assert SystemClock().now().tzinfo is UTC


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        FixedClock(NOON.replace(tzinfo=None))


@pytest.mark.parametrize("year", [1900, 1968, 1970, 2026, 2199])
def test_a_driven_clock_shows_what_its_driver_wrote_to_the_microsecond(tmp_path, year):
    at = datetime(year, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    driver = ClockDriver(tmp_path / "clock")
    clock = DrivenClock(tmp_path / "clock")
    driver.advance_to(at)
    assert clock.now() == driver.now() == at


def test_driven_time_never_goes_backwards(tmp_path):
    driver = ClockDriver(tmp_path / "clock")
    driver.advance_to(NOON)
    driver.advance_to(NOON)
    with pytest.raises(ValueError, match="never goes back"):
        driver.advance_to(NOON - timedelta(microseconds=1))
    assert driver.now() == NOON


def test_driven_time_stays_within_the_years_it_can_hold(tmp_path):
    with pytest.raises(ValueError, match="outside 1900-2200"):
        ClockDriver(tmp_path / "clock").advance_to(datetime(2200, 1, 1, tzinfo=UTC))


def test_a_driver_that_starts_again_goes_on_from_where_the_clock_stands(tmp_path):
    ClockDriver(tmp_path / "clock").advance_to(NOON)
    assert ClockDriver(tmp_path / "clock").now() == NOON


def test_a_reader_in_another_process_never_sees_half_an_instant(tmp_path):
    path = tmp_path / "clock"
    with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"ready\n"
        cell = DrivenClock(path)._cell
        last, torn, seen = cell[0], 0, set()
        while writer.poll() is None:
            value = cell[0]
            torn += value > 0 and value % LOOK_ALIKE_HALVES != 0
            assert value >= last
            last = value
            seen.add(value)
    assert torn == 0
    assert len(seen) > 100


def test_a_setting_names_the_clock(tmp_path):
    ClockDriver(tmp_path / "clock").advance_to(NOON)
    assert isinstance(clock_from("system"), SystemClock)
    assert clock_from(str(tmp_path / "clock")).now() == NOON


@pytest.mark.parametrize("content", [None, b"", b"seven b"])
def test_a_file_that_is_no_clock_is_refused_with_a_remedy(tmp_path, content):
    path = tmp_path / "clock"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match="start its driver first"):
        clock_from(str(path))
