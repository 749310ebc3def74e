"""Who may enter which database: one database and one login user with a random password per service.

Invariant: a service's user owns its own database and cannot even connect to another's. Running this again changes
nothing but what is missing.
"""

import asyncio
import json
import os
import re
import secrets
from collections.abc import Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, quote, unquote, urlsplit, urlunsplit

import asyncpg

from deploy.local.files import write_private

T = TypeVar("T")
OLDEST_VERSION = 150000
NAME = re.compile(r"[a-z][a-z_]*")
CONNECT_SECONDS = 10.0


class DatabasesFailed(RuntimeError):
    """The databases cannot be made. The message says why and what to do, without passwords."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Databases:
    """The databases of a server that `admin_url` rules. On a server shared with others every name has a prefix."""

    admin_url: str
    passwords: Path
    prefix: str = ""

    async def provide(self, services: Iterable[str]) -> dict[str, str]:
        """Make what is missing; service → address of its database. The addresses hold passwords."""
        names = list(services)
        passwords = self._passwords(names)
        admin = await self._connect()
        try:
            for service in names:
                await self._provide_one(admin, self._name(service), passwords[service])
            await admin.execute("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC" if not self.prefix else "SELECT 1")
        except asyncpg.InsufficientPrivilegeError as refusal:
            raise DatabasesFailed(
                f"the administrator's user may not make databases and users ({refusal}): "
                "give one with CREATEDB and CREATEROLE"
            ) from None
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as failure:
            raise DatabasesFailed(f"the databases cannot be made ({failure}): see the server's log") from None
        finally:
            await admin.close()
        return {service: self._address(service, passwords[service]) for service in names}

    async def version(self) -> str:
        """The server's version, such as 18.4."""
        admin = await self._connect()
        try:
            return str(await admin.fetchval("SHOW server_version")).split()[0]
        finally:
            await admin.close()

    async def remove(self, services: Iterable[str]) -> None:
        """Drop the services' databases and users, connected or not, and forget the passwords."""
        admin = await self._connect()
        try:
            for name in map(self._name, services):
                await _run(admin, "DROP DATABASE IF EXISTS %I WITH (FORCE)", name)
                await _run(admin, "DROP ROLE IF EXISTS %I", name)
        finally:
            await admin.close()
        self.passwords.unlink(missing_ok=True)

    async def _provide_one(self, admin: asyncpg.Connection, name: str, password: str) -> None:
        known_user = await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name)
        verb = "ALTER" if known_user else "CREATE"
        await _run(admin, f"{verb} ROLE %I LOGIN PASSWORD %L", name, password)
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await _run(admin, "GRANT %I TO CURRENT_USER", name)
            await _run(admin, "CREATE DATABASE %I OWNER %I ENCODING 'UTF8' TEMPLATE template0", name, name)
        await _run(admin, "REVOKE ALL ON DATABASE %I FROM PUBLIC", name)

    async def _connect(self) -> asyncpg.Connection:
        try:
            admin = await asyncpg.connect(self.admin_url, timeout=CONNECT_SECONDS)
        except (OSError, asyncpg.PostgresError, TimeoutError, ValueError) as failure:
            raise DatabasesFailed(
                f"no connection to PostgreSQL at {without_password(self.admin_url)} ({type(failure).__name__}): "
                "check the address, the password and that the server runs"
            ) from None
        version = int(await admin.fetchval("SHOW server_version_num"))
        if version < OLDEST_VERSION:
            await admin.close()
            raise DatabasesFailed(f"that server is PostgreSQL {version // 10000}; the suite needs 15 or newer")
        return admin

    def _name(self, service: str) -> str:
        if not NAME.fullmatch(service):
            raise DatabasesFailed(f"service name {service!r}: use lower-case letters and _")
        return f"{self.prefix}{service}"

    def _address(self, service: str, password: str) -> str:
        parts = urlsplit(self.admin_url)
        name = quote(self._name(service))
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{name}:{quote(password)}@{host}", path=f"/{name}"))

    def _passwords(self, services: Iterable[str]) -> dict[str, str]:
        known: dict[str, str] = {}
        if self.passwords.exists():
            known = json.loads(self.passwords.read_text(encoding="utf-8"))
        wanted = {service: known.get(service) or secrets.token_urlsafe(24) for service in services}
        if wanted.keys() - known.keys():
            write_private(self.passwords, json.dumps(known | wanted, indent=1))
        return wanted


def run_apart(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end in a thread of its own, so that the caller may or may not have an event loop."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="databases") as thread:
        return thread.submit(lambda: asyncio.run(work)).result()


def without_password(url: str) -> str:
    """The address as it may be shown: scheme, host or socket directory, database."""
    parts = urlsplit(url)
    socket = parse_qs(parts.query).get("host", [])
    query = f"host={socket[0]}" if socket else ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def libpq_environment(url: str) -> dict[str, str]:
    """Our environment with the address as libpq's variables: a command line others can list, an environment not."""
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    known = {
        "PGHOST": query.get("host") or parts.hostname or "",
        "PGPORT": str(parts.port or ""),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path).removeprefix("/"),
        "PGSSLMODE": query.get("sslmode", ""),
        "PGSSLROOTCERT": query.get("sslrootcert", ""),
    }
    return {**os.environ, **{name: value for name, value in known.items() if value}}


async def _run(admin: asyncpg.Connection, template: str, *names: str) -> None:
    """Run a statement whose names and literals the server itself quotes (%I, %L)."""
    placeholders = ", ".join(f"${number}::text" for number in range(2, len(names) + 2))
    await admin.execute(await admin.fetchval(f"SELECT format($1, {placeholders})", template, *names))
