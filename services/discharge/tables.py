"""The base of discharge's rows, and its metadata with the tables that every service has and the database's guards."""

from sqlalchemy import MetaData
from sqlmodel import SQLModel

from services.discharge.guards import guard
from shared.tables import NAMING, machinery


class Row(SQLModel):
    """A row of discharge's own database."""

    metadata = MetaData(naming_convention=NAMING)


machinery(Row.metadata)
guard(Row.metadata)
