"""The edge where the queue's policy comes in: `policy.json` beside this file.

Invariant: a policy that leaves here divides by nothing that is zero.
"""

import json
from datetime import timedelta
from importlib.resources import files
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from services.registration.queue.model import Policy
from services.registration.queue.pace import Statistics

Few = Annotated[int, Field(ge=1, le=100)]
Ratio = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]


class PaceInFile(BaseModel):
    """How the wait is estimated; see `pace`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    last: Few
    prior_weight: Few
    prior_spread: Ratio
    longest: Ratio
    z: Ratio


class PolicyInFile(BaseModel):
    """The file: its version and where its numbers come from, then the numbers."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: str = Field(min_length=1, max_length=40)
    source: str = Field(min_length=1)
    target_wait_minutes: int = Field(ge=1, le=1440)
    late_after_minutes: int = Field(ge=0, le=1440)
    skipped_behind: Few
    returning_behind: Few
    pace: PaceInFile


def policy_of(content: Any) -> Policy:  # noqa: ANN401 - any JSON, before it is checked
    """The policy in a file's content. Raises pydantic's `ValidationError`, which names field and reason."""
    given = PolicyInFile.model_validate(content)
    return Policy(
        version=given.version,
        target_wait=timedelta(minutes=given.target_wait_minutes),
        late_after=timedelta(minutes=given.late_after_minutes),
        skipped_behind=given.skipped_behind,
        returning_behind=given.returning_behind,
        statistics=Statistics(**dict(given.pace)),
    )


POLICY = policy_of(json.loads(files(__package__).joinpath("policy.json").read_text("utf-8")))
