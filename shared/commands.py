"""The ordinary edge of a command: one transaction, one answer per idempotency key, refusals and races as statuses.

Invariant: the row that remembers a command commits with the command's effect. Of two requests with one key, at once or
days apart, one takes effect and both get the same answer; the same key with another body is refused.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from pydantic import TypeAdapter

from shared.database import Database
from shared.decision import Denied, Refused
from shared.envelope import caused_by, commanded
from shared.problem import problem
from shared.tracing import Kind, Step, Tracing
from shared.work import Missing, Stale, Work

KEY_HEADER = "Idempotency-Key"
LONGEST_KEY = 200
ATTEMPTS = 3
LOST_RACE = "stale"
OK = 200
BAD_REQUEST = 400
REPLAYED = "Idempotent-Replayed"
"""In an answer: it was given before, and nothing was done this time."""

RECALL = "SELECT body_hash, status, answer FROM command WHERE key = $1"
REMEMBER = """
INSERT INTO command (key, route, body_hash, status, answer) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (key) DO NOTHING RETURNING key
"""

Handler = Callable[..., Awaitable[Any]]


class Repeated(Exception):
    """Another request with the same key has committed in the meantime."""


class Declined(Exception):
    """Carries a refusal out of the transaction, so that nothing the handler wrote stays."""

    def __init__(self, refusal: Refused) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """What a route runs its handler with: `await commands.run(handlers.reserve_bed, command, answer=StayView)`."""

    request: Request
    database: Database

    async def run(self, handler: Handler, *arguments: Any, answer: Any) -> Response:  # noqa: ANN401 - any JSON shape
        """Run `handler(*arguments, work)` once for the request's key; `answer` is a pydantic type of its result.

        Answers 400 without a key, 403 for who is denied it, 404 for what is missing, 409 for a refusal or a lost race,
        422 for a reused key.
        """
        key = self.request.headers.get(KEY_HEADER, "")
        if not 0 < len(key) <= LONGEST_KEY:
            return no_key()
        body_hash = await self.body_hash()
        with self.step(handler.__name__, key) as step, caused_by(step.origin):
            for _ in range(ATTEMPTS):
                try:
                    return await self._once(key, body_hash, handler, arguments, _adapter(answer))
                except (Stale, Repeated):
                    continue
                except Missing as missing:
                    return not_found(missing)
        return lost_race()

    async def _once(
        self, key: str, body_hash: bytes, handler: Handler, arguments: tuple[Any, ...], adapter: TypeAdapter[Any]
    ) -> Response:
        try:
            async with self.database.work() as work:
                if stored := await recall(work, key, body_hash):
                    return stored
                result = await handler(*arguments, work)
                if isinstance(result, Refused) and not isinstance(result, Denied):
                    raise Declined(result)  # noqa: TRY301 - leaving the block is what rolls back
                await work.react()
                done = denied(result) if isinstance(result, Denied) else self._done(result, adapter)
                await self._remember(work, key, body_hash, done)
                return done
        except Declined as declined:
            no = refused(declined.refusal)
        async with self.database.work() as work:
            await self._remember(work, key, body_hash, no)
        return no

    def _done(self, result: Any, adapter: TypeAdapter[Any]) -> Response:  # noqa: ANN401
        body = adapter.dump_json(adapter.validate_python(result, from_attributes=True), by_alias=True)
        status = self.request.scope["route"].status_code or OK
        return Response(body, status, media_type="application/json")

    async def _remember(self, work: Work, key: str, body_hash: bytes, answer: Response) -> None:
        connection = await work.sql()
        route = self.request.scope["route"].path
        written = await connection.fetchrow(REMEMBER, key, route, body_hash, answer.status_code, bytes(answer.body))
        if written is None:
            raise Repeated

    def step(self, name: str, key: str) -> Step:
        """The step of a trace that is this command; what it brings names the command as its cause."""
        tracing: Tracing = self.request.app.state.telemetry.tracing
        return tracing.step(Kind.INTERNAL, name, commanded(key))

    async def body_hash(self) -> bytes:
        """Of what is asked, and by whom: method, path, caller and body."""
        caller = getattr(self.request.state, "caller", None)
        request = self.request
        return hash_of(request.method, request.url.path, caller.subject if caller else "", await request.body())


def hash_of(method: str, path: str, subject: str, body: bytes) -> bytes:
    """What tells one command from another under the same key."""
    return hashlib.sha256(f"{method} {path} {subject}\n".encode() + body).digest()


async def recall(work: Work, key: str, body_hash: bytes) -> Response | None:
    """The answer that the key has had; a refusal where it belonged to another body; None for a new key."""
    row = await (await work.sql()).fetchrow(RECALL, key)
    if row is None:
        return None
    if row["body_hash"] != body_hash:
        return key_reused()
    kind = "application/json" if row["status"] < BAD_REQUEST else "application/problem+json"
    return Response(row["answer"], row["status"], {REPLAYED: "true"}, media_type=kind)


def refused(refusal: Refused) -> Response:
    """409 with the refusal's reason as its stable code."""
    return problem(409, str(refusal.reason), "The command was refused", remedy=refusal.remedy)


def denied(denial: Denied) -> Response:
    """403 with the denial's reason as its stable code."""
    return problem(403, str(denial.reason), "Not this caller's to do", remedy=denial.remedy)


def not_found(missing: Missing) -> Response:
    """404 that names the kind of thing, and not the id: an id in an error ends up in a log."""
    return problem(404, f"{missing.args[0]}-missing", f"There is no such {missing.args[0]}", remedy="check the id")


def no_key() -> Response:
    """The answer to a command without a key."""
    remedy = f"send a new UUID as {KEY_HEADER}, and the same one when you repeat the request"
    return problem(400, "idempotency-key-missing", f"Header {KEY_HEADER} is missing or too long", remedy=remedy)


def key_reused() -> Response:
    """The answer to a known key with another body."""
    return problem(422, "idempotency-key-reused", "This key belongs to another command", remedy="send a new key")


def lost_race() -> Response:
    """The answer after the last attempt."""
    remedy = "read it again and repeat the command with a new key"
    return problem(409, LOST_RACE, "Somebody else changed it at the same time", remedy=remedy)


@cache
def _adapter(answer: Any) -> TypeAdapter[Any]:  # noqa: ANN401
    return TypeAdapter(answer)


def _commands(
    request: Request,
    _: Annotated[
        str | None,
        Header(alias=KEY_HEADER, description="needed: new for each command, the same when it is sent again"),
    ] = None,
) -> Commands:
    return Commands(request=request, database=request.app.state.database)


CommandRunner = Annotated[Commands, Depends(_commands)]
