"""The edge where the time to decide comes in: the versioned files in `policies/`."""

from datetime import date, timedelta
from functools import cache

from pydantic import Field

from services.registration.applications.model import Need
from shared import dated


class Policy(dated.VersionInFile):
    """By when a clinician is to have decided, from the submission on, by need."""

    decide_hours: dict[Need, int] = Field(min_length=len(Need))

    def within(self, need: Need) -> timedelta:
        """The time to decide an application with this need."""
        return timedelta(hours=self.decide_hours[need])


@cache
def shipped() -> dict[str, Policy]:
    """Every version that comes with the code."""
    return dated.shipped("services.registration.applications", Policy.model_validate_json)


def in_force(day: date) -> Policy:
    """The version that counts on a day."""
    return dated.in_force(shipped(), day)
