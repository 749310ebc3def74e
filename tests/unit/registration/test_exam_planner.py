"""The planner of exams: fewest visits, then the shortest stay, then the earliest end; and never against a rule."""

from hypothesis import given, settings

from services.registration.exams import planner
from services.registration.exams.case import faults
from tests.unit.registration.exam_cases import exhaustive, small_cases


@settings(max_examples=150, deadline=None)
@given(small_cases())
def test_a_small_case_is_planned_as_well_as_trying_everything_does(asked):
    found = planner.plan(asked)
    best = exhaustive(asked)
    assert (None if found is None else (found.cost.visits, found.cost.stay_minutes, found.cost.ends)) == best
    if found is not None:
        assert found.proven
        assert faults(asked, found.places) == []
