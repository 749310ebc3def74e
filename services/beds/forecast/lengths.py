"""How long patients stay, learnt from those who have left: by DRG, else specialty, else the whole hospital.

Smoothing [P]: a group's chance to leave in a night is what was seen in it, plus `PARENT` stays of the wider group and,
for a DRG, `EXPECTED` stays as the request expects them. So a DRG with many stays speaks for itself, one with few leans
on its specialty and on what the clinician expected, and where nothing has been seen the expectation is all there is.
Chances are conditional: of those who stayed as long as this patient already has.

Invariant: every hazard lies strictly between 0 and 1, so survival falls and everybody leaves in the end.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from services.beds.forecast.model import Past

Floats = npt.NDArray[np.float64]

NIGHTS = 180
"""Longer stays count as this long; the hazard of the last night goes on."""

PARENT = 8.0
EXPECTED = 4.0
SHAPE = 1.5
"""Of the Weibull curve around an expected stay: the longer one stays, the likelier one leaves [P]."""


class Lengths:
    """Hazards by group, each worked out once."""

    def __init__(self, past: Past) -> None:
        self._past = past
        self._whole = seen([*past.by_specialty.values()])
        self._drgs: dict[tuple[str | None, str, int], Floats] = {}
        self._specialties: dict[str, Floats] = {}

    def hazard(self, drg: str | None, specialty: str, expected_days: float) -> Floats:
        """Night by night, the chance that a patient who is still there leaves before the next."""
        days = max(1, round(expected_days))
        key = (drg, specialty, days)
        if key not in self._drgs:
            expected = expected_hazard(days)
            own = seen([self._past.by_drg.get(drg, {})] if drg else [])
            parent = self._specialty(specialty, expected)
            self._drgs[key] = blended(own, ((parent, PARENT), (expected, EXPECTED)))
        return self._drgs[key]

    def of_ward(self, ward_id: str) -> Floats:
        """The same for whoever comes to a ward, of whom nothing is known yet."""
        hospital = blended(self._whole, ((expected_hazard(7), PARENT),))
        return blended(seen([self._past.by_ward.get(ward_id, {})]), ((hospital, PARENT),))

    def _specialty(self, specialty: str, expected: Floats) -> Floats:
        """A specialty's hazards lean on the hospital's; without any stay at all, on what is expected."""
        if not self._whole[0][0]:
            return expected
        if specialty not in self._specialties:
            hospital = blended(self._whole, ((expected_hazard(7), PARENT),))
            own = seen([self._past.by_specialty.get(specialty, {})])
            self._specialties[specialty] = blended(own, ((hospital, PARENT),))
        return self._specialties[specialty]


def seen(groups: list[Mapping[int, int]]) -> tuple[Floats, Floats]:
    """Of ended stays: how many were still there when each night's day began, and how many left on it."""
    left = np.zeros(NIGHTS)
    for group in groups:
        for nights, stays in group.items():
            left[min(nights, NIGHTS - 1)] += stays
    return left[::-1].cumsum()[::-1], left


def blended(own: tuple[Floats, Floats], others: tuple[tuple[Floats, float], ...]) -> Floats:
    """The hazard seen, with so many stays of each of the others added at every night.

    What a group says of long stays it says from few, so the wider group speaks louder there.
    """
    present, left = own
    weight = sum(weight for _, weight in others)
    added = sum((hazard * weight for hazard, weight in others), np.zeros(NIGHTS))
    hazards: Floats = np.clip((left + added) / (present + weight), 1e-4, 1 - 1e-4)
    return hazards


def expected_hazard(days: int) -> Floats:
    """A Weibull curve with this mean, night by night."""
    scale = days / 0.9027452929509336  # Γ(1 + 1/1.5), which makes the mean of the curve its scale times this
    night = np.arange(NIGHTS)
    hazards: Floats = np.clip(1 - np.exp((night / scale) ** SHAPE - ((night + 1) / scale) ** SHAPE), 1e-4, 1 - 1e-4)
    return hazards


def leave_chances(hazard: Floats, nights: int, days: int) -> Floats:
    """For a patient who has stayed so many nights: the chance to leave today, tomorrow … and, last, later than that."""
    ahead = hazard[np.minimum(np.arange(nights, nights + days), NIGHTS - 1)]
    still = np.concatenate(([1.0], np.cumprod(1 - ahead)))
    return np.concatenate((still[:-1] * ahead, still[-1:]))
