"""A short way through the edge for the few commands that arrive by the thousand a second.

FastAPI's routing, dependencies and parsing cost several times what such a command itself does. A straight endpoint
stands in front of its FastAPI route and takes the requests that are plainly good: a small JSON body that fits, a valid
token, a key. Everything else goes on to the route, which documents the command and words every refusal.

Invariant: a straight endpoint answers as its route would have. It says nothing of its own: what it does not take, the
route sees as it came.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY_BYTES = 4096
JSON = b"application/json"


@dataclass(frozen=True, slots=True)
class Plain:
    """A request with a small JSON body; `headers` by lower-case name, as they came."""

    scope: Scope
    headers: Mapping[bytes, bytes]
    body: bytes

    @property
    def state(self) -> Any:  # noqa: ANN401 - Starlette's own
        """The application's state."""
        return self.scope["app"].state


@dataclass(frozen=True, slots=True)
class Template:
    """What metrics call the route."""

    path: str


Endpoint = Callable[[Plain], Awaitable[Response | None]]
"""Answers a request, or None where the route is to do it; then nothing must have happened."""


class Straight:
    """Middleware that offers POST requests to the endpoint of their path, and all others to the application."""

    def __init__(self, app: ASGIApp, endpoints: Mapping[str, Endpoint]) -> None:
        self._app = app
        self._endpoints = endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        endpoint = self._endpoints.get(scope.get("path", "")) if scope.get("method") == "POST" else None
        headers = dict(scope["headers"]) if endpoint else {}
        if endpoint is None or headers.get(b"content-type") != JSON or not _is_small(headers):
            await self._app(scope, receive, send)
            return
        first = await receive()
        if first["type"] == "http.request" and not first.get("more_body"):
            response = await endpoint(Plain(scope, headers, first.get("body", b"")))
            if response is not None:
                scope["route"] = Template(scope["path"])
                await response(scope, receive, send)
                return
        await self._app(scope, _after(first, receive), send)


def _is_small(headers: Mapping[bytes, bytes]) -> bool:
    length = headers.get(b"content-length", b"")
    return length.isdigit() and int(length) <= LARGEST_BODY_BYTES


def _after(first: Message, receive: Receive) -> Receive:
    """`receive` as it was before its first message was read."""
    unread = [first]

    async def again() -> Message:
        return unread.pop() if unread else await receive()

    return again
