"""Waiting for an effect with a deadline, instead of sleeping and hoping."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
POLL_SECONDS = 0.01


async def until(predicate: Callable[[], T | Awaitable[T]], *, seconds: float = 10.0) -> T:
    """The first truthy answer of `predicate` (plain or async); `TimeoutError` names it after `seconds`."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        answer = predicate()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return answer
        if asyncio.get_running_loop().time() >= deadline:
            name = getattr(predicate, "__qualname__", repr(predicate))
            raise TimeoutError(f"{name} was still {answer!r} after {seconds} s")
        await asyncio.sleep(POLL_SECONDS)
