"""A PostgreSQL that is there for the length of a block, and services that are put together on it.

Invariant: nothing of it is left behind, and it is never anybody's data: the server does not even sync to the disk.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from deploy.local.issuer import Issuer
from deploy.local.layout import SERVICES
from deploy.local.postgres import EmbeddedPostgres
from shared.clock import FixedClock
from shared.hosting import Host, Service, host_of
from shared.migrating import migrate
from shared.settings import PREFIX

NOWHERE = "127.0.0.1:1"
ADDRESSES = {service.name: f"http://{NOWHERE}" for service in SERVICES}


@contextmanager
def throwaway_postgres() -> Iterator[EmbeddedPostgres]:
    """A running server, empty."""
    with tempfile.TemporaryDirectory(prefix="carejourney-throwaway-") as directory:
        server = EmbeddedPostgres(
            Path(directory) / "server", Path(directory) / "postgres.log", durable=False, tied=True
        )
        server.prepare()
        server.start()
        try:
            server.wait_ready()
            yield server
        finally:
            server.stop()


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Services on empty databases of a throw-away server, at a time that stands still; keys lie in `folder`."""

    server: EmbeddedPostgres
    folder: Path
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @asynccontextmanager
    async def host(self, name: str, at: datetime) -> AsyncIterator[Host]:
        """A service with none of its parts running, for whoever lets it hear something."""
        service: Service = import_module(f"services.{name}.app").SERVICE
        issuer = Issuer(self.folder)
        issuer.prepare()
        url = await self._database(f"{name}_{next(self._numbers)}")
        await asyncio.to_thread(migrate, service.migrations, url)
        told = service.settings(
            service=name, database_url=url, kafka=NOWHERE, http_port=0, jwks=issuer.jwks, **_extras(name)
        )
        host = host_of(service, told, (), business_clock=FixedClock(at))
        async with host.running():
            yield host

    async def _database(self, name: str) -> str:
        connection = await asyncpg.connect(self.server.admin_url)
        try:
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        finally:
            await connection.close()
        return urlunsplit(urlsplit(self.server.admin_url)._replace(path=f"/{name}"))


def _extras(name: str) -> dict[str, Any]:
    """What only this service has to be told, with neighbours that are nowhere."""
    own = next(service.extras(ADDRESSES) for service in SERVICES if service.name == name)
    return {variable.removeprefix(PREFIX).lower(): value for variable, value in own.items()}
