"""The exact search: never below what it was given, never above what can be, and at the end the best there is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.beds.allocation import exact, matrix, rooms
from services.beds.allocation.model import AT_ONCE, Effort
from services.beds.allocation.optimise import bound_of, solve
from services.beds.scoring.model import AdmissionClass, Sex
from tests.unit.beds.exhaustive import best
from tests.unit.beds.pools import hospital
from tests.unit.beds.samples import place, round_of, waiting

TO_THE_END = Effort(gap=0.0, seconds=60.0)


@st.composite
def contests(draw):
    """Up to four women and men of either tier for two or three empty rooms that are open to either sex."""
    kinds = st.tuples(st.sampled_from((Sex.FEMALE, Sex.MALE)), st.sampled_from((2, 3, 4)), st.sampled_from((1, 5, 9)))
    patients = [
        waiting(
            request_id=f"R{number}",
            sex=sex,
            triage=triage,
            admission_class=AdmissionClass.EMERGENCY,
            expected_days=days,
            waited_hours=draw(st.sampled_from((0, 2, 30))),
        )
        for number, (sex, triage, days) in enumerate(draw(st.lists(kinds, min_size=1, max_size=4)))
    ]
    bands = draw(st.lists(st.sampled_from((None, (1, 3), (4, 9))), min_size=2, max_size=3))
    beds = [
        place(bed_id=f"{room}-{bed}", room_id=f"room{room}", stay_band=band)
        for room, band in enumerate(bands)
        for bed in range(2 if room < 2 else 1)
    ]
    return round_of(patients, beds)


@given(contests())
@settings(max_examples=40, deadline=None)
def test_it_finds_the_best_there_is_and_proves_it(question):
    laid_out, most = matrix.build(question), best(question)
    relaxed = rooms.place_all(laid_out, laid_out.room_sex)
    repaired = rooms.repaired(laid_out, relaxed, laid_out.room_sex, rooms.ALL_AT_ONCE)
    found = exact.improved(laid_out, repaired, relaxed, bound_of(laid_out, relaxed, repaired), TO_THE_END)
    assert rooms.totals(laid_out, found.chosen) == pytest.approx(most, abs=1e-4)
    assert found.bound == pytest.approx(sum(most), abs=1e-3)


def test_where_many_rooms_could_mix_it_closes_what_repair_leaves_open():
    beds = [place(bed_id=f"{room}-{bed}", room_id=f"room{room}") for room in range(8) for bed in range(2)]
    women = [waiting(request_id=f"F{number}") for number in range(9)]
    men = [waiting(request_id=f"M{number}", sex=Sex.MALE) for number in range(7)]
    question = round_of([*women, *men], beds)
    assert solve(question, AT_ONCE).gap > 0.05
    assert solve(question, TO_THE_END).gap == pytest.approx(0.0, abs=1e-6)


def test_more_effort_gives_no_less_and_a_closer_bound():
    question = hospital(120, 90, seed=4, occupied=0.0)
    quick, thorough = solve(question), solve(question, TO_THE_END)
    assert thorough.achieved >= quick.achieved
    assert thorough.bound <= quick.bound
    assert thorough.gap <= 0.0001


def test_what_is_good_enough_is_not_searched_further():
    question = hospital(120, 90, seed=4, occupied=0.0)
    assert solve(question, Effort(gap=0.5, seconds=60.0)) == solve(question, AT_ONCE)
