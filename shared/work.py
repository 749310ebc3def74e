"""One unit of work: the rows that a handler changes and the events that say so, together or not at all.

Some events are heard at once: by capabilities of the same service that stand above the one that speaks, within the same
transaction. What they do commits with what they heard of, or neither does.

Invariant: everything of one `Work` runs on one connection in one transaction. Nobody else touches the driver: hot and
batch SQL asks `sql()` for it, which first makes SQLAlchemy emit its BEGIN (an INSERT before that survives a rollback).
"""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from shared import outbox
from shared.envelope import Origin, Outgoing, caused_by, seal, unseal
from shared.messages import Event


class Missing(LookupError):
    """Nothing has this id: `Missing("bed", bed_id)`. The edge answers 404."""


class Stale(RuntimeError):
    """Somebody changed it in between: `Stale("stay", stay_id)`. The edge runs the command once more, then says 409."""


Hearers = Mapping[type[Event], Callable[[Any, "Work"], Awaitable[None]]]
"""Event type → who hears it within the transaction that says it."""

NOBODY: Final[Hearers] = {}


@dataclass(slots=True)
class Work:
    """What a handler gets: the transaction, the instant it happens at, and a way to say what happened."""

    session: AsyncSession
    now: datetime
    said: list[Outgoing] = field(default_factory=list)
    driver: Any = None
    wrote_outbox: bool = False
    """A statement of a capability's own has written events; the relay is woken as after `publish`."""
    at_once: Hearers = field(default_factory=dict)
    unheard: deque[tuple[Event, Outgoing]] = field(default_factory=deque)

    def publish(self, event: Event, cause: Origin | None = None) -> None:
        """Say what happened; it leaves with the commit, in the order it was said. No `cause` is what is under way."""
        sealed = seal(event, self.now, cause)
        self.said.append(sealed)
        if type(event) in self.at_once:
            self.unheard.append((event, sealed))

    async def react(self) -> None:
        """Let those hear what was said who hear it at once, and what comes of that. Called by the one who commits."""
        while self.unheard:
            event, cause = self.unheard.popleft()
            with caused_by(unseal(cause.headers).origin):
                await self.at_once[type(event)](event, self)

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


def constraint_name(refusal: IntegrityError) -> str:
    """The constraint that asyncpg names; anything else is a fault of ours and goes on as it is."""
    name = getattr(getattr(refusal.orig, "__cause__", None), "constraint_name", None)
    if not isinstance(name, str):
        raise refusal
    return name
