"""What the beds service is told beyond what every service is, and how its routes get at it."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from pydantic import AfterValidator, Field, FilePath

from services.beds.scoring import policy_file
from services.beds.scoring.model import Policy
from services.beds.scoring.policy_file import PolicyRejected
from shared.settings import Settings


def _policy_file(path: Path | None) -> Path | None:
    try:
        policy_in(path)
    except PolicyRejected as rejected:
        raise ValueError(f"is no bed policy ({rejected})") from None
    return path


class BedsSettings(Settings):
    """How long a bed is kept, the numbers of the score, and how often a forecast is made."""

    reservation_hold_seconds: int = Field(
        default=4 * 3600,
        ge=60,
        le=7 * 86_400,
        description="give how long a reserved bed waits for its patient, 60 to 604800 seconds",
    )
    bed_policy: Annotated[FilePath | None, AfterValidator(_policy_file)] = Field(
        default=None, description="give a JSON file with changes to the default bed policy, or leave it out"
    )

    forecast_every_hours: int = Field(
        default=6, ge=0, le=168, description="give how often a forecast is made, 0 to 168 hours; 0 makes none"
    )

    @property
    def forecast_every(self) -> timedelta:
        """How long after a forecast the next is made; no time at all where none is."""
        return timedelta(hours=self.forecast_every_hours)

    @property
    def hold(self) -> timedelta:
        """How long a reserved bed waits for its patient."""
        return timedelta(seconds=self.reservation_hold_seconds)


def policy_in(path: Path | None) -> Policy:
    """The policy of a file, or the default one. Raises `PolicyRejected`."""
    return policy_file.default() if path is None else policy_file.parse(path.read_text(encoding="utf-8"))


def _policy(request: Request) -> Policy:
    policy: Policy = request.app.state.policy
    return policy


def _hold(request: Request) -> timedelta:
    hold: timedelta = request.app.state.settings.hold
    return hold


CurrentPolicy = Annotated[Policy, Depends(_policy)]
"""For a route's parameter: the bed policy in force."""

HoldTime = Annotated[timedelta, Depends(_hold)]
"""For a route's parameter: how long a reserved bed waits for its patient."""
