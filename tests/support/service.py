"""A service under test: its real application on a migrated database of its own, without Kafka.

Invariant: what a test sees went through the same edge, transaction and inbox as in production.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from joserfc import jwt
from joserfc.jwk import OKPKey

from shared.clock import FixedClock, wall_now
from shared.codec import decode
from shared.database import Database, engine_for
from shared.envelope import seal, unseal
from shared.hosting import PARTS, Host, Service, host_of
from shared.ids import new_id
from shared.inbox import Record
from shared.messages import Event
from shared.migrating import migrate
from shared.outbox import unpack_headers
from shared.tracing import Tracing
from tests.support.documented import documented_in
from tests.support.postgres import Server

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOWHERE = "127.0.0.1:1"
OFFSETS = count()


@dataclass
class ServiceUnderTest:
    """A running service: call it as a client, deliver events to it, and read what it said."""

    host: Host
    client: httpx.AsyncClient
    clock: FixedClock
    key: OKPKey

    @property
    def database(self) -> Database:
        """For handlers called directly: `async with service.database.work() as work`."""
        return self.host.database

    def token(self, *roles: str, subject: str = "tester", **claims: Any) -> str:
        """A bearer token with these roles, and further claims such as `wards` or `clinics`."""
        ends = int((wall_now() + timedelta(hours=1)).timestamp())
        claims = {"sub": subject, "roles": list(roles), "exp": ends} | claims
        return jwt.encode({"alg": "Ed25519", "kid": self.key.kid}, claims, self.key, algorithms=["Ed25519"])

    async def get(self, path: str, *, role: str, **params: Any) -> httpx.Response:
        """Read as `role`."""
        return await self.client.get(path, params=params, headers=self.headers(role))

    async def command(
        self, method: str, path: str, *, role: str, body: Any = None, key: str | None = None, **claims: Any
    ) -> httpx.Response:
        """Ask for something as `role`; every call has a new idempotency key unless one is given."""
        headers = {**self.headers(role, **claims), "Idempotency-Key": key or str(new_id())}
        return await self.client.request(method, path, json=body, headers=headers)

    def headers(self, role: str, **claims: Any) -> dict[str, str]:
        """The Authorization header of a role; `claims` as of a token."""
        return {"Authorization": f"Bearer {self.token(role, **claims)}"}

    async def deliver(self, *events: Event, times: int = 1) -> None:
        """Take events as the consumer would take one batch from Kafka, `times` over."""
        records = [record_of(event, self.clock.now()) for event in events]
        for _ in range(times):
            await self.host.effects.take(records)

    async def said(self) -> list[Event]:
        """Every event in the outbox, in order; dead letters are left out."""
        async with self.database.work() as work:
            rows = await (await work.sql()).fetch("SELECT topic, headers, value FROM outbox ORDER BY id")
        return [
            decode(unseal(unpack_headers(row["headers"])).type, row["value"])
            for row in rows
            if not row["topic"].endswith("-dead-letters")
        ]

    async def fire(self, name: str) -> int:
        """Let the timer of that name do what is due; how many it did."""
        timer = next(timer for timer in self.host.timers if timer.name == name)
        return await timer.fire(self.database, 100)

    async def sql(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        """Rows of a query."""
        async with self.database.work() as work:
            return [dict(row) for row in await (await work.sql()).fetch(query, *arguments)]


def record_of(event: Event, now: datetime) -> Record:
    """The event as Kafka would give it."""
    sealed = seal(event, now)
    return Record(
        topic=sealed.topic,
        partition=0,
        offset=next(OFFSETS),
        key=sealed.key.encode(),
        value=sealed.value,
        headers=tuple(sealed.headers),
        written_at=wall_now(),
    )


ServiceFactory = Callable[..., AbstractAsyncContextManager[ServiceUnderTest]]


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> tuple[OKPKey, Path]:
    """A token issuer's key and its JWKS file."""
    key = OKPKey.generate_key("Ed25519", {"kid": "test"}, private=True)
    path = tmp_path_factory.mktemp("issuer") / "jwks.json"
    path.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    return key, path


@pytest.fixture
def run_service(postgres: Server, issuer: tuple[OKPKey, Path]) -> ServiceFactory:
    """Runs a service for the length of an `async with`; extra keyword arguments become its settings.

    Without `kafka` it runs its API only; with a bootstrap address all of its parts. `history` is another one than the
    service's own migrations, for a schema that is not this code's.
    """
    key, jwks = issuer

    @asynccontextmanager
    async def run(
        service: Service,
        at: datetime = NOON,
        *,
        kafka: str | None = None,
        tracing: Tracing | None = None,
        history: Path | None = None,
        **settings: Any,
    ) -> AsyncIterator[ServiceUnderTest]:
        name = service.name if history is None else f"{service.name}_{history.parent.name}"
        template = await asyncio.to_thread(
            postgres.template, name, lambda url: migrate(history or service.migrations, url)
        )
        with postgres.database(template) as url:
            fixed = FixedClock(at)
            told = service.settings(
                service=service.name, database_url=url, kafka=kafka or NOWHERE, http_port=0, jwks=jwks, **settings
            )
            parts = PARTS if kafka else ("api",)
            host = host_of(service, told, parts, business_clock=fixed, tracing=tracing)
            transport = httpx.ASGITransport(host.app, raise_app_exceptions=False)
            hooks = {"response": [documented_in(host.app)]}
            async with (
                host.running(),
                httpx.AsyncClient(transport=transport, base_url="http://service", event_hooks=hooks) as client,
            ):
                yield ServiceUnderTest(host, client, fixed, key)

    return run


@asynccontextmanager
async def listening(service: ServiceUnderTest) -> AsyncIterator[str]:
    """The service's application on a port of loopback; its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # who calls before the server has begun waits for it
        config = uvicorn.Config(service.host.app, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@pytest.fixture
async def bare_database(database: str) -> AsyncIterator[Database]:
    """An empty database with an engine, for tests of the machinery."""
    engine = engine_for(database, 12)
    yield Database(engine, FixedClock(NOON))
    await engine.dispose()
