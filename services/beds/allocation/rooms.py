"""Which sex each empty single-sex room takes.

Invariant: in the choice that `settle` returns no single-sex room has two sexes, and nobody is left out who could
still lie in a bed that stayed free.

How: place everybody as if empty rooms could mix; where they would, give the room to the sex that gains more there
and place everybody again, until no room mixes. Deciding all such rooms at once is fast; a quarter at a time,
clearest first, is better, because each decision changes the others.
"""

from math import ceil

import numpy as np

from services.beds.allocation.assignment import NO_COLUMN, lexicographic, weights_of
from services.beds.allocation.matrix import MIXED, OPEN, SEXES, Floats, Ints, Matrix

ALL_AT_ONCE = 1.0
A_QUARTER = 0.25
GOOD_ENOUGH = 0.0005
SAME = 1e-6


def settle(matrix: Matrix, relaxed: Ints) -> Ints:
    """The column of each row, from a choice that may still mix sexes in empty rooms."""
    at_once = completed(matrix, repaired(matrix, relaxed, ALL_AT_ONCE))
    most = sum(totals(matrix, relaxed))
    if most - sum(totals(matrix, at_once)) <= GOOD_ENOUGH * most and keeps_first_tier(matrix, at_once, relaxed):
        return at_once
    in_steps = completed(matrix, repaired(matrix, relaxed, A_QUARTER))
    return max(at_once, in_steps, key=lambda chosen: totals(matrix, chosen))


def place_all(matrix: Matrix, room_sex: Ints) -> Ints:
    """Everybody in the best beds, with rooms as `room_sex` says; rooms that are OPEN may mix."""
    return lexicographic(open_weights(matrix, room_sex), matrix.free, matrix.tier)


def open_weights(matrix: Matrix, room_sex: Ints) -> Floats:
    """The weights, with 0 for every pair that a rule or the sex of the room forbids."""
    state = room_sex[matrix.room]
    fits = (state == MIXED) | (((state == OPEN) | (state == matrix.sex[:, None])) & (matrix.sex[:, None] >= 0))
    return np.where(fits & ~np.isnan(matrix.weights), matrix.weights, 0.0)


def totals(matrix: Matrix, chosen: Ints) -> tuple[float, float]:
    """Tier 0's total, rounded to what can be told apart, and tier 1's."""
    found = weights_of(matrix.weights, chosen)
    return round(float(found[matrix.tier == 0].sum()) / SAME) * SAME, float(found[matrix.tier != 0].sum())


def keeps_first_tier(matrix: Matrix, chosen: Ints, relaxed: Ints) -> bool:
    """Tier 0 loses nothing against a choice that may mix sexes, which is proof that it cannot gain."""
    return totals(matrix, relaxed)[0] - totals(matrix, chosen)[0] <= SAME


def repaired(matrix: Matrix, relaxed: Ints, share: float) -> Ints:
    """Decide rooms that would mix, `share` of them at a time, until none does."""
    room_sex, chosen = matrix.room_sex.copy(), relaxed
    while len(mixing := mixed_rooms(matrix, room_sex, chosen)):
        gains = gains_by_sex(matrix, chosen)[mixing]
        margin = np.abs(gains[:, 0] - gains[:, 1])
        clearest = np.argsort(-margin, kind="stable")[: ceil(share * len(mixing))]
        room_sex[mixing[clearest]] = gains[clearest].argmax(axis=1)
        chosen = place_all(matrix, room_sex)
    return chosen


def mixed_rooms(matrix: Matrix, room_sex: Ints, chosen: Ints) -> Ints:
    """The open rooms in which a choice would put both sexes."""
    present = np.zeros((len(room_sex), len(SEXES)), dtype=np.bool_)
    rows = np.flatnonzero((chosen != NO_COLUMN) & (matrix.sex >= 0))
    present[matrix.room[chosen[rows]], matrix.sex[rows]] = True
    return np.flatnonzero(present.all(axis=1) & (room_sex == OPEN))


def gains_by_sex(matrix: Matrix, chosen: Ints) -> Floats:
    """What each room holds for each sex; a patient of tier 0 counts more than a roomful of tier 1."""
    rows = np.flatnonzero((chosen != NO_COLUMN) & (matrix.sex >= 0))
    found = weights_of(matrix.weights, chosen)
    lifted = np.where(matrix.tier == 0, found + found.sum(), found)
    gains = np.zeros((len(matrix.room_sex), len(SEXES)))
    np.add.at(gains, (matrix.room[chosen[rows]], matrix.sex[rows]), lifted[rows])
    return gains


def completed(matrix: Matrix, chosen: Ints) -> Ints:
    """Fill what the decisions left free: a room decided for one sex may in the end have nobody of it."""
    chosen = chosen.copy()
    while True:
        left = matrix.free - np.bincount(chosen[chosen != NO_COLUMN], minlength=len(matrix.free))
        weights = open_weights(matrix, sexes_after(matrix, chosen))
        possible = np.where((chosen == NO_COLUMN)[:, None] & (left > 0), weights, 0.0)
        if not possible.any():
            return chosen
        first = possible.any(axis=1) & (matrix.tier == 0)
        if first.any():
            possible[~first] = 0.0
        row, column = np.unravel_index(possible.argmax(), possible.shape)
        chosen[row] = column


def sexes_after(matrix: Matrix, chosen: Ints) -> Ints:
    """The sex of each room when the newly assigned are counted."""
    after = matrix.room_sex.copy()
    rows = np.flatnonzero((chosen != NO_COLUMN) & (matrix.sex >= 0))
    rooms = matrix.room[chosen[rows]]
    newly = matrix.room_sex[rooms] == OPEN
    after[rooms[newly]] = matrix.sex[rows[newly]]
    return after
