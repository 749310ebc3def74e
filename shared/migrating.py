"""What every service's `migrations/env.py` calls: run the history on a real connection, in one transaction each.

Revisions are numbered (`0001`, `0002` …), so that a database can be compared with the code by order.
"""

import asyncio

from alembic import context
from sqlalchemy import Connection, MetaData, pool
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine


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
