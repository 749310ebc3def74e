"""The edge where the policy of call-backs comes in: the versioned files in `policies/`.

Invariant: what leaves here has been checked whole. A schedule keeps the version that it was opened with.
"""

from datetime import date, time, timedelta
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from services.followup.callbacks.calling import Attempts, Policy
from shared import dated
from shared.dated import Part, VersionInFile

Hours = Annotated[int, Field(ge=1, le=24 * 14)]
Days = Annotated[int, Field(ge=1, le=366)]
Times = Annotated[int, Field(ge=1, le=20)]


class Calls(Part):
    """Between which local times patients are called; quiet hours are the rest."""

    from_: time = Field(alias="from")
    until: time


class First(Part):
    """When the first call comes up after the request has been queued, and by when it is to be made."""

    after_hours: Hours
    within_hours: Hours


class Then(Part):
    """When the following calls come up: a local time, days after the one before."""

    at: time
    within_hours: Hours
    every_days: dict[str, Days]
    otherwise_every_days: Days


class Trying(Part):
    """What becomes of a call that nobody answers."""

    again_after_hours: Hours
    later_after_hours: Hours
    unreachable_after: Times
    on_days: Times


class PolicyInFile(VersionInFile):
    """A policy as its file has it."""

    zone: str
    calls: Calls
    first: First
    then: Then
    attempts: Trying


@cache
def shipped() -> dict[str, Policy]:
    """Every version that comes with the service. Raises `ValidationError` for a file that is none."""
    return dated.shipped("services.followup.callbacks", read)


def on(day: date) -> Policy:
    """The version that counts for a request queued on a day: the latest that is valid."""
    return dated.in_force(shipped(), day)


def read(document: bytes) -> Policy:
    """A file as the rules see it."""
    told = PolicyInFile.model_validate_json(document)
    return Policy(
        version=told.version,
        valid_from=told.valid_from,
        zone=ZoneInfo(told.zone),
        calls_from=told.calls.from_,
        calls_until=told.calls.until,
        first_after=timedelta(hours=told.first.after_hours),
        first_within=timedelta(hours=told.first.within_hours),
        then_at=told.then.at,
        then_within=timedelta(hours=told.then.within_hours),
        every_days=told.then.every_days,
        otherwise_every_days=told.then.otherwise_every_days,
        attempts=Attempts(
            again_after=timedelta(hours=told.attempts.again_after_hours),
            later_after=timedelta(hours=told.attempts.later_after_hours),
            unreachable_after=told.attempts.unreachable_after,
            on_days=told.attempts.on_days,
        ),
    )
