"""A hospital at 102 % load, event by event, with the real score and optimiser: who is served in time, who the least.

Six wards, each for its specialty and two more, rooms of one and two, one sex at a time. Patients come as they come
(Poisson), stay for days (lognormal, mean six), and are given beds by a round after every event that may place somebody.
Nobody leaves the queue but by a bed.

Invariant: the same seed makes the same hospital's months.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Final

from services.beds.allocation.model import Round
from services.beds.allocation.optimise import solve
from services.beds.scoring.model import AdmissionClass, AgeGroup, BedStatus, Place, Sex, SexPolicy, Urgency, Waiting
from tests.bench.hospital import POLICY

LOAD: Final = 1.02
DAYS: Final = 180
WARDS: Final = 6
WARD_BEDS: Final = 24
MEAN_DAYS: Final = 6.0
SPREAD: Final = 0.6
HOURS_A_DAY: Final = 24.0
EMERGENCY: Final = AdmissionClass.EMERGENCY
MIX: Final = (
    (EMERGENCY, 1, 0.02),
    (EMERGENCY, 2, 0.10),
    (EMERGENCY, 3, 0.18),
    (EMERGENCY, 4, 0.10),
    (AdmissionClass.TRANSFER, None, 0.05),
    (AdmissionClass.A, None, 0.25),
    (AdmissionClass.B, None, 0.20),
    (AdmissionClass.C, None, 0.10),
)
"""Class, triage and share of those who come [P]: two in five are emergencies."""


@dataclass
class Seen:
    """Of those of one urgency: how long each waited beside what is allowed."""

    ratios: list[float] = field(default_factory=list)

    @property
    def in_time(self) -> float:
        """The share whose wait was not too long."""
        return sum(ratio <= 1 for ratio in self.ratios) / len(self.ratios)


class Months:
    """One hospital's months under one seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - a reproducible hospital
        self._numbers = count()
        self._free = {place.bed_id: place for ward in range(WARDS) for place in _ward(ward)}
        self._lying: dict[str, tuple[Place, Sex]] = {}
        self._waiting: dict[str, tuple[Waiting, float]] = {}
        self._events: list[tuple[float, int, str]] = []
        self.seen: dict[Urgency, Seen] = {}

    def run(self) -> dict[Urgency, Seen]:
        """Play to the end; those who wait still count with the wait that they have by then."""
        beds = len(self._free)
        pause = MEAN_DAYS * HOURS_A_DAY / (LOAD * beds)
        self._expect(self._random.expovariate(1 / pause), "")
        while self._events:
            now, _, bed_id = heappop(self._events)
            if now > DAYS * HOURS_A_DAY:
                break
            if bed_id:
                place, _ = self._lying.pop(bed_id)
                self._free[bed_id] = place
            else:
                self._come(now)
                self._expect(now + self._random.expovariate(1 / pause), "")
            if self._free and self._waiting:
                self._place(now)
        for waiting, since in self._waiting.values():
            self._note(waiting, DAYS * HOURS_A_DAY - since)
        return self.seen

    def _expect(self, at: float, bed_id: str) -> None:
        heappush(self._events, (at, next(self._numbers), bed_id))

    def _come(self, now: float) -> None:
        kind, triage, _ = self._random.choices(MIX, [share for _, _, share in MIX])[0]
        number = f"R{next(self._numbers):07}"
        specialty = f"s{self._random.randrange(WARDS)}"
        self._waiting[number] = (
            Waiting(
                request_id=number,
                specialty=specialty,
                campus="one",
                sex=self._random.choice((Sex.FEMALE, Sex.MALE)),
                age_years=50,
                triage=triage,
                admission_class=kind,
                waited_hours=0,
                rw=self._random.uniform(0.4, 5.0),
                level4=self._random.random() < 0.1,
                department_cmi=1.0,
                expected_days=5,
            ),
            now,
        )

    def _place(self, now: float) -> None:
        sexes = {place.room_id: sex for place, sex in self._lying.values()}
        question = Round(
            waiting=tuple(replace(one, waited_hours=now - since) for one, since in self._waiting.values()),
            places=tuple(replace(place, room_sex=sexes.get(place.room_id)) for place in self._free.values()),
            policy=POLICY,
        )
        for one in solve(question).assigned:
            waiting, since = self._waiting.pop(one.request_id)
            self._lying[one.bed_id] = (self._free.pop(one.bed_id), waiting.sex)
            self._note(waiting, now - since)
            days = MEAN_DAYS * self._random.lognormvariate(-SPREAD * SPREAD / 2, SPREAD)
            self._expect(now + days * HOURS_A_DAY, one.bed_id)

    def _note(self, waiting: Waiting, waited: float) -> None:
        allowed = POLICY.longest_wait_hours[waiting.urgency]
        self.seen.setdefault(waiting.urgency, Seen()).ratios.append(waited / allowed)


def _ward(number: int) -> Iterator[Place]:
    for bed in range(WARD_BEDS):
        room = f"W{number}/{bed // 2 if bed < WARD_BEDS - 2 else bed}"
        yield Place(
            bed_id=f"{room}/{bed}",
            campus="one",
            ward=f"W{number}",
            specialty=f"s{number}",
            overflow=tuple(f"s{(number + step) % WARDS}" for step in (1, 2)),
            room_id=room,
            status=BedStatus.UNOCCUPIED,
            sex_policy=SexPolicy.SINGLE,
            age_group=AgeGroup.ADULT,
        )
