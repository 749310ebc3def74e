"""The base of followup's rows, and its metadata with the tables that every service has and the database's triggers."""

from sqlalchemy import MetaData
from sqlmodel import SQLModel

from services.followup.guards import guard
from shared.tables import NAMING, machinery


class Row(SQLModel):
    """A row of followup's own database."""

    metadata = MetaData(naming_convention=NAMING)


machinery(Row.metadata)
guard(Row.metadata)
