"""Ids, as sentences."""

from uuid import UUID, uuid4

from shared.ids import derived_id, new_id


def test_new_ids_are_version_7_of_the_standard_type_and_sort_by_their_making():
    made = [new_id() for _ in range(1000)]
    assert {type(made_id) for made_id in made} == {UUID}
    assert {made_id.version for made_id in made} == {7}
    assert made == sorted(set(made))


def test_a_derived_id_is_the_same_for_the_same_name_and_no_other():
    ward, bed = uuid4(), uuid4()
    assert derived_id(ward, "12-2") == derived_id(ward, "12-2")
    assert len({derived_id(ward, "12-2"), derived_id(ward, "12-3"), derived_id(bed, "12-2")}) == 3
