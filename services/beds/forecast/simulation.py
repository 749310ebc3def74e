"""The coming days on a copy of the pool, with the allocation that the service runs: rounds every two hours.

A discrete-event simulation whose events fall on the rounds: patients leave, beds are cleaned, patients arrive, a round
is solved, and who is given a bed lies in it. Leaving times come from `lengths`; who arrives is drawn from those who
came in the past weeks. All chance is drawn once, before, so that every arrangement meets the same patients (common
random numbers) and a difference is the arrangement's.

Invariant: nobody is lost: whoever waits or arrives is placed or waits still. Every placement went through `solve`, so
no hard rule is broken.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from statistics import fmean

import numpy as np

from services.beds.allocation.model import Round
from services.beds.allocation.optimise import solve
from services.beds.forecast.lengths import Lengths, leave_chances
from services.beds.forecast.model import HOURS_A_WEEK, Past
from services.beds.forecast.occupancy import leave_hours
from services.beds.forecast.scenario import Change, Copy, Move, Outcome, WhatIf, changed
from services.beds.scoring.model import BedStatus, Place, Policy, Sex, Waiting

STEP_HOURS = 2
CLEANING_STEPS = 1
LONGEST_STAY_DAYS = 60
NOW = Change(name="now", open_beds={})


@dataclass(frozen=True, kw_only=True)
class Fate:
    """Chance, drawn beforehand: who comes in each step, and after how many steps in a bed each patient leaves it."""

    comes: Sequence[Sequence[Waiting]]
    steps: Mapping[str, int]


@dataclass(kw_only=True)
class Run:
    """One arrangement while it runs. `sexes`: bed → sex, by room; `leaves` and `cleaned`: step → beds."""

    name: str
    places: dict[str, Place]
    policy: Policy
    waiting: dict[str, Waiting]
    sexes: dict[str, dict[str, Sex]] = field(default_factory=lambda: defaultdict(dict))
    leaves: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    cleaned: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    first: dict[str, str] = field(default_factory=dict)
    placed: list[tuple[Waiting, Place]] = field(default_factory=list)
    occupancy: list[float] = field(default_factory=list)

    def occupy(self, bed_id: str, sex: Sex, until_step: int) -> None:
        """Somebody lies in the bed until then."""
        place = self.places[bed_id] = replace(self.places[bed_id], status=BedStatus.OCCUPIED)
        self.sexes[place.room_id][bed_id] = sex
        self.leaves[until_step].append(bed_id)

    def leave(self, bed_id: str, step: int) -> None:
        """The bed is left, and clean after a while."""
        place = self.places[bed_id] = replace(self.places[bed_id], status=BedStatus.HOUSEKEEPING)
        del self.sexes[place.room_id][bed_id]
        self.cleaned[step + CLEANING_STEPS].append(bed_id)

    def free(self) -> tuple[Place, ...]:
        """The beds that can be had, each with the sex of its room."""
        return tuple(
            replace(place, room_sex=room_sex(self.sexes[place.room_id].values()))
            for place in self.places.values()
            if place.status is BedStatus.UNOCCUPIED
        )


def what_if(
    copy: Copy, past: Past, changes: Sequence[Change], hours: int, seed: int, time_left: Callable[[], bool]
) -> WhatIf:
    """Simulate the pool as it is and under each change. Stops after the step in which the time has run out."""
    steps = max(1, hours // STEP_HOURS)
    fate = drawn(copy, past, steps, seed)
    runs = [begun(copy, change, fate) for change in (NOW, *changes)]
    for done in range(1, steps + 1):
        for run in runs:
            advance(run, fate, done - 1)
        if not time_left():
            break
    now, *then = runs
    return WhatIf(
        hours=done * STEP_HOURS,
        now=outcome(now),
        then=tuple(outcome(run) for run in then),
        moves=tuple(moves(now, run) for run in then),
    )


def drawn(copy: Copy, past: Past, steps: int, seed: int) -> Fate:
    """All chance of the coming days. Who comes is somebody who came before, under an id of their own."""
    chance = np.random.default_rng(seed)
    lengths, hours = Lengths(past), leave_hours(past)
    weekly = sum(past.arrivals.values()) / past.weeks_counted
    pattern = np.asarray(past.arrival_hours, dtype=np.float64) + 0.1
    slots = (copy.hour_of_week + np.arange(steps * STEP_HOURS)) % HOURS_A_WEEK
    rates = (weekly * pattern[slots] / pattern.sum()).reshape(steps, STEP_HOURS).sum(axis=1)
    numbers = chance.poisson(rates) if copy.arrivals else np.zeros(steps, dtype=np.int64)
    known = [(one.patient, one.drg, 0) for one in copy.waiting]
    known += [(one.patient, one.drg, one.nights) for one in copy.occupants]
    comes: list[list[Waiting]] = []
    for step, number in enumerate(numbers):
        again = [copy.arrivals[at] for at in chance.integers(0, max(1, len(copy.arrivals)), number)]
        new = [
            replace(one.patient, request_id=f"new-{step}-{turn}", waited_hours=0.0) for turn, one in enumerate(again)
        ]
        known += [(patient, one.drg, 0) for patient, one in zip(new, again, strict=True)]
        comes.append(new)
    stays = {}
    for patient, drg, nights in known:
        hazard = lengths.hazard(drg, patient.specialty, patient.expected_days)
        ends = np.cumsum(leave_chances(hazard, nights, LONGEST_STAY_DAYS))
        day = int(np.searchsorted(ends, chance.random() * ends[-1], side="right"))
        ahead = day * 24 + int(np.searchsorted(np.cumsum(hours), chance.random())) - copy.hour_of_week % 24
        stays[patient.request_id] = max(1, ahead // STEP_HOURS)
    return Fate(comes=comes, steps=stays)


def begun(copy: Copy, change: Change, fate: Fate) -> Run:
    """The pool under a change, before its first round: who lies in a closed ward waits, ahead of everybody else."""
    places = {place.bed_id: place for place in changed(copy.places, change)}
    policy = change.policy or copy.policy
    run = Run(name=change.name, places=places, policy=policy, waiting={})
    run.waiting = {one.patient.request_id: one.patient for one in copy.waiting}
    for one in copy.occupants:
        if places[one.bed_id].status is BedStatus.CLOSED:
            run.waiting[one.patient.request_id] = replace(one.patient, immediate=True, waited_hours=0.0)
        else:
            run.occupy(one.bed_id, one.patient.sex, fate.steps[one.patient.request_id])
    run.cleaned[CLEANING_STEPS] = [bed for bed, place in places.items() if place.status is BedStatus.HOUSEKEEPING]
    return run


def advance(run: Run, fate: Fate, step: int) -> None:
    """One step: beds are left and cleaned, patients come, a round is solved, and whoever has a bed lies in it."""
    for bed_id in run.leaves.pop(step, ()):
        run.leave(bed_id, step)
    for bed_id in run.cleaned.pop(step, ()):
        run.places[bed_id] = replace(run.places[bed_id], status=BedStatus.UNOCCUPIED)
    run.waiting |= {one.request_id: one for one in fate.comes[step]}
    question = Round(waiting=tuple(run.waiting.values()), places=run.free(), policy=run.policy)
    if question.waiting and question.places:
        for one in solve(question).assigned:
            patient, place = run.waiting.pop(one.request_id), run.places[one.bed_id]
            run.placed.append((patient, place))
            run.occupy(one.bed_id, patient.sex, step + fate.steps[one.request_id])
            if step == 0:
                run.first[one.request_id] = place.ward
    run.waiting = {
        request_id: replace(one, waited_hours=one.waited_hours + STEP_HOURS) for request_id, one in run.waiting.items()
    }
    run.occupancy.append(occupancy(run.places.values()))


def room_sex(sexes: Iterable[Sex]) -> Sex | None:
    """The sex of those in a room; unknown where they differ, None where there is nobody."""
    present = set(sexes)
    if len(present) > 1:
        return Sex.UNKNOWN
    return next(iter(present), None)


def occupancy(places: Iterable[Place]) -> float:
    """Occupied beds, of those that are not closed."""
    states = [place.status for place in places if place.status is not BedStatus.CLOSED]
    return states.count(BedStatus.OCCUPIED) / len(states) if states else 0.0


def outcome(run: Run) -> Outcome:
    """What the days were like."""
    patients = [patient for patient, _ in run.placed]
    waits: dict[str, list[float]] = defaultdict(list)
    ratios = [0.0]
    for one in chain(patients, run.waiting.values()):
        waits[one.urgency].append(one.waited_hours)
        ratios.append(one.waited_hours / run.policy.longest_wait_hours[one.urgency])
    every = [hours for of_urgency in waits.values() for hours in of_urgency]
    placed = len(run.placed)
    return Outcome(
        name=run.name,
        placed=placed,
        still_waiting=len(run.waiting),
        mean_wait_hours=fmean(every) if every else 0.0,
        mean_wait_by_urgency={urgency: fmean(hours) for urgency, hours in sorted(waits.items())},
        longest_ratio=max(ratios),
        cross_ward_share=sum(one.specialty != at.specialty for one, at in run.placed) / placed if placed else None,
        cross_campus_share=sum(one.campus != at.campus for one, at in run.placed) / placed if placed else None,
        mean_occupancy=fmean(run.occupancy),
    )


def moves(now: Run, then: Run) -> tuple[Move, ...]:
    """Whose bed in the first round is in another ward, or there only under one of the two."""
    asked = sorted(now.first.keys() | then.first.keys())
    found = [Move(request_id=one, ward_now=now.first.get(one), ward_then=then.first.get(one)) for one in asked]
    return tuple(one for one in found if one.ward_now != one.ward_then and not one.request_id.startswith("new-"))
