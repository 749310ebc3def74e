"""The rules of time in a recording: stays out of encounters, bed days, the moment of death, the day of booking.

They are the rules by which the report's figures are checked; `README.md` beside this file states them in full.
Invariant: everything is UTC but the hospital's own day, which is Asia/Shanghai's.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.simulator.reading.model import Charge, Encounter, Patient, Stay

HOSPITAL_ZONE: Final = ZoneInfo("Asia/Shanghai")
BOOKED_AHEAD: Final = timedelta(days=14)
ONE_DAY: Final = timedelta(days=1)


def merged(encounters: Iterable[Encounter]) -> Iterator[tuple[Encounter, ...]]:
    """One patient's inpatient and emergency encounters, those that overlap taken together.

    Two belong together when one starts before the other's end; an encounter that starts at that very end does not.
    """
    together: list[Encounter] = []
    for encounter in sorted(encounters, key=in_order):
        if not together:
            ends_at = encounter.stopped_at
        elif encounter.started_at < ends_at:
            ends_at = max(ends_at, encounter.stopped_at)
        else:
            yield tuple(together)
            together, ends_at = [], encounter.stopped_at
        together.append(encounter)
    if together:
        yield tuple(together)


def in_order(encounter: Encounter) -> tuple[datetime, int]:
    """The key of a recording's order: by start, then by row."""
    return encounter.started_at, encounter.line


def in_posting_order(charge: Charge) -> tuple[datetime, int]:
    """The key of the order of a stay's charges: by the instant of posting, then by row."""
    return charge.posted_at, charge.line


def inside(moment: datetime, started_at: datetime, ended_at: datetime) -> datetime:
    """The moment, brought inside the stay: min(max(moment, start), end)."""
    return min(max(moment, started_at), ended_at)


def death(died_on: date, stays: Sequence[Stay]) -> datetime:
    """The instant of death of a patient with these stays.

    The end of the last stay open at any moment of that UTC day; without one, the day's 24:00 UTC.
    """
    day_begins = midnight(died_on)
    day_ends = day_begins + ONE_DAY
    open_that_day = (stay.ended_at for stay in stays if stay.started_at < day_ends and stay.ended_at > day_begins)
    return max(open_that_day, default=day_ends)


def booked_at(patient: Patient, visit: Encounter) -> datetime:
    """When the visit is booked: 14 days before it, or at the patient's first day if that is later."""
    return max(visit.started_at - BOOKED_AHEAD, midnight(patient.born_on))


def hospital_day(moment: datetime) -> date:
    """The day it is in the hospital at that moment; a stay's settlement bears the one of its end."""
    return moment.astimezone(HOSPITAL_ZONE).date()


def bed_days(stay: Stay) -> int:
    """Midnights crossed in the hospital's zone, at least one."""
    return max(1, (hospital_day(stay.ended_at) - hospital_day(stay.started_at)).days)


def years_between(born_on: date, on: date) -> int:
    """The age in whole years of somebody born on that day, on another; 0 before birth."""
    had_birthday = (on.month, on.day) >= (born_on.month, born_on.day)
    return max(0, on.year - born_on.year - (not had_birthday))


def midnight(on: date) -> datetime:
    """The first instant of a UTC day."""
    return datetime.combine(on, time.min, tzinfo=UTC)
