"""The numbers of exam planning, read once from `policy.json`, each with its source there.

Invariant: with `fasting_hours` an exam starts either after a night's fast or that long after an early breakfast.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from services.registration.exams.case import Span

FILE = Path(__file__).with_name("policy.json")
MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The numbers; times of day in minutes from midnight."""

    version: str
    fast_from_evening_until: int
    breakfast_ends: int
    changeover_minutes: int
    horizon_days: int
    hold: timedelta
    notice: timedelta

    def hours(self, fasting_hours: int) -> tuple[Span, ...]:
        """The minutes of the day at which an exam may start that asks for so long a fast."""
        after_breakfast = self.breakfast_ends + fasting_hours * 60
        if fasting_hours == 0 or after_breakfast <= self.fast_from_evening_until:
            return ((0, MINUTES_A_DAY),)
        morning = (0, self.fast_from_evening_until)
        return (morning, (after_breakfast, MINUTES_A_DAY)) if after_breakfast < MINUTES_A_DAY else (morning,)


@cache
def policy() -> Policy:
    """The policy of this release."""
    read = json.loads(FILE.read_text("utf-8"))
    return Policy(
        version=read["version"],
        fast_from_evening_until=_minutes(read["fast_from_evening_until"]),
        breakfast_ends=_minutes(read["breakfast_ends"]),
        changeover_minutes=read["changeover_minutes"],
        horizon_days=read["horizon_days"],
        hold=timedelta(minutes=read["hold_minutes"]),
        notice=timedelta(minutes=read["notice_minutes"]),
    )


def _minutes(clock_time: str) -> int:
    hours, minutes = clock_time.split(":")
    return int(hours) * 60 + int(minutes)
