"""Ids, as sentences."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID, uuid4

from shared.ids import dated_id, derived_id, new_id

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


def test_new_ids_are_version_7_of_the_standard_type_and_sort_by_their_making():
    made = [new_id() for _ in range(1000)]
    assert {type(made_id) for made_id in made} == {UUID}
    assert {made_id.version for made_id in made} == {7}
    assert made == sorted(set(made))


def test_a_derived_id_is_the_same_for_the_same_name_and_no_other():
    ward, bed = uuid4(), uuid4()
    assert derived_id(ward, "12-2") == derived_id(ward, "12-2")
    assert len({derived_id(ward, "12-2"), derived_id(ward, "12-3"), derived_id(bed, "12-2")}) == 3


def test_a_dated_id_is_the_same_for_the_same_name_and_instant_and_no_other():
    stay, other = uuid4(), uuid4()
    later = NOON + timedelta(milliseconds=1)
    assert dated_id(NOON, stay, "plan") == dated_id(NOON, stay, "plan")
    made = {dated_id(at, of, name) for at in (NOON, later) for of in (stay, other) for name in ("plan", "visit")}
    assert len(made) == 8
    assert {(one.version, one.variant) for one in made} == {(8, RFC_4122)}


def test_dated_ids_sort_by_their_instant_as_new_ids_do():
    instants = [NOON + number * timedelta(milliseconds=1) for number in range(1000)]
    made = [dated_id(at, uuid4(), "plan") for at in instants]
    assert made == sorted(made)
    assert made[0] < new_id() < dated_id(NOON + timedelta(days=36_500), uuid4(), "plan")


def test_an_instant_before_1970_has_an_id_too():
    stay = uuid4()
    long_ago = [dated_id(datetime(year, 3, 2, tzinfo=UTC), stay, "plan") for year in (1890, 1969)]
    assert long_ago == sorted(set(long_ago))
