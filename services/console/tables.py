"""The base of the console's rows, and its metadata with the tables that every service has."""

from sqlalchemy import MetaData
from sqlmodel import SQLModel

from shared.tables import NAMING, machinery


class Row(SQLModel):
    """A row of the console's own database."""

    metadata = MetaData(naming_convention=NAMING)


machinery(Row.metadata)
