"""Migrations: how a service's history is applied, and what every `migrations/env.py` calls.

Invariants: of several that migrate a database at once one does it; a database ahead of this code stays as it
is, so that a version can be taken back. Revisions are numbered (`0001`, `0002` …), so that a database can be
compared with the code by order. Only what migrates imports this: Alembic would cost every start a fifth of a second.
"""

import asyncio
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData, pool, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from shared.database import newest_version, version_of

TRY_LOCK = text("SELECT pg_try_advisory_lock(2829)")
TRY_AGAIN_SECONDS = 0.2


def migrate(migrations: Path, url: str) -> None:
    """Bring the database to the newest version of this code. Runs its own event loop: call it from no other."""
    command.upgrade(alembic_config(migrations, url), "head")


def alembic_config(migrations: Path, url: str) -> Config:
    """Alembic's settings for one service's history; nothing is read from an ini file."""
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.attributes["url"] = url
    return config


def run(metadata: MetaData) -> None:
    """Migrate the database whose URL the caller of Alembic has set."""
    url = context.config.attributes["url"]
    asyncio.run(_migrate(url, metadata))


async def _migrate(url: str, metadata: MetaData) -> None:
    engine = create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await _wait_for_turn(connection)
        ahead = await _is_ahead(connection)
        await connection.commit()  # Alembic opens a transaction for each migration by itself
        if not ahead:
            await connection.run_sync(_run_all, metadata)
        await connection.commit()
    await engine.dispose()


async def _wait_for_turn(connection: AsyncConnection) -> None:
    """Take the lock, which is held until the connection ends.

    Who waits asks again and again and keeps no transaction: an index that is built concurrently waits for all of them.
    """
    while not await connection.scalar(TRY_LOCK):
        await connection.commit()
        await asyncio.sleep(TRY_AGAIN_SECONDS)


async def _is_ahead(connection: AsyncConnection) -> bool:
    """Whether a later version of the code has migrated this database: Alembic would not know its revision."""
    migrations = Path(context.config.get_main_option("script_location") or "")
    return (await version_of(connection) or "") > newest_version(migrations)


def _run_all(connection: Connection, metadata: MetaData) -> None:
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
