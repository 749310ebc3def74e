"""What an operator does with parked events: look, try again, or let go; and who did what, when.

Parked events are grouped by a fingerprint: the same type failing for the same reason. Events that queue behind another
of their aggregate go with it and have no group of their own.

Invariant: the events of one aggregate are taken in the order they came, each once; a second failure leaves all of them
parked as they were. Each decision is logged in the transaction that carries it out. Nothing here shows a payload.
"""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from shared.auth import CurrentCaller, Role, may
from shared.dead_letter_views import DecisionView, GroupView, OneView, ParkedView, Resolved
from shared.effects import Effects
from shared.envelope import Headers
from shared.http import QueryRunner, refusals
from shared.inbox import BEHIND, Record
from shared.outbox import unpack_headers
from shared.problem import problem
from shared.work import Missing, Work

STILL_FAILING = "still-failing"
ParkedId = Annotated[int, Path(ge=1, lt=2**63)]

FINGERPRINT = "left(md5(coalesce(type, '') || ' ' || reason), 12)"
PARKED = f'id, topic, partition, "offset", aggregate, type, reason, attempts, parked_at, {FINGERPRINT} AS fingerprint'
LIST = f"""
SELECT {PARKED} FROM parked WHERE $1::text IS NULL OR ({FINGERPRINT} = $1 AND reason <> $2) ORDER BY id LIMIT 1000
"""  # noqa: S608 - column names of this file
GROUPS = f"""
SELECT {FINGERPRINT} AS fingerprint, type, reason, count(*) AS events, max(attempts) AS attempts,
       min(parked_at) AS first_at, max(parked_at) AS last_at,
       (SELECT count(*) FROM parked AS later
        WHERE later.reason = $1 AND later.aggregate = ANY(array_agg(head.aggregate))) AS behind
FROM parked AS head WHERE reason <> $1 GROUP BY type, reason ORDER BY min(id) LIMIT 1000
"""  # noqa: S608 - column names of this file
ONE = f"SELECT {PARKED}, headers, octet_length(value) AS value_bytes FROM parked WHERE id = $1"  # noqa: S608 - as above
GROUP = """
SELECT id, topic, partition, "offset", key, headers, value, parked_at FROM parked
WHERE id = $1 OR aggregate = (SELECT aggregate FROM parked WHERE id = $1) ORDER BY id FOR UPDATE
"""
REMOVE = "DELETE FROM parked WHERE id = ANY($1::bigint[])"
TRIED = "UPDATE parked SET attempts = attempts + 1 WHERE id = ANY($1::bigint[])"
LOG = """
INSERT INTO dead_letter_log (who, action, fault, topic, partition, "offset", aggregate, type)
SELECT $2, $3, $4, topic, partition, "offset", aggregate, type FROM parked WHERE id = ANY($1::bigint[]) ORDER BY id
"""
DECISIONS = """
SELECT decided_at, who, action, fault, topic, partition, "offset", aggregate, type FROM dead_letter_log
ORDER BY id DESC LIMIT 1000
"""


def router_for(effects: Effects) -> APIRouter:
    """The operator's routes of one service."""
    router = APIRouter(prefix="/dead-letters", tags=["dead letters"], dependencies=[may(Role.OPERATOR)])

    @router.get("")
    async def dead_letters(queries: QueryRunner, fingerprint: str | None = None) -> list[ParkedView]:
        """The oldest thousand parked events, or those of one group."""
        return [ParkedView.model_validate(row) for row in await queries.run(parked, fingerprint)]

    @router.get("/groups")
    async def dead_letter_groups(queries: QueryRunner) -> list[GroupView]:
        """What is parked, by type and reason, the oldest first."""
        return [GroupView.model_validate(row) for row in await queries.run(groups)]

    @router.get("/decisions")
    async def decisions(queries: QueryRunner) -> list[DecisionView]:
        """Who redrove or dropped what, the latest thousand first."""
        return [DecisionView.model_validate(row) for row in await queries.run(decided)]

    @router.get("/{parked_id}")
    async def dead_letter(parked_id: ParkedId, queries: QueryRunner) -> OneView:
        """One parked event with its headers; never what is in it."""
        return OneView.model_validate(await queries.run(one, parked_id))

    @router.post("/{parked_id}/redrive", response_model=Resolved, responses=refusals(STILL_FAILING))
    async def redrive(parked_id: ParkedId, queries: QueryRunner, caller: CurrentCaller) -> Response | Resolved:
        """Take the event and all that queue behind it, in order; 409 with the fault's type when one fails again."""
        events = len(await queries.run(behind, parked_id))
        fault = await effects.redrive(partial(withdraw, parked_id=parked_id, who=caller.subject, action="redrive"))
        if fault is None:
            return Resolved(events=events)
        await queries.run(note_failure, parked_id, caller.subject, fault)
        return problem(409, STILL_FAILING, "The event cannot be taken yet", fault, remedy="mend its cause, try again")

    @router.delete("/{parked_id}")
    async def drop(parked_id: ParkedId, queries: QueryRunner, caller: CurrentCaller) -> Resolved:
        """Let the event and all that queue behind it go, without effect; the aggregate's next events are taken."""
        return Resolved(events=await queries.run(drop_with_those_behind, parked_id, caller.subject))

    return router


async def parked(fingerprint: str | None, work: Work) -> list[dict[str, Any]]:
    """Parked events, oldest first, without their payload."""
    return [dict(row) for row in await (await work.sql()).fetch(LIST, fingerprint, BEHIND)]


async def groups(work: Work) -> list[dict[str, Any]]:
    """What is parked, by type and reason."""
    return [dict(row) for row in await (await work.sql()).fetch(GROUPS, BEHIND)]


async def decided(work: Work) -> list[dict[str, Any]]:
    """The log, latest first."""
    return [dict(row) for row in await (await work.sql()).fetch(DECISIONS)]


async def one(parked_id: int, work: Work) -> dict[str, Any]:
    """A parked event, with its headers as texts. Raises `Missing`."""
    row = await (await work.sql()).fetchrow(ONE, parked_id)
    if row is None:
        raise Missing("dead-letter", parked_id)
    return {**row, "headers": _texts(unpack_headers(row["headers"]))}


async def behind(parked_id: int, work: Work) -> list[Any]:
    """The event and those that lie behind it, locked. Raises `Missing` when it is not there."""
    rows: list[Any] = await (await work.sql()).fetch(GROUP, parked_id)
    if not rows:
        raise Missing("dead-letter", parked_id)
    return rows


async def drop_with_those_behind(parked_id: int, who: str, work: Work) -> int:
    """Let them go; how many. Raises `Missing` when there is nothing."""
    await behind(parked_id, work)
    return len(await withdraw(work, parked_id=parked_id, who=who, action="drop"))


async def note_failure(parked_id: int, who: str, fault: str, work: Work) -> None:
    """A redrive has changed nothing: count it, and log it with the type of what went wrong."""
    await (await work.sql()).execute(TRIED, [parked_id])
    await (await work.sql()).execute(LOG, [parked_id], who, "redrive", fault)


async def withdraw(work: Work, *, parked_id: int, who: str, action: str) -> Sequence[Record]:
    """Take an event, and those of its aggregate, out of the parking, in the order they came, and log it."""
    connection = await work.sql()
    rows = await connection.fetch(GROUP, parked_id)
    ids = [row["id"] for row in rows]
    await connection.execute(LOG, ids, who, action, None)
    await connection.execute(REMOVE, ids)
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


def _texts(headers: Headers) -> list[tuple[str, str | None]]:
    return [(name, None if value is None else value.decode("utf-8", "replace")) for name, value in headers]
