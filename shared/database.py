"""A service's database: its engine, the one way to open a unit of work, and the check of its schema at start.

Invariant: a transaction commits its rows, its outbox and its inbox together; nothing is sent while it is open.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.clock import Clock
from shared.work import Work

SESSION = {
    "timezone": "UTC",
    "jit": "off",
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "30s",
}


class SchemaBehind(RuntimeError):
    """The database is not at the version this code was written for."""


def engine_for(url: str, pool_size: int) -> AsyncEngine:
    """An engine for `postgresql://user:password@host/db`; connects when first used."""
    return create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=False,
        connect_args={"server_settings": SESSION},
    )


class Database:
    """One service's database. `on_commit` is called after each commit that wrote events."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self.engine = engine
        self.clock = clock
        self.on_commit: Callable[[], None] = _nothing

    @asynccontextmanager
    async def work(self) -> AsyncIterator[Work]:
        """Open a transaction; on a clean exit write the events to the outbox and commit, otherwise leave nothing."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            async with session.begin():
                work = Work(session, self.clock.now())
                yield work
                await work.write_outbox()
            if work.said or work.wrote_outbox:
                self.on_commit()

    async def driver(self) -> Any:  # noqa: ANN401 - asyncpg carries no types
        """A connection of its own, outside the pool, for advisory locks and LISTEN."""
        _, arguments = self.engine.dialect.create_connect_args(self.engine.url)
        return await asyncpg.connect(**arguments, server_settings={"timezone": "UTC"})

    async def close(self) -> None:
        """Give back every connection."""
        await self.engine.dispose()


def migrate(migrations: Path, url: str) -> None:
    """Bring the database to the newest version of this code. Runs its own event loop: call it from no other."""
    command.upgrade(alembic_config(migrations, url), "head")


def alembic_config(migrations: Path, url: str) -> Config:
    """Alembic's settings for one service's history; nothing is read from an ini file."""
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.attributes["url"] = url
    return config


async def check_schema(engine: AsyncEngine, migrations: Path) -> None:
    """Raise `SchemaBehind` unless the database is at this code's newest version, or a later one."""
    newest = await asyncio.to_thread(_newest, migrations)
    async with engine.connect() as connection:
        current = await connection.run_sync(_current)
    if current is None or current < newest:
        raise SchemaBehind(f"the database is at version {current}, this code needs {newest}: run `migrate` first")


def _newest(migrations: Path) -> str:
    head = ScriptDirectory(str(migrations)).get_current_head()
    if head is None:
        raise SchemaBehind(f"{migrations} holds no migration")
    return head


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _nothing() -> None:
    """Nobody waits for events of this database."""
