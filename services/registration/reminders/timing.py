"""When a reminder is sent: its rungs before the visit, and the hours in which nobody is written to.

Invariant: no instant that `aloud` gives lies in the quiet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """How long before the visit: days on its place's calendar, or hours."""

    code: str
    days: int = 0
    hours: int = 0

    def before(self, starts_at: datetime, zone: ZoneInfo) -> datetime:
        """The instant. Days keep the clock's time, also where the zone changes its offset in between."""
        day = starts_at.astimezone(zone) - timedelta(days=self.days)
        return day.astimezone(UTC) - timedelta(hours=self.hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """No message from `begin` to `end`, on the campus's clock; it may go over midnight."""

    begin: time
    end: time

    def ends_at(self, at: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet that `at` lies in is over; None outside of it."""
        local = at.astimezone(zone)
        if not self._holds(local.time()):
            return None
        day = local.date() + timedelta(days=self.begin > self.end and local.time() >= self.begin)
        return datetime.combine(day, self.end, zone).astimezone(UTC)

    def began_at(self, ends_at: datetime, zone: ZoneInfo) -> datetime:
        """When the quiet that ends then began."""
        day = ends_at.astimezone(zone).date() - timedelta(days=self.begin > self.end)
        return datetime.combine(day, self.begin, zone).astimezone(UTC)

    def _holds(self, at: time) -> bool:
        if self.begin <= self.end:
            return self.begin <= at < self.end
        return at >= self.begin or at < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When, how often, and how long before the visit a reminder must be there to be of use."""

    version: str
    rungs: tuple[Rung, ...]
    quiet: Quiet
    spare: timedelta
    retries: tuple[timedelta, ...]


def in_order(rungs: Sequence[Rung]) -> bool:
    """Whether each rung is nearer to the visit than the one before."""
    leads = [timedelta(days=rung.days, hours=rung.hours) for rung in rungs]
    return all(earlier > later for earlier, later in pairwise([*leads, timedelta()]))


def aloud(rung: Rung, starts_at: datetime, zone: ZoneInfo, policy: Policy) -> datetime:
    """When to send it: at its time; else at the end of the quiet; else, where that is too late, just before it."""
    at = rung.before(starts_at, zone)
    quiet_until = policy.quiet.ends_at(at, zone)
    if quiet_until is None:
        return at
    if quiet_until + policy.spare <= starts_at:
        return quiet_until
    return policy.quiet.began_at(quiet_until, zone) - policy.spare
