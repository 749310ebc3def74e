"""The server that the tests themselves stand on."""

import asyncpg
import pytest


async def _column(url, sql):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_every_database_is_new_and_empty(postgres):
    first, second = postgres.new_database(), postgres.new_database()
    await _column(first, "CREATE TABLE bed (bed_id text)")
    assert await _column(first, "SELECT count(*) FROM pg_tables WHERE tablename = 'bed'") == 1
    assert await _column(second, "SELECT count(*) FROM pg_tables WHERE tablename = 'bed'") == 0


async def test_a_copy_of_a_template_has_its_tables_and_the_template_is_prepared_once(postgres):
    prepared = []

    def prepare(url):
        prepared.append(url)
        postgres.execute("SELECT 1")

    names = {postgres.template("wards", prepare) for _ in range(3)}
    assert len(prepared) == len(names) == 1
    await _column(prepared[0], "CREATE TABLE ward (ward_id text)")
    with postgres.database(names.pop()) as copy:
        assert await _column(copy, "SELECT count(*) FROM ward") == 0


async def test_a_dropped_database_is_gone_even_with_a_client_in_it(postgres):
    url = postgres.new_database()
    connection = await asyncpg.connect(url)
    postgres.drop_database(url)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(url)
    connection.terminate()
