"""The keys that a log line may have, and their meaning: the allow-list, the log's JSON Schema and its page in one.

Invariant: a key is added here, and only when its values are ids, codes, times or counts.
"""

import json
from typing import Any, Final

KEYS: Final[dict[str, str]] = {
    "at": "when it was said, wall time, UTC",
    "level": "debug, info, warning, error or critical",
    "service": "which service speaks",
    "instance": "which of its replicas",
    "logger": "which module",
    "event": "what happened: a fixed code in lower case and hyphens, `withheld` where somebody gave words instead",
    "dropped": "how many keys or values were held back because they might be somebody's words",
    "correlation_id": "the outside request that all this belongs to; answered to its caller as X-Correlation-Id",
    "causation_id": "the event, command or request that brought this one",
    "traceparent": "the trace, in W3C's form",
    "error": "an exception's type",
    "causes": "types of the exceptions behind it",
    "frames": "where it passed through our own files, the innermost last: file:function:line",
    "template": "a library's own words, where they stand literally in its source",
    "event_id": "an event's ce_id",
    "type": "an event's type",
    "events": "how many events",
    "aggregate_id": "an aggregate's id",
    "aggregate_version": "its version",
    "topic": "a topic of Kafka",
    "partition": "a partition of it",
    "offset": "a record's place in that partition",
    "key": "a record's key, an opaque id",
    "group": "a consumer group",
    "method": "a request's method",
    "route": "its route template, never the address with its ids",
    "status": "the status of the answer",
    "code": "the stable code of a problem document",
    "address": "a server's address",
    "host": "its host",
    "port": "its port",
    "attempt": "which attempt it was",
    "count": "how many",
    "rows": "how many rows",
    "batch": "how many in a batch",
    "shard": "a shard of the outbox",
    "shards": "how many shards",
    "depth": "how many wait",
    "lag": "how far behind",
    "seconds": "how long",
    "timer": "which timer",
    "due_at": "when something falls due, business time",
    "constraint": "a constraint of the database",
    "revision": "a version of the schema",
    "reason": "why, as a code",
    "outcome": "what came of it, as a code",
    "state": "a state, as a code",
    "signal": "a signal of the system",
    "pid": "a process's number",
    "version": "a version",
}

PLAIN: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": ["number", "boolean"]},
        {"type": "string", "maxLength": 200, "pattern": "^[!-~]+$"},
        {"type": "array", "maxItems": 12, "items": {"$ref": "#/$defs/plain"}},
    ]
}
STRICTER: Final[dict[str, dict[str, Any]]] = {
    "at": {"type": "string", "format": "date-time"},
    "level": {"enum": ["debug", "info", "warning", "error", "critical"]},
    "event": {"type": "string", "maxLength": 60, "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$"},
    "dropped": {"type": "integer", "minimum": 1},
    "template": {"type": "string", "maxLength": 200},
}
PAGE: Final = """# What a service logs

One JSON object a line on standard output, with the keys below and no others ([schema](schemas/log-line.schema.json)).
A value is a number, an instant, a single token without spaces, or a short list of those, so that no name, sentence or
payload can get into a line, whoever speaks: our code, an exception or a library. What is held back is counted under
`dropped` ([why](decisions/0019-logs-have-an-allow-list.md)).

To follow one request through all services, take `X-Correlation-Id` from its answer and look for it as `correlation_id`.

| key | holds |
|---|---|
"""


def schema() -> dict[str, Any]:
    """JSON Schema of a line."""
    keys = {key: STRICTER.get(key, {"$ref": "#/$defs/plain"}) | {"description": KEYS[key]} for key in KEYS}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of a service's log",
        "type": "object",
        "required": ["at", "level", "event"],
        "additionalProperties": False,
        "properties": keys,
        "$defs": {"plain": PLAIN},
    }


def generated() -> dict[str, str]:
    """Path from the repository's root → what stands in it."""
    rows = "".join(f"| `{key}` | {meaning} |\n" for key, meaning in KEYS.items())
    return {
        "docs/schemas/log-line.schema.json": json.dumps(schema(), indent=1, ensure_ascii=False) + "\n",
        "docs/logging.md": PAGE + rows,
    }
