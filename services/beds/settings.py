"""What the beds service is told beyond what every service is, and how its routes get at it."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from pydantic import AfterValidator, Field, FilePath

from services.beds.inventory import attributes
from services.beds.scoring import policy_file
from services.beds.scoring.model import Policies, Policy
from services.beds.scoring.policy_file import PolicyRejected
from shared.settings import Settings


def _policy_file(path: Path | None) -> Path | None:
    try:
        policies_in(path)
    except PolicyRejected as rejected:
        raise ValueError(f"is no bed policy ({rejected})") from None
    except OSError:
        raise ValueError("cannot be read; give a JSON file or a folder with some") from None
    return path


def _attribute_file(path: Path | None) -> Path | None:
    attributes.listed(path)
    return path


class BedsSettings(Settings):
    """How long a bed is kept, the numbers of the score, and how often a forecast is made."""

    reservation_hold_seconds: int = Field(
        default=4 * 3600,
        ge=60,
        le=7 * 86_400,
        description="give how long a reserved bed waits for its patient, 60 to 604800 seconds",
    )
    bed_policy: Annotated[Path | None, AfterValidator(_policy_file)] = Field(
        default=None,
        description="give a JSON file with changes to the default bed policy, or a folder of them, each with its "
        "version and valid_from; or leave it out",
    )
    bed_attributes: Annotated[FilePath | None, AfterValidator(_attribute_file)] = Field(
        default=None, description="give a JSON file with the attributes that rooms may have, or leave it out"
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


def policies_in(path: Path | None) -> Policies:
    """The policies of a file or of a folder's files, or the default one. Raises `PolicyRejected` and `OSError`."""
    if path is None:
        return policy_file.versions(())
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    return policy_file.versions(one.read_text(encoding="utf-8") for one in files)


def _policies(request: Request) -> Policies:
    policies: Policies = request.app.state.policies
    return policies


def _policy(request: Request) -> Policy:
    return _policies(request).at(request.app.state.database.clock.now())


def _known_attributes(request: Request) -> frozenset[str]:
    return attributes.listed(request.app.state.settings.bed_attributes)


def _hold(request: Request) -> timedelta:
    hold: timedelta = request.app.state.settings.hold
    return hold


EveryPolicy = Annotated[Policies, Depends(_policies)]
"""For a route's parameter: all versions of the bed policy."""

KnownAttributes = Annotated[frozenset[str], Depends(_known_attributes)]
"""For a route's parameter: the attributes that rooms may have."""

CurrentPolicy = Annotated[Policy, Depends(_policy)]
"""For a route's parameter: the bed policy in force."""

HoldTime = Annotated[timedelta, Depends(_hold)]
"""For a route's parameter: how long a reserved bed waits for its patient."""
