"""The promises of the alliance, read from `policy.json` and checked."""

from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

from services.registration.quota.model import Policy, Urgency


class PolicyInFile(BaseModel, extra="forbid"):
    """The file."""

    version: str
    source: str
    promise_hours: dict[Urgency, Annotated[int, Field(ge=1, le=2400)]] = Field(min_length=len(Urgency))
    release_hours_before: int = Field(ge=1, le=240)

    @model_validator(mode="after")
    def _kept_long_enough(self) -> Self:
        if self.release_hours_before >= min(self.promise_hours.values()):
            raise ValueError("release_hours_before is less than every promise, or the most urgent would find nothing")
        return self


def parse(text: str) -> Policy:
    """The policy of a file. Raises `ValueError` that names what is wrong."""
    told = PolicyInFile.model_validate_json(text)
    return Policy(
        version=told.version,
        promises={urgency: timedelta(hours=hours) for urgency, hours in told.promise_hours.items()},
        release_before=timedelta(hours=told.release_hours_before),
    )


@cache
def shipped() -> Policy:
    """The policy that comes with the code."""
    return parse(files("services.registration.quota").joinpath("policy.json").read_text(encoding="utf-8"))
