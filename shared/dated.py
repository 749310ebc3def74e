"""Numbers that people sign off, in dated versions: files beside the code, read and checked once.

Invariant: a version that is in use is never looked for by date again: whoever was decided about by it keeps its name.
"""

from collections.abc import Callable, Mapping
from datetime import date
from importlib.resources import files
from typing import Protocol, TypeVar

from pydantic import BaseModel, ConfigDict


class Dated(Protocol):
    """A version with its name and the day from which it counts."""

    @property
    def version(self) -> str:
        """Its name."""

    @property
    def valid_from(self) -> date:
        """The first day on which it counts."""


class Part(BaseModel):
    """A part of such a file: no unknown key."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class VersionInFile(Part):
    """What every such file says of itself: `source` is where its numbers come from, or that they are ours."""

    version: str
    valid_from: date
    source: str
    comment: str = ""


T = TypeVar("T", bound=Dated)


def shipped(package: str, read: Callable[[bytes], T]) -> dict[str, T]:
    """Every version in a package's folder `policies`, by name. Raises whatever `read` does for a file that is none."""
    documents = (one for one in files(package).joinpath("policies").iterdir() if one.name.endswith(".json"))
    versions = [read(one.read_bytes()) for one in sorted(documents, key=lambda one: one.name)]
    return {one.version: one for one in versions}


def in_force(versions: Mapping[str, T], day: date) -> T:
    """The version that counts on a day: the latest that is valid. Raises `ValueError` before the first of them."""
    return max((one for one in versions.values() if one.valid_from <= day), key=lambda one: one.valid_from)
