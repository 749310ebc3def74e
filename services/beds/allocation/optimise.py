"""One bed round, solved: place, settle the rooms, prove how good it is, say why.

Invariant: every pair in the answer has been put to the scalar `first_broken_rule`, with its room as the round
leaves it; an answer that would break a hard rule is never given. Equal rounds get equal answers.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from time import perf_counter

import numpy as np

from services.beds.allocation import exact, rooms
from services.beds.allocation.assignment import NO_COLUMN, assign, weights_of
from services.beds.allocation.matrix import NONE_BROKEN, OPEN, RULES, SEX_BROKEN, SEXES, Floats, Ints, Matrix, build
from services.beds.allocation.model import AT_ONCE, Answer, Assigned, Effort, Rival, Round, RunnerUp, Unassigned
from services.beds.scoring import points
from services.beds.scoring.hard_rules import Rule, first_broken_rule
from services.beds.scoring.model import Policy


class RuleBroken(RuntimeError):
    """The optimiser was about to break a hard rule. A fault of ours: nothing of the round may be used."""


def solve(question: Round, effort: Effort = AT_ONCE) -> Answer:
    """Propose beds for all who wait. Raises `RuleBroken` rather than propose what a hard rule forbids."""
    started = perf_counter()
    return answer_to(question, build(question), effort, started)


def answer_to(question: Round, matrix: Matrix, effort: Effort, started: float) -> Answer:
    """The answer to a round that is laid out already; `started` is when that began, on the performance counter."""
    best, bound = best_choice(matrix, effort)
    chosen = canonical(matrix, best)
    assigned = tuple(assigned_of(matrix, chosen, question.policy, question.kept))
    stay = np.count_nonzero((chosen == matrix.kept) & (chosen != NO_COLUMN))
    achieved = sum(one.score.points for one in assigned) + question.policy.keep_bonus * int(stay)
    return Answer(
        assigned=assigned,
        unassigned=unassigned_of(
            matrix, chosen, not_free=question.not_free + len(question.places) - len(question.free)
        ),
        bound=max(achieved, bound),
        achieved=achieved,
        policy_version=question.policy.version,
        seconds=perf_counter() - started,
    )


def best_choice(matrix: Matrix, effort: Effort) -> tuple[Ints, float]:
    """The best choice that is found with this effort, and the total that none exceeds."""
    relaxed = rooms.place_all(matrix, matrix.room_sex)
    settled = rooms.settle(matrix, relaxed)
    total = sum(rooms.totals(matrix, settled.chosen))
    if settled.best:
        return settled.chosen, total
    bound = bound_of(matrix, relaxed, settled.chosen)
    if bound - total <= effort.gap * bound:
        return settled.chosen, bound
    found = exact.improved(matrix, settled.chosen, relaxed, bound, effort)
    return found.chosen, found.bound


def bound_of(matrix: Matrix, relaxed: Ints, chosen: Ints) -> float:
    """No allocation that keeps the rules and gives tier 0 its greatest total scores more than this.

    Where tier 0 has as much as if empty rooms could mix, that is its greatest total, and the relaxed round, which
    has the same and then the most for tier 1, is the bound. Otherwise tier 0's greatest total is not known, and
    only the greatest plain total without the sex rule of empty rooms is above all that can be.
    """
    if rooms.keeps_first_tier(matrix, chosen, relaxed):
        return float(weights_of(matrix.weights, relaxed).sum())
    weights = rooms.open_weights(matrix, matrix.room_sex)
    return float(weights_of(weights, assign(weights, matrix.free)).sum())


def canonical(matrix: Matrix, chosen: Ints) -> Ints:
    """Of patients who are alike in every weight, sex and tier, the smaller ids get the earlier beds."""
    alike: dict[tuple[bytes, int, int], list[int]] = {}
    for row in range(len(chosen)):
        alike.setdefault((matrix.weights[row].tobytes(), matrix.sex[row], matrix.tier[row]), []).append(row)
    ordered = chosen.copy()
    for same in alike.values():
        ordered[same] = sorted(chosen[same], key=lambda column: (column == NO_COLUMN, column))
    return ordered


def assigned_of(matrix: Matrix, chosen: Ints, policy: Policy, kept: Mapping[str, str]) -> Iterator[Assigned]:
    """The pairs in order of request id, each checked against the rules and explained."""
    after = rooms.sexes_after(matrix, chosen)
    beds = beds_of(matrix, chosen, kept)
    rows = np.flatnonzero(chosen != NO_COLUMN)
    for row, other_column, other_row in zip(rows, *next_best(matrix, rows, chosen[rows], policy), strict=True):
        waiting, column = matrix.waiting[row], chosen[row]
        place = matrix.columns[column].place
        state = after[matrix.room[column]]
        crowded = replace(place, room_sex=SEXES[state]) if state in range(len(SEXES)) else place
        if rule := first_broken_rule(waiting, crowded, policy):
            raise RuleBroken(f"{waiting.request_id} in {place.bed_id} would break {rule}")
        bed_id = beds[int(row)]
        yield Assigned(
            request_id=waiting.request_id,
            bed_id=bed_id,
            tier=int(matrix.tier[row]),
            score=points.score(waiting, place, policy, matrix.context),
            runner_up=runner_up(matrix, int(row), int(other_column), bed_id, policy),
            rival=rival(matrix, int(other_row), int(column), policy),
        )


def next_best(matrix: Matrix, rows: Ints, columns: Ints, policy: Policy) -> tuple[Ints, Ints]:
    """For each placed row the column of the next best bed, and for its bed the row of the next best patient.

    Of those that no rule forbade before the round, whoever has them now; NO_COLUMN where there is none. A column with
    another free bed is its own next best.
    """
    allowed = np.where(matrix.broken == NONE_BROKEN, matrix.weights, -np.inf)
    standing = np.flatnonzero(matrix.kept >= 0)
    allowed[standing, matrix.kept[standing]] -= policy.keep_bonus
    at = np.arange(len(rows))
    alone = matrix.free[columns] == 1
    beds, patients = allowed.take(rows, axis=0), allowed.take(columns, axis=1)
    beds[at[alone], columns[alone]] = -np.inf
    patients[rows, at] = -np.inf
    return greatest(beds, axis=1), greatest(patients, axis=0)


def greatest(values: Floats, axis: int) -> Ints:
    """Where the greatest value is, or NO_COLUMN where all are minus infinity."""
    if not values.size:
        return np.full(values.shape[1 - axis], NO_COLUMN)
    return np.where(np.isneginf(values.max(axis=axis)), NO_COLUMN, values.argmax(axis=axis))


def beds_of(matrix: Matrix, chosen: Ints, kept: Mapping[str, str]) -> dict[int, str]:
    """A bed of its column for each placed row: the one that was proposed before, else the first that is left."""
    rows = [int(row) for row in np.flatnonzero(chosen != NO_COLUMN)]
    given = {row: kept[matrix.waiting[row].request_id] for row in rows if chosen[row] == matrix.kept[row]}
    taken = set(given.values())
    left = [iter([bed for bed in column.bed_ids if bed not in taken]) for column in matrix.columns]
    return {row: given[row] if row in given else next(left[chosen[row]]) for row in rows}


def rival(matrix: Matrix, row: int, column: int, policy: Policy) -> Rival | None:
    """The next best patient for a bed."""
    if row == NO_COLUMN:
        return None
    return Rival(request_id=matrix.waiting[row].request_id, points=plain_points(matrix, row, column, policy))


def runner_up(matrix: Matrix, row: int, column: int, bed_id: str, policy: Policy) -> RunnerUp | None:
    """The next best bed for a patient."""
    if column == NO_COLUMN:
        return None
    other = next(one for one in matrix.columns[column].bed_ids if one != bed_id)
    return RunnerUp(bed_id=other, points=plain_points(matrix, row, column, policy))


def plain_points(matrix: Matrix, row: int, column: int, policy: Policy) -> float:
    """The score of a pair: its weight, but where a bonus is in it."""
    if matrix.kept[row] != column:
        return float(matrix.weights[row, column])
    return points.score(matrix.waiting[row], matrix.columns[column].place, policy, matrix.context).points


def unassigned_of(matrix: Matrix, chosen: Ints, not_free: int) -> tuple[Unassigned, ...]:
    """Why the others have no bed: each bed under the first rule it breaks as the round leaves the rooms."""
    rows = np.flatnonzero(chosen == NO_COLUMN)
    broken = matrix.broken[rows].copy()
    state = rooms.sexes_after(matrix, chosen)[matrix.room]
    newly = (matrix.room_sex[matrix.room] == OPEN) & (state != OPEN)
    broken[(broken == NONE_BROKEN) & newly & (state != matrix.sex[rows][:, None])] = SEX_BROKEN
    broken[broken == NONE_BROKEN] = RULES.index(Rule.TAKEN)
    counts = [(rule, (broken == code) @ matrix.free) for code, rule in enumerate(RULES)]
    reasons = [Counter({rule: int(beds[at]) for rule, beds in counts}) for at in range(len(rows))]
    for one in reasons:
        one[Rule.STATUS] += not_free
    return tuple(
        Unassigned(
            request_id=matrix.waiting[row].request_id,
            tier=int(matrix.tier[row]),
            reasons={rule: beds for rule, beds in one.items() if beds},
        )
        for row, one in zip(rows, reasons, strict=True)
    )
