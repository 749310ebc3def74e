"""The assignment tier by tier, on small whole weights where almost everything is a tie."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.beds.allocation.assignment import NO_COLUMN, lexicographic, matched, matched_sparsely, weights_of

DEADLINE = settings(max_examples=120, deadline=None)


@st.composite
def tiered(draw):
    """Up to five patients for up to three columns of one or two beds."""
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    cells = st.lists(st.integers(0, 4), min_size=columns, max_size=columns)
    weights = np.array(draw(st.lists(cells, min_size=rows, max_size=rows)), dtype=np.float64)
    free = np.array(draw(st.lists(st.integers(1, 2), min_size=columns, max_size=columns)))
    tier = np.array(draw(st.lists(st.integers(0, 1), min_size=rows, max_size=rows)))
    return weights, free, tier


def totals(weights, chosen, tier):
    found = weights_of(weights, np.array(chosen))
    return found[tier == 0].sum(), found[tier == 1].sum()


def greatest(weights, free, tier):
    ways = product(range(NO_COLUMN, len(free)), repeat=len(weights))
    return max(totals(weights, way, tier) for way in ways if all(way.count(at) <= beds for at, beds in enumerate(free)))


@given(tiered())
@DEADLINE
def test_tier_0_has_its_greatest_total_and_tier_1_the_greatest_that_leaves(problem):
    weights, free, tier = problem
    chosen = lexicographic(weights, free, tier)
    assert totals(weights, chosen, tier) == greatest(weights, free, tier)
    assert (np.bincount(chosen[chosen != NO_COLUMN], minlength=len(free)) <= free).all()


def test_tier_0_moves_together_where_that_costs_it_nothing_and_helps_tier_1():
    weights = np.array([[60.0, 100.0, 0.0], [0.0, 40.0, 0.0], [5.0, 0.0, 0.0]])
    chosen = lexicographic(weights, np.array([1, 1, 1]), np.array([0, 0, 1]))
    assert list(chosen) == [1, NO_COLUMN, 0]


def test_a_small_urgent_gain_outweighs_any_number_of_others():
    weights = np.zeros((41, 41))
    weights[0, 0], weights[0, 1] = 50.000001, 50.0
    weights[1:, 0] = 90.0
    chosen = lexicographic(weights, np.array([1] * 41), np.array([0] + [1] * 40))
    assert chosen[0] == 0
    assert (chosen[1:] == NO_COLUMN).all()


def test_a_price_travels_along_a_chain_of_moves():
    weights = np.zeros((6, 4))
    for row in range(4):
        weights[row, row : row + 2] = 10.0
    weights[4, 0], weights[5, 3] = 9.0, 1000.0
    chosen = lexicographic(weights, np.array([1] * 4), np.array([0] * 5 + [1]))
    assert list(chosen) == [0, 1, 2, 3, NO_COLUMN, NO_COLUMN]


@given(tiered())
@DEADLINE
def test_the_sparse_matching_reaches_what_the_dense_one_does(problem):
    weights, _, _ = problem
    sparse, dense = (match(weights) for match in (matched_sparsely, matched))
    assert weights[sparse].sum() == weights[dense].sum()
    assert len(set(sparse[1])) == len(sparse[1])
    assert (weights[sparse] > 0).all()
