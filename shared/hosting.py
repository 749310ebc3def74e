"""How a service runs: one process holding its API, its consumer and timers, its relay, or all of them.

A service is described by `Service` in its `app.py`; nothing connects before `run`. Every part outlives the absence of
Kafka: commands are taken and wait in the outbox.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import uvicorn
from aiokafka.errors import KafkaError
from fastapi import APIRouter, FastAPI
from sqlalchemy import MetaData, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared import auth, collecting, dead_letters, log
from shared.bell import Bell
from shared.clock import Clock, clock_from
from shared.consuming import Consumer
from shared.database import FAULTS, Database, SchemaBehind, check_schema, engine_for
from shared.effects import Effects
from shared.http import Edge, Worded, assembled, health
from shared.lanes import Lane
from shared.pruning import prune_for_ever
from shared.reactions import NONE, Reactions
from shared.relay import Relay
from shared.settings import Settings, load
from shared.straight import Endpoint, Straight
from shared.telemetry import Measured, Telemetry
from shared.timers import Timer, Timers
from shared.tracing import Tracing, tracing_of
from shared.work import Hearers, Work

logger = log.logger(__name__)

PARTS = ("api", "consumer", "relay")
MEASURE_SECONDS = 2.0
PATIENCE_SECONDS = 20.0
WRONG_USE = 2
WAITING = """
SELECT * FROM
(SELECT count(*) AS outbox, coalesce(extract(epoch FROM clock_timestamp() - min(written_at)), 0)::float8 AS age
 FROM outbox) AS waiting,
(SELECT count(*) AS parked FROM parked) AS parked
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Everything that makes one service: read it and know what it serves and reacts to."""

    name: str
    title: str
    migrations: Path
    metadata: MetaData
    routers: Sequence[APIRouter]
    straight: Mapping[str, Endpoint] = field(default_factory=dict)
    """Path → the short way of a POST that one of the routers documents."""
    reactions: Reactions = NONE
    at_once: Hearers = field(default_factory=dict)
    """Event type → the handler of a capability above the one that says it, within the same transaction."""
    timers: Sequence[Timer] = ()
    settings: type[Settings] = Settings
    resources: Callable[["Host"], AbstractAsyncContextManager[None]] | None = None
    """Opens what only this service has (a worker process, a client) and puts it on `host.app.state`; may add timers and
    what is measured."""


@dataclass(slots=True)
class Host:
    """One running service; made by `host_of`."""

    service: Service
    settings: Settings
    parts: frozenset[str]
    telemetry: Telemetry
    database: Database
    effects: Effects
    app: FastAPI
    timers: list[Timer] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    consumer: Consumer | None = None
    clockwork: Timers | None = None
    relay: Relay | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start every part; on the way out stop them and give back what they held.

        The relay ends last: what the others have still written is on Kafka before the process is gone.
        """
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.telemetry.tracing.close)
            stack.push_async_callback(self.database.close)
            await check_schema(self.database.engine, self.service.migrations)
            if self.service.resources is not None:
                await stack.enter_async_context(self.service.resources(self))
            parts = self._parts()
            if self.relay is not None:
                stack.push_async_callback(_cancel, [_watched(self.relay.run())])
                stack.push_async_callback(self.relay.drain)
            stack.push_async_callback(_cancel, [_watched(part) for part in parts])
            yield

    def _parts(self) -> list[Coroutine[Any, Any, None]]:
        """Everything that runs but the relay, which is made here too."""
        name, settings, lane = self.service.name, self.settings, Lane(self.settings.lane)
        relay_name = f"{name}-relay-{settings.instance}"
        if "relay" in self.parts:
            self.relay = Relay(self.database, settings.kafka, relay_name, self.telemetry, lane)
        bell = Bell(self.database)
        running: list[Coroutine[Any, Any, None]] = [bell.run(), self._measure()]
        clockwork = self.clockwork = Timers(self.database, self.timers, self.telemetry)

        def committed() -> None:
            (self.relay or bell).ring()
            clockwork.wake()

        self.database.on_commit = committed
        if "consumer" in self.parts:
            running += [self.clockwork.run(), prune_for_ever(self.database)]
            if self.service.reactions.topics:
                self.consumer = Consumer(
                    service=name,
                    instance=settings.instance,
                    bootstrap=settings.kafka,
                    topics=self.service.reactions.topics,
                    effects=self.effects,
                    rest_seconds=self.service.reactions.rest_seconds,
                    telemetry=self.telemetry,
                    lane=lane,
                )
                running.append(self.consumer.run())
        return running

    async def _measure(self) -> None:
        while True:
            if self.settings.parent_pid and os.getppid() != self.settings.parent_pid:
                signal.raise_signal(signal.SIGTERM)
            if self.consumer is not None:
                with suppress(KafkaError, OSError):
                    await self.consumer.measure()
            with suppress(*FAULTS):
                async with asyncio.timeout(PATIENCE_SECONDS), self.database.work() as work:
                    await self._waiting(work)
                    for measured in self.measured:
                        await measured.look(work)
            await asyncio.sleep(MEASURE_SECONDS)

    async def _waiting(self, work: Work) -> Mapping[str, Any]:
        """What waits in the outbox and what is parked, shown as metrics too: they must rise where Kafka is away."""
        waiting: Mapping[str, Any] = await (await work.sql()).fetchrow(WAITING)
        self.telemetry.outbox_depth.set(waiting["outbox"])
        self.telemetry.outbox_age_seconds.set(waiting["age"])
        self.telemetry.parked.set(waiting["parked"])
        return waiting

    async def missing(self) -> dict[str, str]:
        """What is needed to serve and is not there; empty when ready."""
        try:
            async with asyncio.timeout(2), self.database.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (OSError, TimeoutError, DBAPIError, PoolTimeoutError):
            return {"database": "does not answer"}
        return {}

    async def state(self) -> dict[str, Any]:
        """Counts and instants that say whether anything is still to be done.

        What was taken is read before what waits in the outbox, and what is due before both: whatever moves on meanwhile
        is seen at its next place, never nowhere.
        """
        taken = await self.consumer.taken() if self.consumer else {}
        async with self.database.work() as work:
            due = await self.clockwork.due(work) if self.clockwork else []
            waiting = await self._waiting(work)
        next_due_at = min((instant for _, instant in due), default=None)
        now = self.database.clock.now()
        if self.clockwork and next_due_at is not None and next_due_at <= now:
            self.clockwork.wake()
        return {
            "service": self.service.name,
            "now": now,
            "next_due_at": next_due_at,
            "due": next_due_at is not None and next_due_at <= now,
            "outbox": waiting["outbox"],
            "parked": waiting["parked"],
            "topics": tuple(map(Lane(self.settings.lane).topic, self.service.reactions.topics)),
            "taken": taken,
        }


