"""A unit of work of SQL alone keeps every promise of one with a session."""

import asyncpg
import pytest
from sqlalchemy import text

from shared.ids import new_id
from tests.support.delivery import METADATA, death

INSERT = "INSERT INTO heard (patient_id, version) VALUES ($1, 1)"


@pytest.fixture
async def tables(bare_database):
    """The machinery's tables."""
    async with bare_database.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    return bare_database


async def rows(database, table):
    """How many rows a table has, seen from outside."""
    async with database.engine.connect() as connection:
        return (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()  # noqa: S608


async def test_rows_and_events_commit_together_and_the_bell_rings(tables):
    rung = []
    tables.on_commit = lambda: rung.append(1)
    async with tables.statements() as work:
        await (await work.sql()).execute(INSERT, new_id())
        work.publish(death(new_id(), 1))
        assert rung == []
    assert (await rows(tables, "heard"), await rows(tables, "outbox"), rung) == (1, 1, [1])


async def test_nothing_stays_of_a_unit_that_fails(tables):
    rung = []
    tables.on_commit = lambda: rung.append(1)
    with pytest.raises(RuntimeError):
        async with tables.statements() as work:
            await (await work.sql()).execute(INSERT, new_id())
            work.publish(death(new_id(), 1))
            raise RuntimeError
    assert (await rows(tables, "heard"), await rows(tables, "outbox"), rung) == (0, 0, [])


async def test_a_connection_that_was_cut_is_not_given_to_the_next(tables):
    async with tables.work() as other:
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            async with tables.statements() as work:
                victim = await (await work.sql()).fetchval("SELECT pg_backend_pid()")
                await (await other.sql()).fetchval("SELECT pg_terminate_backend($1, 5000)", victim)
                await (await work.sql()).execute(INSERT, new_id())
    for _ in range(3):
        async with tables.statements() as work:
            await (await work.sql()).execute(INSERT, new_id())
    assert await rows(tables, "heard") == 3


async def test_it_has_no_session(tables):
    async with tables.statements() as work:
        with pytest.raises(AttributeError):
            work.session  # noqa: B018 - reading it is the point
