"""The base of registration's rows, and its metadata with the tables that every service has."""

from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import MetaData
from sqlmodel import SQLModel

from shared.tables import NAMING, machinery


class Row(SQLModel):
    """A row of registration's own database."""

    metadata = MetaData(naming_convention=NAMING)


machinery(Row.metadata)


def words(of: Iterable[StrEnum]) -> str:
    """The words of an enumeration, or some of them, as SQL for a CHECK or a condition."""
    return ", ".join(f"'{word}'" for word in of)
