"""The suite as its clients see it: one HTTP client for all services, a token per role, an idempotency key per wish.

Invariant: the same wish always carries the same key, so a repeated call changes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from shared.ids import derived_id

PLAY = UUID("6f1d1c06-5a64-5d0b-9d5e-0c2f4d2d9a11")
PATIENCE_SECONDS = 30.0
BAD = 400


class Unexpected(RuntimeError):
    """A service answered what nobody expected. Names the service, the route and the code, never a payload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where everything listens: base URL by service (the centre included), Kafka, and who makes tokens."""

    services: Mapping[str, str]
    kafka: str
    token: Callable[[str], str]


class Suite:
    """Calls to the services."""

    def __init__(self, addresses: Addresses) -> None:
        self.addresses = addresses
        self._http = httpx.AsyncClient(timeout=PATIENCE_SECONDS)
        self._tokens: dict[str, str] = {}

    async def close(self) -> None:
        """End all connections."""
        await self._http.aclose()

    async def get(self, service: str, path: str, *, role: str, **params: Any) -> Any:  # noqa: ANN401 - any JSON
        """What a service shows; `Unexpected` when it does not."""
        url = self.addresses.services[service] + path
        answer = await self._http.get(url, params=params, headers=self._headers(role))
        return _body(service, path, answer)

    async def command(
        self,
        service: str,
        path: str,
        body: Any = None,  # noqa: ANN401
        *,
        role: str,
        wish: str,
        method: str = "POST",
    ) -> Any:  # noqa: ANN401
        """Ask for something. `wish` names it uniquely in the run."""
        answer = await self._http.request(
            method,
            self.addresses.services[service] + path,
            json=body,
            headers={**self._headers(role), "Idempotency-Key": str(derived_id(PLAY, wish))},
        )
        return _body(service, path, answer)

    async def upload(self, service: str, path: str, text: str, *, role: str, wish: str) -> Any:  # noqa: ANN401
        """Send a CSV file."""
        headers = {
            **self._headers(role),
            "Idempotency-Key": str(derived_id(PLAY, wish)),
            "Content-Type": "text/csv; charset=utf-8",
        }
        url = self.addresses.services[service] + path
        answer = await self._http.post(url, content=text.encode(), headers=headers)
        return _body(service, path, answer)

    def _headers(self, role: str) -> dict[str, str]:
        if role not in self._tokens:
            self._tokens[role] = self.addresses.token(role)
        return {"Authorization": f"Bearer {self._tokens[role]}"}


def _body(service: str, path: str, answer: httpx.Response) -> Any:  # noqa: ANN401
    if answer.status_code < BAD:
        return answer.json()
    problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    fields = ", ".join(f"{field['field']}: {field['reason']}" for field in problem.get("fields", ()))
    code = problem.get("code", "unknown")
    raise Unexpected(
        f"{service} answered {answer.status_code} {code} to {path.split('?', maxsplit=1)[0]} {fields}".rstrip()
    )
