"""How the clients of a run ask for what has to come in the end, and look for it, with patience that ends.

Invariant: whoever is refused asks anew under a new key, as a person would; what never comes is `Stuck`, in words.
"""

import asyncio
import time
from collections.abc import Callable
from itertools import count
from typing import Any

from tests.chaos.history import Answer, Client

STUCK_SECONDS = 60.0
PAUSE_SECONDS = 0.1


class Stuck(TimeoutError):
    """Something that had to come has not come."""


class Asking:
    """Asks by way of one client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def must(
        self, name: str, service: str, path: str, body: Any = None, *, role: str, method: str = "POST"
    ) -> Answer:
        """Ask until it is granted, each time under a new key; `Stuck` with the last code when it never is."""
        deadline = time.monotonic() + STUCK_SECONDS
        for attempt in count():
            answer = await self._client.ask(f"{name} #{attempt}", service, path, body, role=role, method=method)
            if answer.good:
                return answer
            assert answer.code != "invalid-input", f"{name}: {answer.body!r}"
            if time.monotonic() > deadline:
                raise Stuck(f"{name} at {service} is refused for {STUCK_SECONDS:.0f} s: {answer.status} {answer.code}")
            await asyncio.sleep(PAUSE_SECONDS * (1 + attempt))
        raise AssertionError

    async def until(
        self, what: str, service: str, path: str, role: str, there: Callable[[Any], Any], **params: Any
    ) -> Any:
        """Look until it is there; `Stuck` when it does not come."""
        deadline = time.monotonic() + STUCK_SECONDS
        while True:
            found = await self._client.look(service, path, role=role, **params)
            if found is not None and there(found):
                return found
            if time.monotonic() > deadline:
                raise Stuck(f"{what} has not come to {service} in {STUCK_SECONDS:.0f} s")
            await asyncio.sleep(PAUSE_SECONDS)
