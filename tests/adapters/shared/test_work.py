"""One unit of work: all or nothing, on one connection; with a session, or of statements alone."""

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

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


@pytest.fixture(params=["work", "statements"])
def unit(request, tables):
    """Opens a unit of work of either kind."""
    return getattr(tables, request.param)


async def test_what_the_driver_writes_goes_when_the_work_fails(tables, unit):
    with pytest.raises(RuntimeError):
        async with unit() as work:
            await (await work.sql()).execute(INSERT, new_id())
            raise RuntimeError
    assert await rows(tables, "heard") == 0


async def test_an_event_leaves_with_the_rows_it_tells_of_or_not_at_all(tables, unit):
    async with unit() as work:
        await (await work.sql()).execute(INSERT, new_id())
        work.publish(death(new_id(), 1))
    assert (await rows(tables, "heard"), await rows(tables, "outbox")) == (1, 1)
    with pytest.raises(RuntimeError):
        async with unit() as work:
            work.publish(death(new_id(), 1))
            raise RuntimeError
    assert await rows(tables, "outbox") == 1


async def test_events_of_one_work_stand_in_the_order_they_were_said(unit):
    patient = new_id()
    async with unit() as work:
        for version in range(1, 50):
            work.publish(death(patient, version))
    async with unit() as work:
        values = await (await work.sql()).fetch("SELECT value FROM outbox ORDER BY id")
    assert [f'"aggregate_version":{version}' in row["value"].decode() for version, row in enumerate(values, 1)] == [
        True
    ] * 49


async def test_the_bell_rings_after_a_commit_that_said_something_and_only_then(tables, unit):
    rung = []
    tables.on_commit = lambda: rung.append(1)
    async with unit():
        pass
    assert rung == []
    async with unit() as work:
        work.publish(death(new_id(), 1))
        assert rung == []
    assert rung == [1]


async def test_a_connection_that_was_cut_is_not_given_to_the_next(tables, unit):
    async with tables.work() as other:
        with pytest.raises((DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            async with unit() as work:
                victim = await (await work.sql()).fetchval("SELECT pg_backend_pid()")
                await (await other.sql()).fetchval("SELECT pg_terminate_backend($1, 5000)", victim)
                await (await work.sql()).execute(INSERT, new_id())
    for _ in range(3):
        async with unit() as work:
            await (await work.sql()).execute(INSERT, new_id())
    assert await rows(tables, "heard") == 3


async def test_statements_alone_have_no_session(tables):
    async with tables.statements() as work:
        with pytest.raises(AttributeError):
            work.session  # noqa: B018 - reading it is the point
