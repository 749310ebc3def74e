"""Requests that are good but for one value, which is as far out as its kind allows: every field of every operation.

A search at random seldom meets the last second of the calendar in a request that is right otherwise.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from shared.ids import new_id
from tests.contracts.asking import Known

Operation = dict[str, Any]

NONE_OF_THEM = (None, [], {}, True)
EXTREMES = {
    "date-time": ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-03-03T00:00:00", 10**30),
    "date": ("0001-01-01", "9999-12-31", "2026-02-30"),
    "integer": (2**31, -(2**31) - 1, 2**63, 10**30, 1.5),
    "number": (1e308, -1e308, 10**400),
    "string": ("", " ", "\0", "\ud800", "a" * 5000, "%"),
}
PLAIN = {"uuid": "0192f0c1-7a10-7000-8000-000000000001", "date": "2026-03-03", "date-time": "2026-03-03T00:00:00Z"}


@dataclass(frozen=True)
class Wild:
    """A request: its parameters by place and name, its body, and which value in it is the wild one."""

    parameters: dict[tuple[str, str], Any]
    body: Any
    what: str


class Document:
    """An API document, read for what fits it."""

    def __init__(self, told: dict[str, Any], known: Known) -> None:
        self._schemas = told.get("components", {}).get("schemas", {})
        self._known = known

    def requests(self, operation: Operation) -> Iterator[Wild]:
        """The good request, and all that are wild in one place."""
        told = operation.get("parameters", [])
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        good = {
            (one["in"], one["name"]): self._good(one["schema"], one["name"]) for one in told if one["in"] != "header"
        }
        body = None if content is None else self._good(content["schema"])
        yield Wild(good, body, "nothing")
        for one in told:
            place = one["in"], one["name"]
            if one["in"] != "header":
                for extreme in self._extremes(one["schema"]):
                    yield Wild(good | {place: extreme}, body, f"{place[1]} in {place[0]}: {extreme!r:.40}")
        if content is not None:
            for where, schema in self._places(content["schema"], ()):
                for extreme in (*self._extremes(schema), *NONE_OF_THEM):
                    yield Wild(good, _put(body, where, extreme), f"{where}: {extreme!r:.40}")

    def _schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """What a schema is, behind references and among alternatives the first."""
        while True:
            if "$ref" in schema:
                schema = self._schemas[schema["$ref"].rpartition("/")[2]]
            elif one := schema.get("anyOf") or schema.get("oneOf"):
                schema = one[0]
            else:
                return schema

    def _extremes(self, schema: dict[str, Any]) -> tuple[Any, ...]:
        schema = self._schema(schema)
        return EXTREMES.get(schema.get("format", ""), ()) or EXTREMES.get(schema.get("type", ""), ())

    def _good(self, schema: dict[str, Any], name: str = "") -> Any:
        if name in self._known:
            return self._known[name][0]
        schema = self._schema(schema)
        for word in ("examples", "enum"):
            if word in schema:
                return schema[word][0]
        kinds = {
            "object": {field: self._good(inner, field) for field, inner in schema.get("properties", {}).items()},
            "array": [self._good(schema["items"])] if "items" in schema else [],
            "integer": max(schema.get("minimum", 1), schema.get("exclusiveMinimum", 0) + 1),
            "number": max(schema.get("minimum", 1), schema.get("exclusiveMinimum", 0) + 1),
            "boolean": False,
            "string": PLAIN.get(schema.get("format", ""), "abc"),
        }
        return schema.get("const") or kinds.get(schema.get("type", ""))

    def _places(
        self, schema: dict[str, Any], where: tuple[Any, ...]
    ) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
        """Every place in a body that holds something."""
        schema = self._schema(schema)
        yield where, schema
        for name, inner in schema.get("properties", {}).items():
            yield from self._places(inner, (*where, name))
        if schema.get("type") == "array" and "items" in schema:
            yield from self._places(schema["items"], (*where, 0))


async def answered(client: Any, method: str, path: str, wild: Wild, token: str) -> int:
    """The status of the answer."""
    query = {}
    for (place, name), value in wild.parameters.items():
        if place == "path":
            path = path.replace(f"{{{name}}}", quote(str(value) or " ", safe="", errors="surrogatepass"))
        else:
            query[name] = value
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(new_id()), "Content-Type": "application/json"}
    content = None if wild.body is None else json.dumps(wild.body)
    return (await client.request(method, path, params=_sendable(query), content=content, headers=headers)).status_code


def _sendable(query: dict[str, Any]) -> dict[str, Any]:
    """A half of a surrogate pair has no place in an address."""
    return {name: value for name, value in query.items() if value is not None and "\ud800" not in str(value)}


def _put(body: Any, where: tuple[Any, ...], value: Any) -> Any:
    if not where:
        return value
    copy = json.loads(json.dumps(body))
    holder = copy
    for step in where[:-1]:
        holder = holder[step]
    holder[where[-1]] = value
    return copy
