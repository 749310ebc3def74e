"""What an operator does with parked events: look, try again, or let go.

Invariant: the events of one aggregate are taken in the order they came, each once; a second failure leaves all of them
parked as they were. Nothing here shows a payload.
"""

from datetime import datetime
from functools import partial
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel

from shared.auth import Role, may
from shared.effects import Effects
from shared.http import QueryRunner
from shared.inbox import Record
from shared.outbox import unpack_headers
from shared.problem import problem
from shared.work import Missing, Work

LIST = """
SELECT id, topic, partition, "offset", aggregate, type, reason, parked_at FROM parked ORDER BY id LIMIT 1000
"""
GROUP = """
SELECT id, topic, partition, "offset", key, headers, value, parked_at FROM parked
WHERE id = $1 OR aggregate = (SELECT aggregate FROM parked WHERE id = $1) ORDER BY id FOR UPDATE
"""
REMOVE = "DELETE FROM parked WHERE id = ANY($1::bigint[])"


class ParkedView(BaseModel):
    """A parked event: where it came from and why it lies here."""

    id: int
    topic: str
    partition: int
    offset: int
    aggregate: str | None
    type: str | None
    reason: str
    parked_at: datetime


class Resolved(BaseModel):
    """How many parked events were taken or dropped."""

    events: int


def router_for(effects: Effects) -> APIRouter:
    """The operator's routes of one service."""
    router = APIRouter(prefix="/dead-letters", tags=["dead letters"], dependencies=[may(Role.OPERATOR)])

    @router.get("")
    async def dead_letters(queries: QueryRunner) -> list[ParkedView]:
        """The oldest thousand parked events."""
        return [ParkedView.model_validate(row) for row in await queries.run(parked)]

    @router.post("/{parked_id}/redrive", response_model=Resolved)
    async def redrive(parked_id: int, queries: QueryRunner) -> Response | Resolved:
        """Take the event and all that queue behind it, in order; 409 with the fault's type when one fails again."""
        events = await queries.run(behind, parked_id)
        fault = await effects.redrive(partial(withdraw, parked_id=parked_id))
        if fault is None:
            return Resolved(events=events)
        return problem(409, "still-failing", "The event cannot be taken yet", fault, remedy="mend its cause, try again")

    @router.delete("/{parked_id}")
    async def drop(parked_id: int, queries: QueryRunner) -> Resolved:
        """Let the event and all that queue behind it go, without effect; the aggregate's next events are taken."""
        return Resolved(events=await queries.run(drop_with_those_behind, parked_id))

    return router


async def parked(work: Work) -> list[dict[str, Any]]:
    """Every parked event, oldest first, without its payload."""
    return [dict(row) for row in await (await work.sql()).fetch(LIST)]


async def behind(parked_id: int, work: Work) -> int:
    """How many events lie with this one, itself included. Raises `Missing` when it is not there."""
    rows = await (await work.sql()).fetch(GROUP, parked_id)
    if not rows:
        raise Missing("dead-letter", parked_id)
    return len(rows)


async def drop_with_those_behind(parked_id: int, work: Work) -> int:
    """Let them go. Raises `Missing` when there is nothing."""
    events = await behind(parked_id, work)
    await withdraw(work, parked_id=parked_id)
    return events


async def withdraw(work: Work, *, parked_id: int) -> list[Record]:
    """Take an event, and those of its aggregate, out of the parking, in the order they came."""
    connection = await work.sql()
    rows = await connection.fetch(GROUP, parked_id)
    await connection.execute(REMOVE, [row["id"] for row in rows])
    return [
        Record(
            topic=row["topic"],
            partition=row["partition"],
            offset=row["offset"],
            key=row["key"],
            value=row["value"],
            headers=tuple(unpack_headers(row["headers"])),
            written_at=row["parked_at"],
        )
        for row in rows
    ]
