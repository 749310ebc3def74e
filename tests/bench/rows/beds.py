"""P6: bed rounds, as the service asks its optimiser's process; how far from the best; and whether anybody starves."""

import gc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median
from time import perf_counter

import numpy as np

from services.beds.allocation import matrix
from services.beds.allocation.model import AT_ONCE, Answer, Effort, Round
from services.beds.allocation.optimise import best_choice, solve
from services.beds.allocation.worker import Optimiser
from services.beds.scoring.hard_rules import first_broken_rule
from services.beds.scoring.model import BedStatus, Place, Sex, SexPolicy, Urgency
from tests.bench import hospital
from tests.bench.figures import Row, percentile, ratio
from tests.bench.harness import Bench, run
from tests.bench.rows import imports
from tests.bench.starvation import Months

PATIENTS, BEDS = 500, 3_000
SURGE_BEDS = 400
EXACT = Effort(gap=0.0, seconds=10.0)
SEEDS = (1, 2, 3, 4, 5)
FREED = 60
WHAT = "500 who wait for 3,000 beds, 90 % occupied"


def measure(bench: Bench) -> Iterator[Row]:
    """P6."""
    rounds = [hospital.round_of(PATIENTS, BEDS, seed) for seed in SEEDS]
    timed = run(_solve(rounds * bench.runs))
    answers = [answer for answer, _ in timed[: len(rounds)]]
    runs = len(timed)
    yield Row(
        id="P6.round", what=f"bed round, {WHAT}", value=median(ms for _, ms in timed), unit="ms", runs=runs,
        target="value <= 100",
    )  # fmt: skip
    yield from _certificates(rounds, answers)
    scores, greedy = [one.achieved for one in answers], [greedy_score(one) for one in rounds]
    yield Row(
        id="P6.greedy", what="total score beside greedy by patient", value=median(scores), unit="points", runs=runs,
        baseline={"what": "in turn of waiting", "value": median(greedy)}, ratio=ratio(scores, greedy),
        target="ratio >= 1.04",
    )  # fmt: skip
    yield from _surge()
    yield from _large()
    freed = list(with_one_bed_more(rounds[0], FREED))
    in_all = [ms for _, ms in run(_solve(freed, keep=False))]
    yield Row(
        id="P6.freed", what="one bed freed → every proposal anew, p99", value=percentile(in_all, 99), unit="ms",
        runs=len(in_all), target="value <= 50",
    )  # fmt: skip
    placing = [_placing_ms(one) for one in freed]
    yield Row(
        id="P6.placing", what="the same without scoring and reasons, p99", value=percentile(placing, 99), unit="ms",
        runs=len(placing), target="value <= 20",
    )  # fmt: skip
    yield Row(
        id="P6.violations", what="pairs of all these rounds that break a hard rule", unit="pairs", runs=len(rounds),
        value=sum(violations(one, answer) for one, answer in zip(rounds, answers, strict=True)), target="value <= 0",
    )  # fmt: skip
    yield from _starvation()
    yield from imports.measure(bench)


def _certificates(rounds: Sequence[Round], answers: Sequence[Answer]) -> Iterator[Row]:
    """What repair reaches beside the exact answer, and what can be proven in five seconds."""
    yield Row(
        id="P6.gap", what="proven distance from the optimum, worst seed", unit="%", runs=len(rounds),
        target="value <= 0.25", value=max(answer.gap for answer in answers) * 100,
    )  # fmt: skip
    exact = [solve(one, EXACT) for one in rounds]
    yield Row(
        id="P6.exact", what="distance from the exact answer, worst seed", unit="%", runs=len(rounds),
        target="value <= 0.25",
        value=max(1 - answer.achieved / best.achieved for answer, best in zip(answers, exact, strict=True)) * 100,
    )  # fmt: skip
    yield Row(
        id="P6.certificate", what="the exact search until nothing is open, slowest seed", unit="s", runs=len(rounds),
        target="value <= 5", value=max(one.seconds for one in exact),
    )  # fmt: skip


def _surge() -> Iterator[Row]:
    """A new ward: 500 who wait for 400 beds that are all empty, so that the sexes of the rooms are open."""
    rounds = [hospital.round_of(PATIENTS, SURGE_BEDS, seed, occupied=0.0) for seed in SEEDS]
    for name, effort in (("second", Effort(gap=0.0025, seconds=0.9)), ("ten", Effort(gap=0.0001, seconds=9.0))):
        answers = [solve(one, effort) for one in rounds]
        yield Row(
            id=f"P6.surge.{name}", what=f"500 for 400 empty beds, gap {effort.gap:.2%} wanted, worst seed", unit="%",
            runs=len(rounds), target=f"value <= {effort.gap * 100:g}", value=max(one.gap for one in answers) * 100,
        )  # fmt: skip
        yield Row(
            id=f"P6.surge.{name}.time", what="the same, slowest seed", unit="s", runs=len(rounds),
            target=f"value <= {effort.seconds / 0.9:g}", value=max(one.seconds for one in answers),
        )  # fmt: skip