def host_of(
    service: Service,
    settings: Settings,
    parts: Sequence[str] = PARTS,
    *,
    business_clock: Clock | None = None,
    tracing: Tracing | None = None,
) -> Host:
    """Put a service together; connects nothing. Clock and tracing stand in for what the settings name."""
    database = Database(
        engine_for(settings.database_url.get_secret_value(), settings.pool_size),
        business_clock or clock_from(settings.clock),
    )
    database.at_once = service.at_once
    telemetry = Telemetry(service.name, tracing or tracing_of(settings))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with host.running():
            yield

    app = application(service, lifespan, routes="api" in parts)
    app.state.database = database
    app.state.telemetry = telemetry
    app.state.settings = settings
    app.state.verifier = auth.Verifier(settings.jwks)
    app.add_middleware(Worded)
    if service.straight and "api" in parts:
        app.add_middleware(Straight, endpoints=service.straight)
    app.add_middleware(Edge, telemetry=telemetry)
    effects = Effects(service.name, database, service.reactions, telemetry)
    host = Host(service, settings, frozenset(parts), telemetry, database, effects, app, list(service.timers))
    app.include_router(health(host.missing, host.state))
    app.include_router(dead_letters.router_for(effects))
    return host


def application(service: Service, lifespan: Any = None, *, routes: bool = True) -> FastAPI:  # noqa: ANN401
    """The service's FastAPI application; also what its OpenAPI document is made from."""
    return assembled(service.title, lifespan, service.routers if routes else ())


def main(service: Service) -> None:
    """`python -m services.NAME [api|consumer|relay|all|migrate]`; exits 2 on wrong use or settings."""
    part = sys.argv[1] if len(sys.argv) > 1 else "all"
    if part not in (*PARTS, "all", "migrate"):
        sys.stderr.write(f"unknown part {part!r}: use one of {', '.join(PARTS)}, all, migrate\n")
        raise SystemExit(WRONG_USE)
    settings = load(service.settings, service.name)
    log.configure(service.name, settings.log_level, settings.instance)
    if part == "migrate":
        import_module("shared.migrating").migrate(service.migrations, settings.database_url.get_secret_value())
        return
    host = host_of(service, settings, PARTS if part == "all" else (part,))
    collecting.settle()
    try:
        uvicorn.run(
            host.app,
            host=settings.http_host,
            port=settings.http_port,
            loop="uvloop",
            http="httptools",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=5,
        )
    except SchemaBehind as behind:
        raise SystemExit(str(behind)) from None


def _watched(part: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Run a part. One that fails takes the process with it: half alive, nobody would start it anew."""
    task = asyncio.create_task(part)
    task.add_done_callback(_ended)
    return task


def _ended(task: asyncio.Task[None]) -> None:
    fault = asyncio.CancelledError() if task.cancelled() else task.exception()
    if fault is not None:
        logger.error("part-failed", error=type(fault).__name__)
        signal.raise_signal(signal.SIGTERM)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.remove_done_callback(_ended)
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
