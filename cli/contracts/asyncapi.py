"""The AsyncAPI 3 document of the whole suite: what is said on which topic, by whom, to whom, and how a record looks.

Invariant: nothing is described that the code does not say: topics come from `shared.broker`, messages and keys from
`shared.messages`, headers of examples from `shared.envelope`, listeners from the services' own `consumers.py`.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.broker import LISTENERS, SPEAKERS, TOPICS, Topic, dead_letters_of
from shared.codec import decode, schema
from shared.envelope import SOURCE_PREFIX, seal
from shared.messages import EVENTS, Event, source_of, topic_of
from shared.reactions import Reactions

Document = dict[str, Any]

EXAMPLES = Path(__file__).resolve().parents[2] / "shared" / "messages" / "examples"
BINDING = "0.5.0"
EXAMPLE_AT = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
EXAMPLE_ID = "0192f0c1-7a10-7000-8000-0000000000e1"
"""Stands where a real record has an id of its own, so that the document is the same each time it is made."""

ABOUT = """\
Every message is a CloudEvents 1.0 event in Kafka's binary mode: metadata in headers, the fields as plain JSON.

Delivery is at least once, in order per key: take an event once by its `ce_id`, or pass over an `aggregate_version`
that is not above the last one of its `ce_subject`. Ignore types and fields you do not know: a type gains optional
fields, everything else comes as a new type beside the old one. No name, contact or free text of a patient is ever said.
The payloads here are for readers; the closed schemas of what is emitted are `schemas/events/<ce_type>.schema.json`.
"""

HEADERS: Mapping[str, Document] = {
    "ce_specversion": {"const": "1.0"},
    "ce_id": {"format": "uuid", "description": "the event's own id, UUIDv7: the same however often it is delivered"},
    "ce_source": {"description": f"who says it: `{SOURCE_PREFIX}` and the service"},
    "ce_type": {"description": "its name and version"},
    "ce_time": {"format": "date-time", "description": "business time: when it happened in the hospital"},
    "ce_subject": {"description": "the aggregate it belongs to: kind/id"},
    "ce_partitionkey": {"description": "the record's key"},
    "ce_dataschema": {"description": "the file of the closed JSON Schema in schemas/events"},
    "content-type": {"const": "application/json"},
    "correlationid": {"description": "the request from outside that started it all"},
    "causationid": {"description": "the event, or `command:…`, that brought this one; its own id where time did"},
    "traceparent": {"description": "W3C trace context, where there is one"},
}
OPTIONAL_HEADERS = {"traceparent"}

DEAD_HEADERS: Mapping[str, Document] = {
    "dead-topic": {"description": "where the record was read"},
    "dead-partition": {"pattern": "^[0-9]+$"},
    "dead-offset": {"pattern": "^[0-9]+$"},
    "dead-reason": {"description": "an error's type or a code, never a value"},
}


def document(reactions: Mapping[str, Reactions]) -> Document:
    """The document; `reactions` are those of each service by its name."""
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "carejourney events",
            "version": "1",
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
            "tags": [{"name": service} for service in LISTENERS],
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "Apache Kafka; `journey status` says where the local one listens",
                "variables": {"bootstrap": {"default": "127.0.0.1:9092", "description": "host:port of a broker"}},
            }
        },
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": _sent() | _received(reactions),
        "components": {
            "messages": {name: _message(EVENTS[name]) for name in EVENTS} | {"dead-letter": _dead_letter()},
            "schemas": {name: _payload(EVENTS[name]) for name in EVENTS} | {"headers": _headers()},
        },
    }


def example(event_type: str) -> bytes:
    """The newest stored example of a type."""
    paths = sorted((EXAMPLES / event_type).glob("*.json"), key=lambda path: int(path.stem))
    return paths[-1].read_bytes()


def said_on(topic: str) -> list[str]:
    """The messages of a topic; of a topic of dead letters, that one."""
    return [name for name in EVENTS if topic_of(EVENTS[name]) == topic] or ["dead-letter"]


def _channel(topic: Topic) -> Document:
    settings: Document = dict(topic.settings)
    settings["cleanup.policy"] = settings["cleanup.policy"].split(",")
    if "retention.ms" in settings:
        settings["retention.ms"] = int(settings["retention.ms"])
    return {
        "address": topic.name,
        "description": "The last word per key is kept." if topic.compacted else "Everything is kept.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in said_on(topic.name)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": settings,
                "bindingVersion": BINDING,
            }
        },
    }


def _sent() -> Document:
    speakers = {
        service: {topic_of(EVENTS[name]) for name in EVENTS if source_of(name) == service} for service in SPEAKERS
    }
    topics = {service: sorted(speakers.get(service, set()) | {dead_letters_of(service)}) for service in LISTENERS}
    return {
        f"{service}-says-{topic}": _operation("send", service, topic, said_on(topic))
        for service in LISTENERS
        for topic in topics[service]
    }


def _received(reactions: Mapping[str, Reactions]) -> Document:
    operations: Document = {}
    for service, heard in reactions.items():
        for topic in heard.topics:
            names = [name for name in said_on(topic) if name in heard.types]
            operation = _operation("receive", service, topic, names)
            operation["bindings"] = {
                "kafka": {"groupId": {"type": "string", "const": service}, "bindingVersion": BINDING}
            }
            operation["x-effects"] = {name: _effect(heard, EVENTS[name]) for name in names}
            operations[f"{service}-hears-{topic}"] = operation
    return operations


def _operation(action: str, service: str, topic: str, names: list[str]) -> Document:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic}"},
        "tags": [{"name": service}],
        "messages": [{"$ref": f"#/channels/{topic}/messages/{name}"} for name in names],
    }


def _effect(reactions: Reactions, message: type[Event]) -> str:
    """What the listener does with it, in the words of its handler."""
    handler: Callable[..., Any] | None = reactions.handlers.get(message, reactions.projection)
    return ((handler and handler.__doc__) or "").strip().partition("\n")[0]


def _message(message: type[Event]) -> Document:
    name, payload = message.type, _payload(message)
    sealed = seal(decode(name, example(name)), EXAMPLE_AT)
    headers = {header: (value or b"").decode() for header, value in sealed.headers}
    ids = dict.fromkeys(("ce_id", "correlationid", "causationid"), EXAMPLE_ID)
    fixed = {"ce_type": name, "ce_source": headers["ce_source"], "ce_dataschema": headers["ce_dataschema"]}
    return {
        "name": name,
        "title": message.__name__,
        "summary": payload["description"].partition(". ")[0].rstrip(".") + ".",
        "contentType": "application/json",
        "headers": {
            "allOf": [{"$ref": "#/components/schemas/headers"}],
            "type": "object",
            "properties": {header: {"const": value} for header, value in fixed.items()},
        },
        "correlationId": {"location": "$message.header#/correlationid"},
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "bindings": {"kafka": {"key": _key(payload), "bindingVersion": BINDING}},
        "examples": [{"name": "stored", "headers": headers | ids, "payload": json.loads(sealed.value or b"null")}],
    }


def _key(payload: Document) -> Document:
    field = payload["x-key"]
    return {**payload["properties"][field], "description": f"`{field}`, as text"}


def _payload(message: type[Event]) -> Document:
    """The schema for readers: open, so that a field that is added later fits."""
    text = json.dumps(schema(message)).replace('"#/$defs/', f'"#/components/schemas/{message.type}/$defs/')
    closed = json.loads(text)
    return {name: closed[name] for name in closed if name not in {"$schema", "$id", "additionalProperties"}}


def _headers() -> Document:
    return {
        "type": "object",
        "properties": {name: {"type": "string", **HEADERS[name]} for name in HEADERS},
        "required": [name for name in HEADERS if name not in OPTIONAL_HEADERS],
    }


def _dead_letter() -> Document:
    return {
        "name": "dead-letter",
        "title": "DeadLetter",
        "summary": "A record that a service could not take, as it came, with where it was read and why it lies here.",
        "headers": {
            "type": "object",
            "description": "the headers of the record, and these",
            "properties": {name: {"type": "string", **DEAD_HEADERS[name]} for name in DEAD_HEADERS},
            "required": list(DEAD_HEADERS),
        },
        "payload": {"description": "the value as it came, which need not be JSON"},
    }
