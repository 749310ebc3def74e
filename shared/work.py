"""One unit of work: the rows that a handler changes and the events that say so, together or not at all.

Invariant: everything of one `Work` runs on one connection in one transaction. Nobody else touches the driver: hot and
batch SQL asks `sql()` for it, which first makes SQLAlchemy emit its BEGIN (an INSERT before that survives a rollback).
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from shared import outbox
from shared.envelope import Outgoing, seal
from shared.messages import Event


class Missing(LookupError):
    """Nothing has this id: `Missing("bed", bed_id)`. The edge answers 404."""


class Stale(RuntimeError):
    """Somebody changed it in between: `Stale("stay", stay_id)`. The edge runs the command once more, then says 409."""


@dataclass(slots=True)
class Work:
    """What a handler gets: the transaction, the instant it happens at, and a way to say what happened."""

    session: AsyncSession
    now: datetime
    said: list[Outgoing] = field(default_factory=list)
    driver: Any = None
    wrote_outbox: bool = False
    """A statement of a capability's own has written events; the relay is woken as after `publish`."""

    def publish(self, event: Event) -> None:
        """Say what happened; it leaves with the commit, in the order it was said, naming its cause."""
        self.said.append(seal(event, self.now))

    async def insert(self, row: SQLModel) -> str | None:
        """Write a row. Returns the name of the constraint that refused it, or None; the transaction goes on."""
        try:
            async with self.session.begin_nested():
                self.session.add(row)
        except IntegrityError as refusal:
            return constraint_name(refusal)
        return None

    async def sql(self) -> Any:  # noqa: ANN401 - asyncpg carries no types
        """The asyncpg connection, inside this transaction, with what the session holds already written."""
        await self.session.flush()
        if self.driver is None:
            connection = await self.session.connection()
            await connection.exec_driver_sql("SELECT 1")
            self.driver = (await connection.get_raw_connection()).driver_connection
        return self.driver

    async def write_outbox(self) -> None:
        """Write what was said. Called by the one who commits."""
        if self.said:
            await outbox.write(await self.sql(), self.said)


class Statements(Work):
    """A unit of work of SQL alone: it has no `session`. For a path on which opening one costs more than the rest."""

    __slots__ = ()

    def __init__(self, driver: Any, now: datetime) -> None:  # noqa: ANN401 - asyncpg carries no types
        self.driver = driver
        self.now = now
        self.said = []
        self.wrote_outbox = False

    async def sql(self) -> Any:  # noqa: ANN401
        """The asyncpg connection, inside this transaction."""
        return self.driver


def constraint_name(refusal: IntegrityError) -> str:
    """The constraint that asyncpg names; anything else is a fault of ours and goes on as it is."""
    name = getattr(getattr(refusal.orig, "__cause__", None), "constraint_name", None)
    if not isinstance(name, str):
        raise refusal
    return name
