"""The edge where the waitlist's policy comes in: `policy.json` beside this file.

Invariant: no step lets an offer last longer than what is left until the cut-off, so no offer ever outlives it.
"""

import json
from datetime import timedelta
from importlib.resources import files
from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.registration.waitlist.model import Policy, Step

Minutes = Annotated[int, Field(gt=0, le=100_000)]


class StepInFile(BaseModel):
    """With at least so many minutes left until the cut-off, an offer lasts so many."""

    model_config = ConfigDict(extra="forbid", strict=True)

    left_minutes: Minutes
    lasts_minutes: Minutes


class PolicyInFile(BaseModel):
    """The file: its version and where its numbers come from, then the numbers."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: str = Field(min_length=1, max_length=40)
    source: str = Field(min_length=1)
    cut_off_minutes: int = Field(ge=0, le=100_000)
    most_days: int = Field(ge=1, le=366)
    offers: list[StepInFile] = Field(min_length=1)

    @model_validator(mode="after")
    def _steps(self) -> Self:
        if any(step.lasts_minutes > step.left_minutes for step in self.offers):
            raise ValueError("offers: let no step last longer than what is left")
        if any(earlier.left_minutes <= later.left_minutes for earlier, later in pairwise(self.offers)):
            raise ValueError("offers: order the steps from most time left to least")
        return self


def policy_of(content: Any) -> Policy:  # noqa: ANN401 - any JSON, before it is checked
    """The policy in a file's content. Raises pydantic's `ValidationError`, which names field and reason."""
    given = PolicyInFile.model_validate(content)
    return Policy(
        version=given.version,
        cut_off=timedelta(minutes=given.cut_off_minutes),
        most_days=given.most_days,
        steps=tuple(
            Step(left=timedelta(minutes=step.left_minutes), lasts=timedelta(minutes=step.lasts_minutes))
            for step in given.offers
        ),
    )


POLICY = policy_of(json.loads(files(__package__).joinpath("policy.json").read_text("utf-8")))
