"""A real PostgreSQL for the tests: the embedded server, one per pytest process, without fsync.

Invariant: every test gets a database of its own, so that no test sees another's rows.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import pytest

from deploy.local.postgres import EmbeddedPostgres
from tests.support import facts
from tests.support.folders import folder

T = TypeVar("T")
SECONDS = 60.0


@dataclass
class Server:
    """A running server. All methods may be called from tests with or without an event loop."""

    admin_url: str
    version: str
    _connection: asyncpg.Connection
    _loop: asyncio.AbstractEventLoop
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _templates: dict[str, str] = field(default_factory=dict)

    def new_database(self, template: str | None = None) -> str:
        """The address of a fresh database, empty or a copy of the database named `template`."""
        name = f"test_{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template or "template0"}"')
        return self.url(name)

    def template(self, name: str, prepare: Callable[[str], object]) -> str:
        """Name of a database that `prepare(url)` filled the first time it was asked for; give it to `new_database`."""
        if name not in self._templates:
            database = f"template_{name}"
            self.execute(f'CREATE DATABASE "{database}" TEMPLATE template0')
            prepare(self.url(database))
            self._templates[name] = database
        return self._templates[name]

    def drop_database(self, url: str) -> None:
        """Remove a database, connected or not."""
        self.execute(f'DROP DATABASE IF EXISTS "{urlsplit(url).path.lstrip("/")}" WITH (FORCE)')

    @contextmanager
    def database(self, template: str | None = None) -> Iterator[str]:
        """A fresh database that is gone afterwards."""
        url = self.new_database(template)
        try:
            yield url
        finally:
            self.drop_database(url)

    def url(self, database: str) -> str:
        """The administrator's address of a database."""
        return urlunsplit(urlsplit(self.admin_url)._replace(path=f"/{quote(database)}"))

    def execute(self, sql: str) -> None:
        """Run one administrator's statement."""
        _on(self._loop, self._connection.execute(sql))


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Iterator[Server]:
    """The server of this pytest process."""
    with folder("pg") as directory:
        yield from _running(directory, pytestconfig)


def _running(directory: Path, pytestconfig: pytest.Config) -> Iterator[Server]:
    embedded = EmbeddedPostgres(directory / "server", directory / "postgres.log", durable=False, tied=True)
    embedded.prepare()
    embedded.start()
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="postgres-admin", daemon=True).start()
    try:
        embedded.wait_ready()
        connection = _on(loop, _connect(embedded.admin_url))
        version = connection.get_settings().server_version
        facts.note(pytestconfig, "PostgreSQL", f"{version}, embedded, fsync off")
        yield Server(embedded.admin_url, version, connection, loop)
        _on(loop, connection.close())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        embedded.stop()
        embedded.remove()


@pytest.fixture
def database(postgres: Server) -> Iterator[str]:
    """The address of an empty database for this test alone."""
    with postgres.database() as url:
        yield url


async def _connect(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(url)


def _on(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run_coroutine_threadsafe(work, loop).result(SECONDS)
