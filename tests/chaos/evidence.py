"""What the checker judges: the clients' histories, every row of every database and every event of every topic.

Invariant: it is read past the proxies, when everything has come to rest, and judging it changes nothing.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from tests.chaos import records
from tests.chaos.history import Command
from tests.chaos.records import Bad, Said
from tests.chaos.world import NAMES, World

Row = Mapping[str, Any]
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
MACHINERY = ("outbox", "inbox", "aggregate_version", "parked", "command", "alembic_version")
LEFT_OUT = {"parked": ("value",), "centre_call": ("request", "answer")}
"""Columns that no invariant reads and that can be large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One stack at rest. `asked` is every command that any client ever sent to it, `recent` those of this run."""

    asked: Sequence[Command] = ()
    recent: Sequence[Command] = ()
    rows: Mapping[str, Mapping[str, Sequence[Row]]] = field(default_factory=dict)
    said: Sequence[Said] = ()
    letters: Sequence[tuple[str, str, int, int]] = ()
    bad: Sequence[Bad] = ()
    left: Sequence[str] = ()
    """Stays whose patient has been told goodbye."""
    now: datetime | None = None
    late: Sequence[str] = ()
    """What had to come within its time and has not, in words."""

    def table(self, service: str, table: str) -> Sequence[Row]:
        """The rows of a table; none where it was not read."""
        return self.rows.get(service, {}).get(table, ())

    def by(self, service: str, table: str, *columns: str) -> dict[Any, list[Row]]:
        """The rows of a table grouped by a column, or a tuple of columns."""
        return grouped(self.table(service, table), columns)

    def events(self) -> list[Said]:
        """Each event once, where it stands first."""
        first = {one.event_id: one for one in reversed(self.said)}
        return sorted(first.values(), key=lambda one: (one.topic, one.partition, one.offset))


def grouped(rows: Iterable[Row], columns: Sequence[str]) -> dict[Any, list[Row]]:
    """Rows by the value of a column, or by the tuple of several."""
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        key = row[columns[0]] if len(columns) == 1 else tuple(row[column] for column in columns)
        groups[key].append(row)
    return groups


async def gather(
    world: World, asked: Sequence[Command], recent: Sequence[Command], bad: Sequence[Bad], left: Sequence[str],
    late: Sequence[str],
) -> Evidence:  # fmt: skip
    """Read everything."""
    tables = await asyncio.gather(*(_rows(world.admin_url(service)) for service in NAMES))
    return Evidence(
        asked=asked,
        recent=recent,
        rows=dict(zip(NAMES, tables, strict=True)),
        said=await records.everything_said(world.kafka.bootstrap),
        letters=await records.dead_letters(world.kafka.bootstrap),
        bad=bad,
        left=left,
        now=world.clock.now(),
        late=late,
    )


def state_hash(evidence: Evidence) -> dict[str, str]:
    """`service.table` → hash of its rows, for what the services themselves decided or drew."""
    return {
        f"{service}.{table}": hashlib.sha256("\n".join(sorted(map(repr, rows))).encode()).hexdigest()
        for service, tables in evidence.rows.items()
        for table, rows in tables.items()
        if table not in MACHINERY
    }


async def _rows(url: str) -> dict[str, list[Row]]:
    connection = await asyncpg.connect(url)
    try:
        tables = [row["tablename"] for row in await connection.fetch(TABLES)]
        return {table: await _table(connection, table) for table in tables}
    finally:
        await connection.close()


async def _table(connection: asyncpg.Connection, table: str) -> list[Row]:
    out = LEFT_OUT.get(table, ())
    columns = await connection.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped",
        f'"{table}"',
    )
    names = ", ".join(f'"{row["attname"]}"' for row in columns if row["attname"] not in out)
    return [dict(row) for row in await connection.fetch(f'SELECT {names} FROM "{table}"')]  # noqa: S608 - names that the catalogue gave
