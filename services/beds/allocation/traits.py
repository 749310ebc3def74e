"""What the rules and terms look at in a patient or a bed: few distinct values, each asked about once.

Invariant: a trait has a value that can be compared and hashed; `ward`, `reach` and `sex_rule` are the arguments, in
order, that the predicates of `scoring` take.
"""

from operator import attrgetter
from typing import Any

from services.beds.scoring.model import Place, Sex, SexPolicy, Waiting

campus = attrgetter("campus")
specialty = attrgetter("specialty")
admission_class = attrgetter("admission_class")
isolation = attrgetter("isolation")
needs = attrgetter("needs")
expected_days = attrgetter("expected_days")
sex = attrgetter("sex")
attributes = attrgetter("attributes")
age_group = attrgetter("age_group")
stay_band = attrgetter("stay_band")
for_resuscitation = attrgetter("for_resuscitation")


def reach(waiting: Waiting) -> tuple[str, frozenset[str]]:
    """Where the patient can lie."""
    return waiting.campus, waiting.reachable


def ward(place: Place) -> tuple[str, tuple[str, ...]]:
    """Which specialties the ward takes."""
    return place.specialty, place.overflow


def sex_rule(place: Place) -> tuple[SexPolicy, Sex | None]:
    """Who may lie in the room as it is before the round."""
    return place.sex_policy, place.room_sex


def alike(place: Place) -> tuple[Any, ...]:
    """All that tells one free bed from another, but its id."""
    return (
        *(place.room_id, place.ward, place.campus, *ward(place), *sex_rule(place)),
        *(place.attributes, place.age_group, place.isolation, place.stay_band, place.for_resuscitation),
    )