def _large() -> Iterator[Row]:
    """2,000 who wait for 12,000 beds."""
    answers = [solve(hospital.round_of(4 * PATIENTS, 4 * BEDS, seed)) for seed in SEEDS[:3]]
    yield Row(
        id="P6.large", what="bed round, 2,000 who wait for 12,000 beds, 90 % occupied", unit="s", runs=len(answers),
        target="value <= 1", value=median(one.seconds for one in answers),
    )  # fmt: skip
    yield Row(
        id="P6.large.gap", what="the same: proven distance, worst seed", unit="%", runs=len(answers),
        target="value <= 0.05", value=max(one.gap for one in answers) * 100,
    )  # fmt: skip


def _starvation() -> Iterator[Row]:
    """102 % load for half a year: nobody starves, and how many are served in time."""
    played = [Months(seed).run() for seed in SEEDS]
    waits = {urgency: [ratio for one in played for ratio in one[urgency].ratios] for urgency in played[0]}
    what = "102 % load, 180 days: longest wait ÷ longest allowed,"
    elective = max(max(waits[urgency]) for urgency in (Urgency.A, Urgency.B, Urgency.C))
    yield Row(
        id="P6.starve.elective", what=f"{what} elective", value=elective, unit="", runs=len(played),
        target="value <= 1",
    )  # fmt: skip
    yield Row(
        id="P6.starve.l4", what=f"{what} L4", value=max(waits[Urgency.L4]), unit="", runs=len(played),
        target="value <= 3",
    )  # fmt: skip
    for urgency in (Urgency.L2, Urgency.L3, Urgency.L4, Urgency.C):
        in_time = sum(ratio <= 1 for ratio in waits[urgency]) / len(waits[urgency])
        yield Row(
            id=f"P6.in_time.{urgency.lower()}", what=f"102 % load: {urgency} served in time", unit="%",
            value=in_time * 100,
            runs=len(played),
        )  # fmt: skip


def violations(question: Round, answer: Answer) -> int:
    """Pairs that break a hard rule, the sexes of all who come into a room counted, put to the scalar rules."""
    patients = {one.request_id: one for one in question.waiting}
    places = {one.bed_id: one for one in question.places}
    pairs = [(patients[one.request_id], places[one.bed_id]) for one in answer.assigned]
    sexes: dict[str, set[Sex]] = {}
    for patient, place in pairs:
        sexes.setdefault(place.room_id, {place.room_sex} if place.room_sex else set()).add(patient.sex)
    broken = sum(first_broken_rule(patient, place, question.policy) is not None for patient, place in pairs)
    mixed = sum(place.sex_policy is SexPolicy.SINGLE and len(sexes[place.room_id]) > 1 for _, place in pairs)
    return broken + mixed + len(pairs) - len({place.bed_id for _, place in pairs})


def _placing_ms(question: Round) -> float:
    laid_out = matrix.build(question)
    began = perf_counter()
    best_choice(laid_out, AT_ONCE)
    return (perf_counter() - began) * 1000


async def _solve(rounds: Sequence[Round], *, keep: bool = True) -> list[tuple[Answer | None, float]]:
    """Answers and milliseconds, the way to the optimiser's process and back included; the first is not counted.

    As in a service, the collector passes over what was there before: here that is the bench with all its rounds.
    """
    timed = []
    gc.collect()
    gc.freeze()
    async with Optimiser() as optimiser:
        await optimiser.solve(rounds[0])
        for one in rounds:
            began = perf_counter()
            answer = await optimiser.solve(one)
            timed.append((answer if keep else None, (perf_counter() - began) * 1000))
    return timed


def with_one_bed_more(before: Round, count: int) -> Iterator[Round]:
    """The round again each time one more of its occupied beds, in a room with a free one or mixed, has become free."""
    places = {place.bed_id: place for place in before.places}
    occupied = [place for place in before.places if place.status is BedStatus.OCCUPIED]
    for place in occupied[:count]:
        free: Place = replace(place, status=BedStatus.UNOCCUPIED)
        yield replace(before, places=tuple({**places, place.bed_id: free}.values()))


def greedy_score(question: Round) -> float:
    """What each patient in turn, tier 0 first, then the longest wait, would get from the best bed left to them."""
    laid = matrix.build(question)
    free, room_sex, total = laid.free.copy(), laid.room_sex.copy(), 0.0
    weights = np.nan_to_num(laid.weights, nan=0.0)
    for row in sorted(range(len(laid.waiting)), key=lambda row: (laid.tier[row], -laid.waiting[row].waited_hours)):
        state = room_sex[laid.room]
        fits = (free > 0) & ((state == matrix.MIXED) | (state == matrix.OPEN) | (state == laid.sex[row]))
        allowed = np.where(fits, weights[row], 0.0)
        column = int(allowed.argmax())
        if allowed[column] > 0:
            total += float(allowed[column])
            free[column] -= 1
            if room_sex[laid.room[column]] == matrix.OPEN:
                room_sex[laid.room[column]] = laid.sex[row]
    return total
