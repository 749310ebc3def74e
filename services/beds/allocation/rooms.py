"""Which sex each empty single-sex room takes.

Invariant: in the choice that `settle` returns no single-sex room has two sexes, and nobody is left out who could
still lie in a bed that stayed free.

How: place everybody as if empty rooms could mix; where they would, give the room to the sex that gains more there
and place everybody again, until no room mixes. Deciding all such rooms at once is fast; a quarter at a time,
clearest first, is better, because each decision changes the others. Where that is not near the bound, the other
sex is tried in one room after another. Where few rooms could mix at all, every way is tried, and that is proof.
"""

from dataclasses import dataclass
from itertools import product
from math import ceil

import numpy as np

from services.beds.allocation.assignment import NO_COLUMN, lexicographic, weights_of
from services.beds.allocation.matrix import MIXED, OPEN, SEXES, Floats, Ints, Matrix

ALL_AT_ONCE = 1.0
A_QUARTER = 0.25
GOOD_AT_ONCE = 0.0005
GOOD = 0.0025
MOST_CONTESTED = 6
PAIRS_FOR_ALL_WAYS = 200_000
PAIRS_FOR_SECOND_THOUGHTS = 4_000_000
SAME = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settled:
    """The column of each row. `best` = every way to give the rooms to the sexes was tried, so there is no better."""

    chosen: Ints
    best: bool


def settle(matrix: Matrix, relaxed: Ints) -> Settled:
    """Find the sexes of the rooms, starting from a choice that may still mix them in empty ones."""
    at_once = repaired(matrix, relaxed, matrix.room_sex, ALL_AT_ONCE)
    if near(matrix, at_once, relaxed, 0.0):
        return Settled(chosen=at_once, best=True)
    contested = contested_rooms(matrix)
    if len(contested) <= MOST_CONTESTED and 2 ** len(contested) * matrix.weights.size <= PAIRS_FOR_ALL_WAYS:
        return Settled(chosen=all_tried(matrix, contested), best=True)
    if near(matrix, at_once, relaxed, GOOD_AT_ONCE):
        return Settled(chosen=at_once, best=False)
    in_steps = repaired(matrix, relaxed, matrix.room_sex, A_QUARTER)
    better = max(at_once, in_steps, key=lambda chosen: totals(matrix, chosen))
    good = near(matrix, better, relaxed, GOOD)
    return Settled(chosen=better if good else reconsidered(matrix, better), best=False)


def contested_rooms(matrix: Matrix) -> Ints:
    """The rooms that could mix: empty, single-sex, two beds or more, and fit for somebody of either sex."""
    fits = open_weights(matrix, matrix.room_sex) > 0
    beds = np.bincount(matrix.room, matrix.free, minlength=len(matrix.room_sex))
    contested = (matrix.room_sex == OPEN) & (beds > 1)
    for sex in range(len(SEXES)):
        contested &= np.bincount(matrix.room, fits[matrix.sex == sex].any(axis=0), minlength=len(beds)) > 0
    return np.flatnonzero(contested)


def all_tried(matrix: Matrix, contested: Ints) -> Ints:
    """The best of all ways to give the contested rooms to the sexes."""

    def tried(sexes: tuple[int, ...]) -> Ints:
        room_sex = matrix.room_sex.copy()
        room_sex[contested] = sexes
        return place_all(matrix, room_sex)

    ways = product(range(len(SEXES)), repeat=len(contested))
    return max(map(tried, ways), key=lambda chosen: totals(matrix, chosen))


def near(matrix: Matrix, chosen: Ints, relaxed: Ints, tolerance: float) -> bool:
    """Tier 0 loses nothing, and the whole at most this share, against a choice that may mix sexes."""
    most = sum(totals(matrix, relaxed))
    return keeps_first_tier(matrix, chosen, relaxed) and most - sum(totals(matrix, chosen)) <= tolerance * most + SAME


def reconsidered(matrix: Matrix, chosen: Ints) -> Ints:
    """Try the other sex in rooms that the round has bound, those with the least in them first; keep what is better."""
    best = chosen
    newly = np.flatnonzero((matrix.room_sex == OPEN) & (sexes_after(matrix, chosen) != OPEN))
    least_first = newly[np.argsort(gains_by_sex(matrix, chosen)[newly].sum(axis=1), kind="stable")]
    affordable = 1 + PAIRS_FOR_SECOND_THOUGHTS // max(1, matrix.weights.size)
    for room in least_first[:affordable]:
        room_sex = sexes_after(matrix, best)
        if room_sex[room] != OPEN:
            room_sex[room] = 1 - room_sex[room]
            other = repaired(matrix, place_all(matrix, room_sex), room_sex, ALL_AT_ONCE)
            best = max(best, other, key=lambda choice: totals(matrix, choice))
    return best


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


def repaired(matrix: Matrix, relaxed: Ints, room_sex: Ints, share: float) -> Ints:
    """Decide rooms that would mix, `share` of them at a time, until none does; then fill what that left free."""
    room_sex, chosen = room_sex.copy(), relaxed
    while len(mixing := mixed_rooms(matrix, room_sex, chosen)):
        gains = gains_by_sex(matrix, chosen)[mixing]
        margin = np.abs(gains[:, 0] - gains[:, 1])
        clearest = np.argsort(-margin, kind="stable")[: ceil(share * len(mixing))]
        room_sex[mixing[clearest]] = gains[clearest].argmax(axis=1)
        chosen = place_all(matrix, room_sex)
    return completed(matrix, chosen)


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
