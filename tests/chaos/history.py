"""What every client asked and was told: the history that the checker judges by, and the client that writes it.

Invariant: a command keeps its key for ever. Whatever does not end in an answer that stands (a lost connection, a
timeout, a 5xx) is *unknown*, and is settled by repeating the same key with the same body.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from deploy.local.issuer import Issuer
from shared.ids import derived_id

CHAOS = UUID("8f1f2c55-6d0b-5a1e-9f5e-7a1d6a0c4411")
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.15
REQUEST_SECONDS = 12.0
OK, BAD, FAULT, LATER = 200, 400, 500, 503
NOT_REMEMBERED = frozenset({400, 401, 403, 404, 413, 422})
SUBJECT = "chaos"
PROBLEM = "application/problem+json"


@dataclass(slots=True)
class Answer:
    """A status and the body that came with it."""

    status: int
    body: bytes

    @property
    def good(self) -> bool:
        """Whether the command took effect."""
        return self.status < BAD

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The stable code of a refusal; empty for a good answer."""
        return "" if self.good else str(self.json.get("code", ""))


@dataclass(slots=True)
class Command:
    """One wish of one client, however often it was sent. Instants are the client's own, in monotonic seconds."""

    name: str
    service: str
    method: str
    path: str
    role: str
    body: bytes
    key: str
    sent_at: float
    answered_at: float | None = None
    unknown: int = 0
    answers: list[Answer] = field(default_factory=list)
    other_body: list[Answer] = field(default_factory=list)
    """Answers to the same key with another body."""
    unfit: list[int] = field(default_factory=list)
    """Answers that say neither what has happened nor that the same key will tell: faults of ours."""

    @property
    def answer(self) -> Answer | None:
        """The first answer that stands; None while the outcome is unknown."""
        return self.answers[0] if self.answers else None

    @property
    def acknowledged(self) -> bool:
        """Whether the client was told that it took effect."""
        return self.answer is not None and self.answer.good

    @property
    def body_hash(self) -> bytes:
        """As the services compute it: of method, path, caller and body."""
        return hashlib.sha256(f"{self.method} {self.path} {SUBJECT}\n".encode() + self.body).digest()


class Client:
    """Sends commands and keeps their history. One HTTP client for all services."""

    def __init__(self, urls: Mapping[str, str], issuer: Issuer, seed: int) -> None:
        self.history: list[Command] = []
        self._urls = urls
        self._issuer = issuer
        self._seed = seed
        self._tokens: dict[str, str] = {}
        self._http = httpx.AsyncClient(timeout=REQUEST_SECONDS, trust_env=False)

    async def close(self) -> None:
        """End all connections."""
        await self._http.aclose()

    def id_of(self, name: str) -> UUID:
        """An id that belongs to this seed and name alone."""
        return derived_id(CHAOS, f"{self._seed} {name}")

    def new(self, name: str, service: str, path: str, body: Any = None, *, role: str, method: str = "POST") -> Command:
        """A command that is about to be sent, in the history from now on. `body` is JSON, or bytes as they are."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        key = str(derived_id(CHAOS, f"{self._seed} key {name}"))
        command = Command(name, service, method, path, role, raw, key, time.monotonic())
        self.history.append(command)
        return command

    async def ask(
        self, name: str, service: str, path: str, body: Any = None, *, role: str, method: str = "POST"
    ) -> Answer:
        """Send a new command until it has an answer that stands."""
        return await self.resolve(self.new(name, service, path, body, role=role, method=method))

    async def resolve(self, command: Command, seconds: float = PATIENCE_SECONDS) -> Answer:
        """Repeat the key until there is an answer; raises `TimeoutError` when there is none for so long."""
        deadline = time.monotonic() + seconds
        while (answer := await self.send(command)) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{command.name} at {command.service} has no answer for {seconds:.0f} s")
            await asyncio.sleep(PAUSE_SECONDS)
        return answer

    async def send(self, command: Command) -> Answer | None:
        """Send it once. None when the outcome is unknown; an answer that stands goes into the history."""
        answer = await self.exchange(command, command.body)
        if answer is None:
            command.unknown += not command.answers
            return None
        command.answered_at = command.answered_at or time.monotonic()
        command.answers.append(answer)
        return answer

    async def exchange(self, command: Command, body: bytes) -> Answer | None:
        """One request under the command's key, with any body, outside the history."""
        kind = "text/csv; charset=utf-8" if command.path.endswith("/import") else "application/json"
        headers = {**self._authorization(command.role), "Idempotency-Key": command.key, "Content-Type": kind}
        try:
            response = await self._http.request(
                command.method, self._urls[command.service] + command.path, content=body, headers=headers
            )
        except httpx.HTTPError:
            return None
        answer = Answer(response.status_code, response.content)
        if answer.status >= FAULT and not _says_again(response):
            command.unfit.append(answer.status)
            return None
        return None if answer.status >= FAULT and answer.code != "centre-unreachable" else answer

    async def look(self, service: str, path: str, *, role: str, **params: Any) -> Any:
        """What a service shows; None when it does not answer or has nothing."""
        try:
            response = await self._http.get(
                self._urls[service] + path, params=params, headers=self._authorization(role)
            )
        except httpx.HTTPError:
            return None
        return response.json() if response.status_code == OK else None

    def _authorization(self, role: str) -> dict[str, str]:
        if role not in self._tokens:
            self._tokens[role] = self._issuer.token(role, SUBJECT)
        return {"Authorization": f"Bearer {self._tokens[role]}"}


def _says_again(response: httpx.Response) -> bool:
    """Whether it is a problem document for now only."""
    return response.status_code == LATER and response.headers.get("content-type") == PROBLEM
