"""The base of the simulator's rows, and its metadata with the tables that every service has."""

from sqlalchemy import MetaData
from sqlmodel import SQLModel

from shared.tables import NAMING, machinery


class Row(SQLModel):
    """A row of the simulator's own database."""

    metadata = MetaData(naming_convention=NAMING)


machinery(Row.metadata)
