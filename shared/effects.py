"""From records to effects: each event exactly once, whatever dies and whatever comes.

A batch is one transaction: inbox, handlers, outbox. When it fails its events are tried one by one; one that keeps
failing, or cannot be read at all, goes to the dead letters with the error's type and parks its aggregate, and the rest
goes on. A database that does not answer is nobody's fault: `Outage`, and the batch is tried again as it is.

Invariant: what `take` returns from is committed, as an effect or as a parked record.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared import inbox
from shared.broker import dead_letters_of
from shared.clock import wall_now
from shared.codec import Undecodable, decode
from shared.database import Database
from shared.envelope import Headers, Headless, Outgoing, caused_by, unseal
from shared.inbox import Received, Record
from shared.log import logger
from shared.reactions import Reactions
from shared.telemetry import Telemetry
from shared.work import Work

ATTEMPTS = 5
BACK_OFF_SECONDS = 0.05
CONNECTION_LOST = ("08", "57P", "53300")
"""SQLSTATE classes that say the server is away, shutting down, starting up or full, not that a statement is wrong."""

log = logger(__name__)


class Outage(ConnectionError):
    """The database does not answer."""


class Effects:
    """What one service does with the records it receives."""

    def __init__(self, service: str, database: Database, reactions: Reactions, telemetry: Telemetry) -> None:
        self._service = service
        self._database = database
        self._reactions = reactions
        self._telemetry = telemetry

    async def take(self, records: Sequence[Record]) -> None:
        """Take a batch in order. Raises `Outage` when the database is away; then nothing, or a part, was taken."""
        received = [one for record in records if (one := await self._read(record)) is not None]
        if received and await self._attempt(received) is not None:
            for one in received:
                await self._take_alone(one)

    async def _read(self, record: Record) -> Received | None:
        """The event in the record; None when it is not for us, or cannot be read and is buried."""
        try:
            envelope = unseal(record.headers)
        except Headless:
            await self._bury(record, "headless", aggregate=None, event_type=None)
            return None
        if envelope.type not in self._reactions.types:
            return None
        try:
            event = decode(envelope.type, record.value or b"")
        except Undecodable as reason:
            log.warning("event-undecodable", type=envelope.type, reason=reason.fields)
            aggregate = f"{envelope.source}:{envelope.subject}"
            await self._bury(record, "undecodable", aggregate=aggregate, event_type=envelope.type)
            return None
        return Received(record=record, envelope=envelope, event=event)

    async def _take_alone(self, received: Received) -> None:
        """One event in its own transaction, a few times; then it is a dead letter."""
        fault: str | None = None
        for attempt in range(ATTEMPTS):
            fault = await self._attempt([received])
            if fault is None:
                return
            await asyncio.sleep(BACK_OFF_SECONDS * 2**attempt)
        reason = fault or "unknown"
        await self._bury(received.record, reason, aggregate=received.aggregate, event_type=received.envelope.type)

    async def _attempt(self, batch: Sequence[Received]) -> str | None:
        """One transaction for all. None when it has committed, else the type of what went wrong."""
        try:
            async with self._transaction() as work:
                await self._react(batch, work)
        except Outage:
            raise
        except Exception as fault:  # noqa: BLE001 - whatever a handler raises must not stop the events behind it
            log.warning("reaction-failed", error=type(fault).__name__, events=len(batch))
            return type(fault).__name__
        now = wall_now()
        for one in batch:
            self._telemetry.handled_total.labels(type=one.envelope.type, outcome="taken").inc()
            self._telemetry.event_age_seconds.observe(max(0.0, (now - one.record.written_at).total_seconds()))
        return None

    async def _react(self, batch: Sequence[Received], work: Work) -> None:
        fresh = await inbox.take(await work.sql(), batch)
        if self._reactions.projection is not None:
            await self._reactions.projection(fresh, work)
            return
        for one in fresh:
            with caused_by(one.envelope.origin):
                await self._reactions.handlers[type(one.event)](one.event, work)

    async def _bury(self, record: Record, reason: str, *, aggregate: str | None, event_type: str | None) -> None:
        """Park the record and say so on the dead letters, once."""
        async with self._transaction() as work:
            parked = await inbox.park(
                await work.sql(), record, aggregate=aggregate, event_type=event_type, reason=reason
            )
            if parked:
                work.said.append(dead_letter(self._service, record, reason))
        if parked:
            self._telemetry.dead_letters_total.inc()
            log.error("dead-letter", type=event_type, reason=reason, topic=record.topic, offset=record.offset)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Work]:
        """A unit of work whose loss of the database is an `Outage`."""
        try:
            async with self._database.work() as work:
                yield work
        except (OSError, PoolTimeoutError, DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError) as fault:
            if is_outage(fault):
                raise Outage from None
            raise


def is_outage(fault: BaseException) -> bool:
    """Whether the database is away, rather than the statement wrong."""
    if isinstance(fault, DBAPIError):
        cause = getattr(fault.orig, "__cause__", None)
        return fault.connection_invalidated or (cause is not None and is_outage(cause))
    if isinstance(fault, asyncpg.PostgresError):
        return str(fault.sqlstate or "").startswith(CONNECTION_LOST)
    return isinstance(fault, (OSError, PoolTimeoutError, asyncpg.InterfaceError))


def dead_letter(service: str, record: Record, reason: str) -> Outgoing:
    """The record as it came, with where from and why, for the service's dead-letter topic."""
    origin: Headers = [
        ("dead-topic", record.topic.encode()),
        ("dead-partition", str(record.partition).encode()),
        ("dead-offset", str(record.offset).encode()),
        ("dead-reason", reason.encode()),
    ]
    return Outgoing(
        topic=dead_letters_of(service),
        key=(record.key or b"").decode("utf-8", "replace"),
        headers=[*record.headers, *origin],
        value=record.value,
    )
