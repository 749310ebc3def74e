"""The state hash tells whether two databases hold the same rows."""

import asyncpg
import pytest

from shared.fingerprint import fingerprint

TABLES = "CREATE TABLE bed (id int, name text, seen_at timestamptz); CREATE TABLE ward (id int)"
ROWS = "INSERT INTO bed VALUES (1, 'a', '2026-01-01T00:00Z'), (2, NULL, NULL), (2, NULL, NULL)"


@pytest.fixture
async def connection(database):
    """A connection to a database with two tables."""
    connection = await asyncpg.connect(database)
    await connection.execute(f"{TABLES}; {ROWS}")
    yield connection
    await connection.close()


async def test_it_counts_rows_and_the_order_of_writing_does_not_matter(connection):
    before = await fingerprint(connection)
    assert {table: hashed.partition(":")[0] for table, hashed in before.items()} == {"bed": "3", "ward": "0"}
    await connection.execute("DELETE FROM bed WHERE id = 1; INSERT INTO bed VALUES (1, 'a', '2026-01-01T08:00+08')")
    assert await fingerprint(connection) == before


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE bed SET name = 'b' WHERE id = 1",
        "UPDATE bed SET name = '' WHERE id = 2",
        "UPDATE bed SET seen_at = seen_at + interval '1 microsecond' WHERE id = 1",
        "DELETE FROM bed WHERE ctid = (SELECT ctid FROM bed WHERE id = 2 LIMIT 1)",
        "INSERT INTO bed VALUES (2, NULL, NULL)",
    ],
)
async def test_whatever_changes_a_row_changes_the_hash_of_its_table_alone(connection, change):
    before = await fingerprint(connection)
    await connection.execute(change)
    after = await fingerprint(connection)
    assert (after["bed"] != before["bed"], after["ward"]) == (True, before["ward"])


async def test_the_setting_of_a_session_does_not_change_it_and_is_left_as_it_was(connection):
    before = await fingerprint(connection)
    await connection.execute("SET timezone = 'Asia/Shanghai'")
    assert await fingerprint(connection) == before
    assert await connection.fetchval("SHOW timezone") == "Asia/Shanghai"


async def test_tables_can_be_left_out(connection):
    assert set(await fingerprint(connection, without={"bed"})) == {"ward"}
