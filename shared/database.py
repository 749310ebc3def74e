"""A service's database: its engine, the one way to open a unit of work, and the check of its schema at start.

Invariant: a transaction commits its rows, its outbox and its inbox together; nothing is sent while it is open.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.clock import Clock
from shared.work import NOBODY, Hearers, Stale, Work

DRIVER_FAULTS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What asyncpg raises when a statement fails or the server is away; the last where a connection is lost between two
messages ("cannot switch to state 12; another operation (2) is in progress")."""
FAULTS = (*DRIVER_FAULTS, DBAPIError, PoolTimeoutError)
"""The same, and what SQLAlchemy makes of it."""

SESSION = {
    "timezone": "UTC",
    "jit": "off",
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "30s",
}
LOOKUPS = SESSION | {"enable_seqscan": "off", "plan_cache_mode": "force_generic_plan"}
"""For statements that find every row by an index: a plan made while a table was empty, and kept, must not be one that
reads all of it, and one plan does for every length of a list."""


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
    """One service's database. `on_commit` is called after each commit that wrote events.

    `at_once` is who hears an event within the transaction that says it.
    """

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self.engine = engine
        self.clock = clock
        self.on_commit: Callable[[], None] = _nothing
        self.at_once: Hearers = NOBODY

    @asynccontextmanager
    async def work(self) -> AsyncIterator[Work]:
        """Open a transaction; on a clean exit write the events to the outbox and commit, otherwise leave nothing.

        Of two that wait for each other the server ends one, which is then `Stale`: it may be run again.
        """
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            try:
                async with session.begin():
                    work = Work(session, self.clock.now(), at_once=self.at_once)
                    yield work
                    await work.react()
                    await work.write_outbox()
            except (DBAPIError, asyncpg.DeadlockDetectedError) as fault:
                if is_deadlock(fault):
                    raise Stale("transaction", "deadlock") from fault
                raise
            if work.said or work.wrote_outbox:
                self.on_commit()

    async def driver(self, **settings: str) -> Any:  # noqa: ANN401 - asyncpg carries no types
        """A connection of its own, outside the pool: for advisory locks, LISTEN, or settings of its own."""
        _, arguments = self.engine.dialect.create_connect_args(self.engine.url)
        return await asyncpg.connect(**arguments, server_settings={"timezone": "UTC", **settings})

    async def close(self) -> None:
        """Give back every connection."""
        await self.engine.dispose()


class Autocommit:
    """A connection of its own on which each statement is a transaction in one round trip, found by indexes (`LOOKUPS`).

    It connects when first used, and anew when it was lost. One statement at a time.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._driver: Any = None

    async def fetch(self, statement: str, *values: Any) -> list[Any]:  # noqa: ANN401 - asyncpg carries no types
        """Run a statement; what it returned is committed. What it raises may have taken effect if it is an outage."""
        rows: list[Any] = await self._run("fetch", statement, *values)
        return rows

    async def execute(self, statement: str, *values: Any) -> str:  # noqa: ANN401
        """The same for a statement without rows: its command tag."""
        tag: str = await self._run("execute", statement, *values)
        return tag

    async def close(self) -> None:
        """Give the connection back, also where the server does not answer any more."""
        if self._driver is not None:
            with suppress(*DRIVER_FAULTS):
                await self._driver.close(timeout=1)

    async def _run(self, method: str, statement: str, *values: Any) -> Any:  # noqa: ANN401
        if self._driver is None or self._driver.is_closed():
            self._driver = await self._database.driver(**LOOKUPS)
        try:
            return await getattr(self._driver, method)(statement, *values)
        except asyncpg.PostgresError:
            raise
        except BaseException:
            self._driver.terminate()
            raise


async def check_schema(engine: AsyncEngine, migrations: Path) -> None:
    """Raise `SchemaBehind` unless the database is at this code's newest version, or a later one."""
    newest = newest_version(migrations)
    async with engine.connect() as connection:
        current = await version_of(connection)
    if current is None or current < newest:
        raise SchemaBehind(f"the database is at version {current}, this code needs {newest}: run `migrate` first")


def newest_version(migrations: Path) -> str:
    """The version that this code was written for; empty where there is no migration."""
    return max((file.stem for file in (migrations / "versions").glob("[0-9]*.py")), default="")


async def version_of(connection: AsyncConnection) -> str | None:
    """The version that the migrations have written down; None for a database that they have never seen."""
    known = await connection.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL"))
    return await connection.scalar(text("SELECT max(version_num) FROM alembic_version")) if known else None


def is_deadlock(fault: Exception) -> bool:
    """Whether the server has ended a transaction because it and another one waited for each other."""
    cause = getattr(fault, "orig", None) or fault
    return bool(getattr(cause, "sqlstate", None) == asyncpg.DeadlockDetectedError.sqlstate)


def _nothing() -> None:
    """Nobody waits for events of this database."""
