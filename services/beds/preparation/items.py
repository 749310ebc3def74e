"""The edge where the list of preparation items comes in: the versioned files in `policies/`.

Invariant: what leaves here has been checked whole; no two items have one code. A request keeps its list's version.
"""

from datetime import date
from functools import cache
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from services.beds.preparation.model import Consent, Item, Items, Who
from services.beds.preparation.model import When as Moment
from shared import dated
from shared.dated import Part, VersionInFile

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class Title(Part):
    """What people read."""

    zh: Words
    en: Words


class ItemInFile(Part):
    """An item as its file has it."""

    code: Code
    title: Title
    done_by: tuple[Who, ...] = Field(min_length=1)
    when: Moment
    mandatory_for: frozenset[Code]
    consent: Consent | None = None


class ItemsInFile(VersionInFile):
    """A list of items as its file has it."""

    items: tuple[ItemInFile, ...]

    @model_validator(mode="after")
    def no_code_twice(self) -> Self:
        """Refuse a list in which a code stands twice."""
        if len({item.code for item in self.items}) < len(self.items):
            raise ValueError("names a code twice; give each item a code of its own")
        return self


@cache
def shipped() -> dict[str, Items]:
    """Every version that comes with the service. Raises `ValidationError` for a file that is none."""
    return dated.shipped("services.beds.preparation", read)


def on(day: date) -> Items:
    """The list that counts on a day: the latest that is valid."""
    return dated.in_force(shipped(), day)


def read(document: bytes) -> Items:
    """A file as the rules see it."""
    told = ItemsInFile.model_validate_json(document)
    return Items(
        version=told.version,
        valid_from=told.valid_from,
        items=tuple(
            Item(
                code=one.code,
                zh=one.title.zh,
                en=one.title.en,
                done_by=frozenset(one.done_by),
                when=one.when,
                mandatory_for=one.mandatory_for,
                consent=one.consent,
            )
            for one in told.items
        ),
    )
