"""The rules of the indicators: which days, which bounds, who is in the pool."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.beds.indicators import model
from services.beds.indicators.model import Asked, BadRange, By, Each, Sums, WardNow
from services.beds.scoring.model import day_of

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = date(2026, 3, 2)


def ward(ward_id: str, home: str, *overflow: str, campus: str = "east", beds: int = 40) -> WardNow:
    return WardNow(
        ward_id=ward_id,
        campus_id=campus,
        open_beds=beds,
        homes=frozenset({home}),
        accepted=frozenset({home, *overflow}),
        sharing_homes=frozenset({home} if overflow else ()),
    )


@pytest.mark.parametrize(
    ("from_on", "to_on", "each", "field"),
    [
        (TODAY, TODAY + timedelta(days=1), Each.RANGE, "to_on"),
        (TODAY, TODAY - timedelta(days=1), Each.RANGE, "from_on"),
        (TODAY - timedelta(days=93), TODAY, Each.DAY, "from_on"),
        (TODAY - timedelta(days=1100), TODAY, Each.RANGE, "from_on"),
    ],
)
def test_days_that_cannot_be_asked_for_are_named(from_on, to_on, each, field):
    with pytest.raises(BadRange) as bad:
        model.check(Asked(from_on=from_on, to_on=to_on, by=By.TOTAL, each=each), NOW)
    assert bad.value.field == field


def test_the_day_is_the_hospitals():
    assert day_of(datetime(2026, 3, 1, 16, tzinfo=UTC)) == TODAY
    assert model.begin_of(TODAY) == datetime(2026, 3, 1, 16, tzinfo=UTC)


def test_wards_that_take_a_specialty_in_common_are_one_pool_by_way_of_others_too():
    wards = [ward("a", "x"), ward("b", "y"), ward("c", "x", "y"), ward("d", "z"), ward("e", "x", campus="west")]
    pools = sorted(sorted(one.ward_id for one in pool) for pool in model.pools(wards))
    assert pools == [["a", "b", "c"], ["d"], ["e"]]


def test_a_department_is_pooled_when_a_bed_of_its_own_takes_others():
    assert model.departments([ward("a", "x", "y"), ward("b", "y"), ward("c", "z")]) == (3, 1)


def test_a_pool_waits_less_than_its_wards_and_one_pool_least():
    wards = [ward("a", "x", "y"), ward("b", "y"), ward("c", "z")]
    used = 37 * model.MICROSECONDS_A_DAY
    sums = {one.ward_id: Sums(days=1, admissions=5, occupied=used, open=40 * model.MICROSECONDS_A_DAY) for one in wards}
    bounds = model.bounds(wards, sums, 0.0)
    assert bounds is not None
    apart, now, whole = bounds.arrangements
    assert (apart.groups, now.groups, whole.groups) == (3, 2, 1)
    assert apart.wait_hours > now.wait_hours > whole.wait_hours > 0
    assert bounds.stay_hours == pytest.approx(3 * 37 * 24 / 15)


def test_where_nobody_came_there_is_no_bound():
    assert model.bounds([ward("a", "x")], {"a": Sums(days=1, open=1)}, 0.0) is None
