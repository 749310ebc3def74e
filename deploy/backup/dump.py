"""From a service's database to a backup file and back.

Invariants: rows, outbox and inbox are those of one snapshot, and so is their state hash; a restore happens whole or
not at all, into a database that nobody else is connected to, and is believed only when the state hash is the same.
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import asyncpg
from pyrage.x25519 import Identity, Recipient

from deploy.backup import archive
from deploy.backup.archive import Head
from deploy.backup.faults import BackupFailed
from deploy.local.databases import libpq_environment, without_password
from deploy.local.postgres import programs
from shared.clock import wall_now
from shared.fingerprint import fingerprint

CONNECT_SECONDS: Final = 10.0
REVISION = "SELECT max(version_num) FROM alembic_version"
OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
BEFORE = b"""SET client_min_messages = warning;
BEGIN;
DROP SCHEMA IF EXISTS public CASCADE;
CREATE SCHEMA public;
ALTER SCHEMA public OWNER TO pg_database_owner;
"""
AFTER = b"\nCOMMIT;\n"


async def back_up(service: str, url: str, directory: Path, recipient: Recipient) -> tuple[Path, Head, int]:
    """Write a backup of the database at `url` into `directory`: its file, what it holds, its size in bytes.

    The service may run; whoever restores it gets the state of one instant, outbox and inbox included.
    """
    async with connected(service, url) as connection, connection.transaction(isolation="repeatable_read"):
        snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
        taken_at = wall_now()
        try:
            revision = await connection.fetchval(REVISION)
        except asyncpg.UndefinedTableError:
            raise BackupFailed(f"{without_password(url)} holds no tables of a service: nothing to back up") from None
        head = Head(
            service=service,
            taken_at=taken_at.isoformat(timespec="seconds"),
            revision=revision,
            postgres=connection.get_settings().server_version,
            tables=await fingerprint(connection),
        )
        path = directory / f"{service}-{taken_at:%Y%m%dT%H%M%SZ}.sql.gz.age"
        options = ["--no-owner", "--no-privileges", "--no-password", f"--snapshot={snapshot}"]
        size = await asyncio.to_thread(_dump, path, head, url, recipient, options)
    return path, head, size


async def restore(path: Path, head: Head, url: str, identity: Identity) -> None:
    """Replace everything in the database at `url` by what was checked to be in `path`.

    Raises `BackupFailed`, and then nothing has changed unless the message says so.
    """
    async with connected(head.service, url) as connection:
        if others := await connection.fetchval(OTHERS):
            raise BackupFailed(
                f"{others} others are connected to the database of {head.service}: stop the service, then restore"
            )
        await asyncio.to_thread(_run_sql, path, url, identity)
        if await fingerprint(connection) != head.tables:
            raise BackupFailed(f"the database of {head.service} does not hold what the backup says: restore it again")


@asynccontextmanager
async def connected(service: str, url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a service's database. Raises `BackupFailed` where there is none to be had."""
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    except (OSError, asyncpg.PostgresError, TimeoutError, ValueError) as failure:
        raise BackupFailed(
            f"no connection to the database of {service} at {without_password(url)} ({type(failure).__name__}): "
            "check the address, the password and that the server runs"
        ) from None
    try:
        yield connection
    finally:
        await connection.close()


def _dump(path: Path, head: Head, url: str, recipient: Recipient, options: Sequence[str]) -> int:
    with _program("pg_dump", *options, url=url, stdout=subprocess.PIPE) as dump:
        return archive.write(path, head, dump.stdout, recipient, lambda: _end(dump, "pg_dump"))


def _run_sql(path: Path, url: str, identity: Identity) -> None:
    options = ["--no-psqlrc", "--quiet", "--no-password", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=terse"]
    with _program("psql", *options, url=url, stdin=subprocess.PIPE) as psql:
        _feed(psql.stdin, path, identity)
        _end(psql, "psql")


def _feed(psql: Any, path: Path, identity: Identity) -> None:  # noqa: ANN401 - Popen's own
    """All of it in one transaction; where anything fails the end comes without a COMMIT, and psql says why."""
    try:
        with suppress(BrokenPipeError):
            psql.write(BEFORE)
            archive.read(path, identity, psql.write)
            psql.write(AFTER)
    finally:
        with suppress(BrokenPipeError):
            psql.close()


def _program(name: str, *options: str, url: str, stdin: int | None = None, stdout: int = subprocess.DEVNULL) -> Any:  # noqa: ANN401 - a Popen whose pipes are there
    """A program of PostgreSQL's on this database; the password goes through the environment."""
    command = [str(programs() / name), *options]
    environment = libpq_environment(url)
    return subprocess.Popen(command, env=environment, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE)  # noqa: S603 - the wheel's


def _end(program: Any, name: str) -> None:  # noqa: ANN401
    """Wait for its end. Raises with its first words when it did not end well."""
    said = program.stderr.read().decode("utf-8", "replace").splitlines()
    if program.wait() != 0:
        first = next((line for line in said if "error" in line.lower()), "it said nothing")
        raise BackupFailed(f"{name} failed and nothing was changed: {first}")
