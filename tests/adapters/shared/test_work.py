"""One unit of work: all or nothing, on one connection."""

import pytest
from sqlalchemy import text

from shared.ids import new_id
from tests.support.delivery import METADATA, death


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
            await (await work.sql()).execute("INSERT INTO heard (patient_id, version) VALUES ($1, 1)", new_id())
            raise RuntimeError
    assert await rows(tables, "heard") == 0


async def test_an_event_leaves_with_the_rows_it_tells_of_or_not_at_all(tables):
    async with tables.work() as work:
        await (await work.sql()).execute("INSERT INTO heard (patient_id, version) VALUES ($1, 1)", new_id())
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
