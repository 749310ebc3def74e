"""Migrations: how a service's history is applied, and what every `migrations/env.py` calls.

Revisions are numbered (`0001`, `0002` …), so that a database can be compared with the code by order. Only what migrates
imports this: Alembic would cost every start of a service a fifth of a second.
"""

import asyncio
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData, pool
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine


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
        await connection.run_sync(_run_all, metadata)
        await connection.commit()
    await engine.dispose()


def _run_all(connection: Connection, metadata: MetaData) -> None:
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
