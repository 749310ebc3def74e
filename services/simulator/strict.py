"""The shape of a file of the simulator's own: no key that nobody reads."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A shape without unknown keys, which does not change once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)
