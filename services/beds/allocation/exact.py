"""What repair leaves open, put to a mixed-integer program: better room sexes, and a closer bound.

The sexes of the rooms that could mix are its only integer decisions; who lies where stays continuous, since the rest of
the problem is an assignment. Its answer is taken as a choice of sexes only, and placed by the same assignment as ever.

Invariant: `bound` is the program's dual bound in plain weights with tier 0's total at the most that is known, so no
allocation that keeps the hard rules and gives tier 0 its greatest total is above it.
"""

from dataclasses import dataclass
from time import perf_counter

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp
from scipy.sparse import coo_array, vstack

from services.beds.allocation import rooms
from services.beds.allocation.matrix import SEXES, Floats, Ints, Matrix
from services.beds.allocation.model import Effort
from services.beds.scoring.model import Sex

FEMALE, MALE = SEXES.index(Sex.FEMALE), SEXES.index(Sex.MALE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Improved:
    """The best choice that is known now, and what no choice exceeds."""

    chosen: Ints
    bound: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Program:
    """Pairs that may be used, then the rooms that could mix (1 = women, 0 = men), as columns of the constraints."""

    row: Ints
    column: Ints
    weight: Floats
    contested: Ints
    rules: LinearConstraint


def improved(matrix: Matrix, chosen: Ints, relaxed: Ints, bound: float, effort: Effort) -> Improved:
    """The better of `chosen` and what the program finds in the time.

    `relaxed` is the best choice where empty rooms may mix, and `bound` one that is proven already.
    """
    until = perf_counter() + effort.seconds
    program, best = program_of(matrix), chosen
    urgent = np.where(matrix.tier[program.row] == 0, program.weight, 0.0)
    if not rooms.keeps_first_tier(matrix, best, relaxed):
        best = better(matrix, program, best, solved(program, urgent, until, 0.0))
    gains = np.concatenate((urgent, np.zeros(len(program.contested))))
    held = LinearConstraint(gains[None, :], lb=rooms.totals(matrix, best)[0] - 2 * rooms.SAME)
    whole = solved(program, program.weight, until, effort.gap, held)
    best = better(matrix, program, best, whole)
    if whole.mip_dual_bound is not None:
        bound = min(bound, -float(whole.mip_dual_bound))
    return Improved(chosen=best, bound=bound)


def program_of(matrix: Matrix) -> Program:
    """One patient a bed, no more patients than beds, and in a room that could mix, no sex beside the other."""
    weights = rooms.open_weights(matrix, matrix.room_sex)
    row, column = np.nonzero(weights)
    contested = rooms.contested_rooms(matrix)
    size = len(row) + len(contested)
    pair = np.arange(len(row))
    ones = np.ones(len(row))
    patients = coo_array((ones, (row, pair)), shape=(len(matrix.waiting), size))
    beds = coo_array((ones, (column, pair)), shape=(len(matrix.columns), size))
    rooms_of_sex, most = sex_rows(matrix, row, column, contested)
    return Program(
        row=row,
        column=column,
        weight=weights[row, column],
        contested=contested,
        rules=LinearConstraint(
            vstack((patients, beds, rooms_of_sex), format="csc"),
            ub=np.concatenate((np.ones(len(matrix.waiting)), matrix.free, most)),
        ),
    )


def sex_rows(matrix: Matrix, row: Ints, column: Ints, contested: Ints) -> tuple[coo_array, Floats]:
    """For each contested room two lines: women ≤ beds · y, and men ≤ beds · (1 - y)."""
    number = np.full(len(matrix.room_sex), -1)
    number[contested] = np.arange(len(contested))
    of_room = number[matrix.room[column]]
    inside = np.flatnonzero(of_room >= 0)
    line = 2 * of_room[inside] + (matrix.sex[row[inside]] == MALE)
    beds = np.bincount(matrix.room, matrix.free, minlength=len(matrix.room_sex))[contested]
    sexes = np.arange(len(contested)) + len(row)
    women, men = 2 * np.arange(len(contested)), 2 * np.arange(len(contested)) + 1
    entries = np.concatenate((np.ones(len(inside)), -beds, beds))
    lines, variables = np.concatenate((line, women, men)), np.concatenate((inside, sexes, sexes))
    most = np.zeros(2 * len(contested))
    most[men] = beds
    return coo_array((entries, (lines, variables)), shape=(len(most), len(row) + len(contested))), most


def solved(program: Program, gain: Floats, until: float, gap: float, *more: LinearConstraint) -> OptimizeResult:
    """HiGHS's answer to the greatest `gain`, within the time that is left."""
    sexes = len(program.contested)
    return milp(
        np.concatenate((-gain, np.zeros(sexes))),
        integrality=np.concatenate((np.zeros(len(gain)), np.ones(sexes))),
        bounds=Bounds(0, 1),
        constraints=(program.rules, *more),
        options={"time_limit": max(0.01, until - perf_counter()), "mip_rel_gap": gap},
    )


def better(matrix: Matrix, program: Program, chosen: Ints, answer: OptimizeResult) -> Ints:
    """Of a choice and the one with the sexes of the program's answer, the one with the greater totals, in order."""
    if answer.x is None:
        return chosen
    women = answer.x[len(program.row) :] > 0.5  # noqa: PLR2004 - a binary, up to the solver's tolerance
    room_sex = matrix.room_sex.copy()
    room_sex[program.contested] = np.where(women, FEMALE, MALE)
    other = rooms.completed(matrix, rooms.place_all(matrix, room_sex))
    return max(chosen, other, key=lambda choice: rooms.totals(matrix, choice))
