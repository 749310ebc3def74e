"""The edge where the limits of the emergency room come in: the versioned files in `policies/`.

Invariant: what leaves here has been checked whole: each room warns before its limit.
"""

from datetime import date, timedelta
from functools import cache
from typing import Annotated, Self

from pydantic import Field, model_validator

from services.beds.emergency.model import Limit, Policy, Room
from shared import dated
from shared.dated import Part, VersionInFile

Minutes = Annotated[int, Field(ge=1, le=14 * 24 * 60)]
Triage = Annotated[int, Field(ge=1, le=4)]
Beds = Annotated[int, Field(ge=0, le=1000)]


class LimitInFile(Part):
    """A room as its file has it."""

    triage: frozenset[Triage]
    limit_minutes: Minutes
    warn_minutes: Minutes

    @model_validator(mode="after")
    def warns_in_time(self) -> Self:
        """Refuse a warning that would come before the beginning."""
        if self.warn_minutes >= self.limit_minutes:
            raise ValueError("warns before the clock starts; give warn_minutes below limit_minutes")
        return self


class PolicyInFile(VersionInFile):
    """A policy as its file has it."""

    rooms: dict[Room, LimitInFile] = Field(min_length=len(Room))
    held_beds_a_campus: Beds
    held_beds_by_campus: dict[str, Beds]


@cache
def shipped() -> dict[str, Policy]:
    """Every version that comes with the service. Raises `ValidationError` for a file that is none."""
    return dated.shipped("services.beds.emergency", read)


def on(day: date) -> Policy:
    """The version that counts on a day: the latest that is valid."""
    return dated.in_force(shipped(), day)


def read(document: bytes) -> Policy:
    """A file as the rules see it."""
    told = PolicyInFile.model_validate_json(document)
    return Policy(
        version=told.version,
        valid_from=told.valid_from,
        limits={
            room: Limit(
                triage=one.triage,
                longest=timedelta(minutes=one.limit_minutes),
                warn=timedelta(minutes=one.warn_minutes),
            )
            for room, one in told.rooms.items()
        },
        held_beds_a_campus=told.held_beds_a_campus,
        held_beds_by_campus=told.held_beds_by_campus,
    )
