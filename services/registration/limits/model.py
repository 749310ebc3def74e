"""The limits of a patient's bookings, as data with a version, and the cooling-off that follows from no-shows (爽约).

They bind whoever asks for a place. What the hospital gives out itself (follow-up, applications, referrals, the
waitlist, another place after a cut) is neither counted nor refused; who cools off does not join the waitlist.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """At most `future_bookings` held or booked at a time.

    Who has missed `missed` visits within `within_days` does not book for `cooling_off_days`.
    """

    version: str
    future_bookings: int
    missed: int
    within_days: int
    cooling_off_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CoolingOff:
    """The patient does not book until then, after so many no-shows, by that version of the limits."""

    patient_id: UUID
    until: datetime
    missed: int
    limits_version: str


def counted_since(limits: Limits, now: datetime) -> datetime:
    """From when on no-shows count."""
    return now - timedelta(days=limits.within_days)


def cooling_off(limits: Limits, patient_id: UUID, missed: int, now: datetime) -> CoolingOff | None:
    """What follows from a no-show, `missed` of which count by now."""
    if missed < limits.missed:
        return None
    until = now + timedelta(days=limits.cooling_off_days)
    return CoolingOff(patient_id=patient_id, until=until, missed=missed, limits_version=limits.version)
