"""Every refusal that a test is given is held to the service's API document: its code has to stand there."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from fastapi import FastAPI

from shared.auth import ROLE_MISSING
from shared.problem import MEDIA_TYPE

REFUSING = (403, 409)
Operation = tuple[str, re.Pattern[str], dict[str, Any]]
KNOWN: dict[str, list[Operation]] = {}
"""Title of a service → its operations, read when its first refusal comes."""


def documented_in(app: FastAPI) -> Callable[[httpx.Response], Awaitable[None]]:
    """For an HTTP client's hook on responses. What is told in a page is left alone."""

    async def check(response: httpx.Response) -> None:
        if response.status_code not in REFUSING or response.headers.get("Content-Type") != MEDIA_TYPE:
            return
        await response.aread()
        if app.title not in KNOWN:
            KNOWN[app.title] = _operations(app.openapi())
        request, status = response.request, str(response.status_code)
        if operation := _asked(KNOWN[app.title], request.method, request.url.path):
            code, codes = response.json()["code"], codes_of(operation, status) or {ROLE_MISSING}
            assert code in codes, f"{request.method} {request.url.path}: its document lacks {code} ({status})"

    return check


def codes_of(operation: dict[str, Any], status: str) -> set[str]:
    """The codes that an operation of an API document can answer with that status, as `refusals` writes them."""
    schema = operation["responses"].get(status, {}).get("content", {}).get(MEDIA_TYPE, {}).get("schema", {})
    parts = [part["properties"]["code"] for part in schema.get("allOf", ()) if "properties" in part]
    return {code for part in parts for code in part["enum"]}


def _operations(document: dict[str, Any]) -> list[Operation]:
    """Those with the most words of their own first: an id may have slashes, and fit another's words."""
    paths = sorted(document["paths"].items(), key=lambda one: -len(re.sub(r"{.*?}", "", one[0])))
    return [(method.upper(), _pattern(path), one) for path, methods in paths for method, one in methods.items()]


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("".join(".+" if part.startswith("{") else re.escape(part) for part in re.split(r"({.*?})", path)))


def _asked(operations: list[Operation], method: str, path: str) -> dict[str, Any] | None:
    return next((one for verb, pattern, one in operations if verb == method and pattern.fullmatch(path)), None)
