"""From records to effects: each event exactly once, whatever dies and whatever comes.

A batch is one transaction: inbox, handlers, outbox. When it fails its events are tried one by one; one that keeps
failing, or cannot be read at all, goes to the dead letters with the error's type and parks its aggregate, and the rest
goes on. A database that does not answer is nobody's fault: `Outage`, and the batch is tried again as it is.

Invariant: what `take` returns from is committed, as an effect or as a parked record.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import asyncpg
from sqlalchemy.exc import DBAPIError

from shared import inbox
from shared.broker import dead_letters_of
from shared.clock import wall_now
from shared.codec import Undecodable, decode
from shared.database import FAULTS, Database
from shared.envelope import Headers, Headless, Outgoing, caused_by, unseal
from shared.inbox import Received, Record
from shared.log import logger
from shared.reactions import Reactions
from shared.tables import LARGEST_VALUE_BYTES
from shared.telemetry import Telemetry
from shared.work import Work

ATTEMPTS = 5
BACK_OFF_SECONDS = 0.05
CONNECTION_LOST = ("08", "57P", "53100", "53300", "55P03")
"""SQLSTATE classes that say the server is away, shutting down, starting up, without disk space or connections, or
holding a lock for too long (as while a projection is rebuilt), not that a statement is wrong."""
NUL = "\0"
"""No text column takes it; a key that is no text may hold it."""

log = logger(__name__)


class Outage(ConnectionError):
    """The database does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Why a record has to be parked: a code or an error's type, never a value."""

    reason: str
    aggregate: str | None = None
    type: str | None = None


class Effects:
    """What one service does with the records it receives."""

    def __init__(self, service: str, database: Database, reactions: Reactions, telemetry: Telemetry) -> None:
        self._service = service
        self._database = database
        self._reactions = reactions
        self._telemetry = telemetry

    async def take(self, records: Sequence[Record]) -> None:
        """Take a batch in order. Raises `Outage` when the database is away; at most a first part is taken then."""
        readable: list[Received] = []
        for record in records:
            one = read(record, self._reactions.types)
            if isinstance(one, Received):
                readable.append(one)
            elif isinstance(one, Unreadable):
                await self._take_readable(readable)
                await self._bury(record, one)
                readable = []
        await self._take_readable(readable)

    async def redrive(self, withdraw: Callable[[Work], Awaitable[Sequence[Record]]]) -> str | None:
        """Take what `withdraw` takes out of the parking, all or nothing. None, or the type of what went wrong."""

        async def effect(work: Work) -> None:
            for record in await withdraw(work):
                one = read(record, self._reactions.types)
                if isinstance(one, Unreadable):
                    raise Undecodable(one.reason)
                if one is not None:
                    await self._react([one], work)

        return await self._attempt(effect)

    async def _take_readable(self, batch: Sequence[Received]) -> None:
        """Together; where that fails, one by one."""
        if not batch:
            return
        if await self._attempt(partial(self._react, batch)) is not None:
            for one in batch:
                await self._take_alone(one)
        for event_type, events in Counter(one.envelope.type for one in batch).items():
            self._telemetry.handled_total.labels(type=event_type, outcome="taken").inc(events)
        oldest = min(one.record.written_at for one in batch)
        self._telemetry.event_age_seconds.observe(max(0.0, (wall_now() - oldest).total_seconds()))

    async def _take_alone(self, received: Received) -> None:
        """One event in its own transaction, a few times; then it is a dead letter."""
        fault: str | None = None
        for attempt in range(ATTEMPTS):
            fault = await self._attempt(partial(self._react, [received]))
            if fault is None:
                return
            await asyncio.sleep(BACK_OFF_SECONDS * 2**attempt)
        why = Unreadable(reason=str(fault), aggregate=received.aggregate, type=received.envelope.type)
        await self._bury(received.record, why)

    async def _attempt(self, effect: Callable[[Work], Awaitable[None]]) -> str | None:
        """One transaction. None when it has committed, else the type of what went wrong."""
        try:
            async with self._transaction() as work:
                await effect(work)
        except Outage:
            raise
        except Exception as fault:  # noqa: BLE001 - whatever a handler raises must not stop the events behind it
            log.warning("reaction-failed", error=type(fault).__name__)
            return type(fault).__name__
        return None

    async def _react(self, batch: Sequence[Received], work: Work) -> None:
        fresh = await inbox.take(await work.sql(), batch)
        tracing = self._telemetry.tracing
        if self._reactions.projection is not None:
            with ExitStack() as steps:
                for one in fresh:
                    steps.enter_context(tracing.taking(one.record.topic, one.envelope))
                await self._reactions.projection(fresh, work)
            return
        for one in fresh:
            with tracing.taking(one.record.topic, one.envelope) as step, caused_by(step.origin):
                await self._reactions.handlers[type(one.event)](one.event, work)
                await work.react()

    async def _bury(self, record: Record, why: Unreadable) -> None:
        """Park the record and say so on the dead letters, once."""
        async with self._transaction() as work:
            connection = await work.sql()
            parked = await inbox.park(
                connection, record, aggregate=why.aggregate, event_type=why.type, reason=why.reason
            )
            if parked:
                work.said.append(dead_letter(self._service, record, why.reason))
        if parked:
            self._telemetry.dead_letters_total.inc()
            log.error("dead-letter", type=why.type, reason=why.reason, topic=record.topic, offset=record.offset)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Work]:
        """A unit of work whose loss of the database is an `Outage`."""
        try:
            async with self._database.work() as work:
                yield work
        except FAULTS as fault:
            if is_outage(fault):
                raise Outage from None
            raise


def read(record: Record, types: AbstractSet[str]) -> Received | Unreadable | None:
    """The event in the record; None when it is of none of these types."""
    try:
        envelope = unseal(record.headers)
    except Headless:
        return Unreadable(reason="headless")
    if envelope.type not in types:
        return None
    try:
        event = decode(envelope.type, record.value or b"")
    except Undecodable as fault:
        log.warning("event-undecodable", type=envelope.type, reason=fault.fields)
        return Unreadable(reason="undecodable", aggregate=envelope.aggregate, type=envelope.type)
    return Received(record=record, envelope=envelope, event=event, aggregate=envelope.aggregate)


def is_outage(fault: BaseException) -> bool:
    """Whether the database is away, rather than the statement wrong."""
    if isinstance(fault, DBAPIError):
        cause = getattr(fault.orig, "__cause__", None)
        return fault.connection_invalidated or (cause is not None and is_outage(cause))
    if isinstance(fault, asyncpg.PostgresError):
        return str(fault.sqlstate or "").startswith(CONNECTION_LOST)
    return isinstance(fault, FAULTS)


def dead_letter(service: str, record: Record, reason: str) -> Outgoing:
    """The record as it came, with where from and why, for the service's dead-letter topic.

    Of a record that is too large to be sent again only where it stands and why: the whole of it lies in `parked`.
    """
    origin: Headers = [
        ("dead-topic", record.topic.encode()),
        ("dead-partition", str(record.partition).encode()),
        ("dead-offset", str(record.offset).encode()),
        ("dead-reason", reason.encode()),
    ]
    fits = _size(record) <= LARGEST_VALUE_BYTES
    return Outgoing(
        topic=dead_letters_of(service),
        key=(record.key or b"").decode("utf-8", "replace").replace(NUL, "") if fits else "",
        headers=[*record.headers, *origin] if fits else origin,
        value=record.value if fits else None,
    )


def _size(record: Record) -> int:
    """Bytes of the record, as it would be sent again."""
    headers = sum(len(name) + len(value or b"") for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers
