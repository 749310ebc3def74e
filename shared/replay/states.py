"""What a service's database comes to: a hash for each table, and where two differ, the rows that do.

Left out are the tables of the machinery, and of every table the columns that say when a row came and not what it says:
identities, and those marked as `ARRIVAL`.

Invariant: the hash depends on which rows there are and on nothing else; memory is flat however many there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import MetaData, Table

from shared.fingerprint import table_hash
from shared.tables import machinery

SHOWN_ROWS = 20
_MACHINERY = MetaData()
machinery(_MACHINERY)

ROWS = 'SELECT to_jsonb(said)::text AS row FROM (SELECT {columns} FROM "{table}") AS said'


@dataclass(frozen=True, slots=True)
class TableState:
    """How many rows a table holds, and what they come to."""

    rows: int
    hash: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A row, as JSON, that only one of two databases holds."""

    table: str
    only_in: str
    row: str


async def state_of(connection: Any, metadata: MetaData) -> dict[str, TableState]:  # noqa: ANN401 - asyncpg has no types
    """Table → its state, for every table of the service's own."""
    states = {}
    for table in own_tables(metadata):
        rows, _, hashed = (await table_hash(connection, table.name, _columns(table))).partition(":")
        states[table.name] = TableState(int(rows), hashed)
    return states


async def differences(first: Any, second: Any, metadata: MetaData) -> list[Difference]:  # noqa: ANN401
    """The first rows of each table that are in one database and not in the other."""
    before, after = await state_of(first, metadata), await state_of(second, metadata)
    found = []
    for table in own_tables(metadata):
        if before[table.name] == after[table.name]:
            continue
        rows = [await _rows(connection, table) for connection in (first, second)]
        for name, only in (("first", rows[0] - rows[1]), ("second", rows[1] - rows[0])):
            found += [Difference(table.name, name, row) for row in sorted(only)[:SHOWN_ROWS]]
    return found


def changed(before: Mapping[str, TableState], after: Mapping[str, TableState]) -> list[str]:
    """The tables whose rows are not the same."""
    return [table for table in after if before.get(table) != after[table]]


def own_tables(metadata: MetaData) -> list[Table]:
    """The tables that are not the machinery's, by name."""
    return [table for name, table in sorted(metadata.tables.items()) if name not in _MACHINERY.tables]


async def _rows(connection: Any, table: Table) -> set[str]:  # noqa: ANN401
    query = ROWS.format(columns=_columns(table), table=table.name)
    return {row["row"] for row in await connection.fetch(query)}


def _columns(table: Table) -> str:
    said = [column for column in table.columns if column.identity is None and "arrival" not in column.info]
    return ", ".join(f'"{column.name}"' for column in said)
