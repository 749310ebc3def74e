"""Events that are heard within the transaction that says them, and transactions that wait for each other."""

import asyncio

import pytest
from sqlalchemy import text

from shared.envelope import unseal
from shared.ids import new_id
from shared.messages.registration.patients import PatientDeceased, PatientRegistered
from shared.outbox import unpack_headers
from tests.support.delivery import METADATA, death

INSERT = "INSERT INTO heard (patient_id, version) VALUES ($1, 1)"
LAST = 3


@pytest.fixture
async def tables(bare_database):
    """The machinery's tables."""
    async with bare_database.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    return bare_database


async def counted(database, table):
    async with database.engine.connect() as connection:
        return (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()  # noqa: S608


async def on_death(event, work):
    """Note it, and say the next version until the last."""
    await (await work.sql()).execute(INSERT, new_id())
    if event.aggregate_version < LAST:
        work.publish(death(event.patient_id, event.aggregate_version + 1))


async def test_what_is_heard_at_once_and_what_comes_of_it_commits_with_what_was_said(tables):
    tables.at_once = {PatientDeceased: on_death}
    async with tables.work() as work:
        work.publish(death(new_id(), 1))
    assert (await counted(tables, "heard"), await counted(tables, "outbox")) == (LAST, LAST)
    async with tables.work() as work:
        rows = await (await work.sql()).fetch("SELECT headers FROM outbox ORDER BY id")
    headers = [dict(unpack_headers(row["headers"])) for row in rows]
    assert [one["causationid"] for one in headers[1:]] == [one["ce_id"] for one in headers[:-1]]
    assert len({unseal(one.items()).origin.correlation_id for one in headers}) == 1


async def test_where_the_one_who_hears_fails_nothing_was_said(tables):
    async def refuse(event, work):
        await on_death(event, work)
        raise RuntimeError

    tables.at_once = {PatientDeceased: refuse, PatientRegistered: on_death}
    with pytest.raises(RuntimeError):
        async with tables.work() as work:
            work.publish(death(new_id(), 1))
    assert (await counted(tables, "heard"), await counted(tables, "outbox")) == (0, 0)


async def test_of_two_that_wait_for_each_other_one_is_told_to_try_again(tables):
    one, other = new_id(), new_id()
    async with tables.work() as work:
        for patient in (one, other):
            await (await work.sql()).execute(INSERT, patient)
    first_locked = asyncio.Barrier(2)

    async def lock(patients):
        async with tables.work() as work:
            connection = await work.sql()
            for number, patient in enumerate(patients):
                await connection.execute("UPDATE heard SET version = 2 WHERE patient_id = $1", patient)
                if number == 0:
                    await first_locked.wait()

    ended = await asyncio.gather(lock([one, other]), lock([other, one]), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in ended) == ["NoneType", "Stale"]
