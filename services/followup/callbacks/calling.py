"""The clock of call-backs: when a call comes up, and from when on it is late.

Invariants: a call comes up, and is late, at an instant at which patients are called, never in quiet hours; it comes up
before it is late, and is late within the policy's hours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """What becomes of a call that nobody answers."""

    again_after: timedelta
    later_after: timedelta
    unreachable_after: int
    on_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When patients are called, in one dated version. `every_days` by admission class."""

    version: str
    valid_from: date
    zone: ZoneInfo
    calls_from: time
    calls_until: time
    first_after: timedelta
    first_within: timedelta
    then_at: time
    then_within: timedelta
    every_days: Mapping[str, int]
    otherwise_every_days: int
    attempts: Attempts


def first_due(queued_at: datetime, policy: Policy) -> datetime:
    """When the first call comes up."""
    return calling_from(queued_at + policy.first_after, policy)


def due_after(due_at: datetime, admission_class: str | None, policy: Policy) -> datetime:
    """When the next call comes up: a clock time on a local day, whatever daylight saving does."""
    days = policy.every_days.get(admission_class or "", policy.otherwise_every_days)
    on = due_at.astimezone(policy.zone).date() + days * DAY
    return calling_from(_instant(on, policy.then_at, policy), policy)


def late_after(due_at: datetime, occurrence: int, queued_at: datetime, policy: Policy) -> datetime:
    """From when on the call is late. The first one's hours run from the queueing."""
    until = queued_at + policy.first_within if occurrence == 1 else due_at + policy.then_within
    return max(due_at, calling_until(until, policy))


def calling_from(at: datetime, policy: Policy) -> datetime:
    """The first instant from `at` on at which patients are called."""
    local = at.astimezone(policy.zone)
    if local.time() < policy.calls_from:
        return _instant(local.date(), policy.calls_from, policy)
    if local.time() > policy.calls_until:
        return _instant(local.date() + DAY, policy.calls_from, policy)
    return at


def calling_until(at: datetime, policy: Policy) -> datetime:
    """The last instant up to `at` at which patients are called."""
    local = at.astimezone(policy.zone)
    if local.time() < policy.calls_from:
        return _instant(local.date() - DAY, policy.calls_until, policy)
    if local.time() > policy.calls_until:
        return _instant(local.date(), policy.calls_until, policy)
    return at


def _instant(on: date, at: time, policy: Policy) -> datetime:
    return datetime.combine(on, at, policy.zone).astimezone(UTC)
