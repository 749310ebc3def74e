"""The state hash of a database: per table its rows counted and hashed, to tell whether two databases hold the same.

Invariant: the order of rows does not count, every value of every row does, and nothing is sorted or gathered, so a
large table costs one pass and no memory.
"""

from collections.abc import Collection
from typing import Any

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
SETTINGS = "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL extra_float_digits = 1"
HASH = """
SELECT count(*) || ':' || md5(concat(sum(high::numeric), ' ', sum(low::numeric)))
FROM (SELECT ('x' || left(hash, 16))::bit(64)::bigint AS high, ('x' || right(hash, 16))::bit(64)::bigint AS low
      FROM (SELECT md5(t::text) AS hash FROM (SELECT {columns} FROM "{table}") AS t) AS hashed) AS halves
"""


async def fingerprint(connection: Any, *, without: Collection[str] = ()) -> dict[str, str]:  # noqa: ANN401 - asyncpg has no types
    """Table → number of rows and their hash, of every table but `without`, as of one instant.

    Inside a transaction of the caller's it is that transaction's instant.
    """
    async with connection.transaction(**({} if connection.is_in_transaction() else {"isolation": "repeatable_read"})):
        await connection.execute(SETTINGS)
        tables = [row["tablename"] for row in await connection.fetch(TABLES)]
        return {table: await table_hash(connection, table) for table in tables if table not in without}


async def table_hash(connection: Any, table: str, columns: str = "*") -> str:  # noqa: ANN401 - asyncpg has no types
    """The number of rows of a table and their hash, as `rows:hash`; of some of its columns only, if they are named."""
    said: str = await connection.fetchval(HASH.format(columns=columns, table=table))
    return said
