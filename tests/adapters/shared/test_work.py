"""One unit of work: all or nothing, on one connection; and statements that are each a transaction."""

import asyncio
from contextlib import suppress

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.database import Autocommit
from shared.ids import new_id
from tests.support.delivery import METADATA, death

BACKEND = "SELECT pg_backend_pid()"
INSERT = "INSERT INTO heard (patient_id, version) VALUES ($1, 1)"
WRITES_AND_FAILS = f"WITH written AS ({INSERT} RETURNING version) SELECT 1 / (version - 1) FROM written"  # noqa: S608


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


async def test_what_the_driver_writes_goes_when_the_work_fails(tables):
    with pytest.raises(RuntimeError):
        async with tables.work() as work:
            await (await work.sql()).execute(INSERT, new_id())
            raise RuntimeError
    assert await rows(tables, "heard") == 0


async def test_an_event_leaves_with_the_rows_it_tells_of_or_not_at_all(tables):
    async with tables.work() as work:
        await (await work.sql()).execute(INSERT, new_id())
        work.publish(death(new_id(), 1))
    assert (await rows(tables, "heard"), await rows(tables, "outbox")) == (1, 1)
    with pytest.raises(RuntimeError):
        async with tables.work() as work:
            work.publish(death(new_id(), 1))
            raise RuntimeError
    assert await rows(tables, "outbox") == 1


async def test_events_of_one_work_stand_in_the_order_they_were_said(tables):
    patient = new_id()
    async with tables.work() as work:
        for version in range(1, 50):
            work.publish(death(patient, version))
    async with tables.work() as work:
        values = await (await work.sql()).fetch("SELECT value FROM outbox ORDER BY id")
    assert [f'"aggregate_version":{version}' in row["value"].decode() for version, row in enumerate(values, 1)] == [
        True
    ] * 49


async def test_the_bell_rings_after_a_commit_that_said_something_and_only_then(tables):
    rung = []
    tables.on_commit = lambda: rung.append(1)
    async with tables.work():
        pass
    assert rung == []
    async with tables.work() as work:
        work.publish(death(new_id(), 1))
        assert rung == []
    assert rung == [1]


async def test_a_connection_that_was_cut_is_not_given_to_the_next(tables):
    async with tables.work() as other:
        with pytest.raises((DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            async with tables.work() as work:
                victim = await (await work.sql()).fetchval("SELECT pg_backend_pid()")
                await (await other.sql()).fetchval("SELECT pg_terminate_backend($1, 5000)", victim)
                await (await work.sql()).execute(INSERT, new_id())
    for _ in range(3):
        async with tables.work() as work:
            await (await work.sql()).execute(INSERT, new_id())
    assert await rows(tables, "heard") == 3


async def test_each_statement_of_a_connection_of_its_own_is_a_transaction(tables):
    connection = Autocommit(tables)
    assert await connection.execute(INSERT, new_id()) == "INSERT 0 1"
    assert await rows(tables, "heard") == 1
    ((backend,),) = await connection.fetch(BACKEND)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await connection.execute(WRITES_AND_FAILS, new_id())
    assert await rows(tables, "heard") == 1
    assert [tuple(row) for row in await connection.fetch(BACKEND)] == [(backend,)]
    with pytest.raises(asyncpg.DataError):
        await connection.execute(INSERT, "no id")
    await connection.execute(INSERT, new_id())
    assert await rows(tables, "heard") == 2
    await connection.close()


async def test_a_connection_of_its_own_that_was_cut_is_made_anew(tables):
    connection = Autocommit(tables)
    await connection.execute(INSERT, new_id())
    ((cut,),) = await connection.fetch(BACKEND)
    async with tables.work() as other:
        await (await other.sql()).fetchval("SELECT pg_terminate_backend($1, 5000)", cut)
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        await connection.fetch(BACKEND)
    await connection.execute(INSERT, new_id())
    ((anew,),) = await connection.fetch(BACKEND)
    assert anew != cut
    assert await rows(tables, "heard") == 2
    await connection.close()


async def test_a_statement_that_nobody_waits_for_any_more_leaves_a_connection_that_works(tables):
    connection = Autocommit(tables)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(connection.fetch("SELECT pg_sleep(60)"), 0.2)
    assert [tuple(row) for row in await connection.fetch("SELECT 1")] == [(1,)]
    await connection.close()
