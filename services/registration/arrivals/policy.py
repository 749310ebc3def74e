"""The edge where the policy of checking in comes in: `policy.json` beside this file.

Invariant: a policy that leaves here says for every source when check-in opens.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from importlib.resources import files
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from services.registration.arrivals.model import Source

Minutes = Annotated[int, Field(ge=0, le=1440)]


class OpensInFile(BaseModel):
    """How many minutes before the slot each source opens."""

    model_config = ConfigDict(extra="forbid", strict=True)

    desk: Minutes
    kiosk: Minutes
    phone: Minutes


class PolicyInFile(BaseModel):
    """The file: its version and where its numbers come from, then the numbers."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: str = Field(min_length=1, max_length=40)
    source: str = Field(min_length=1)
    opens_minutes: OpensInFile


def opens_of(content: Any) -> Mapping[Source, timedelta]:  # noqa: ANN401 - any JSON, before it is checked
    """How long before the slot each source opens. Raises pydantic's `ValidationError`."""
    opens = PolicyInFile.model_validate(content).opens_minutes
    return {source: timedelta(minutes=getattr(opens, source)) for source in Source}


OPENS: Final = opens_of(json.loads(files(__package__).joinpath("policy.json").read_text("utf-8")))
