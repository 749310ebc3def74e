"""Messages as bytes and back, and their JSON Schemas.

Validation happens here, at the edge: what leaves this module as an object fits its class. Readers ignore unknown
fields; the schemas that are published for writers are closed.
"""

from functools import cache
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from shared.messages import EVENTS, Event, topic_of


class Undecodable(ValueError):
    """The bytes are no such event. `fields` is `path:fault,…`, never a value: values may be a patient's."""

    def __init__(self, fields: str) -> None:
        super().__init__(fields)
        self.fields = fields


@cache
def adapter(message: type[Event]) -> TypeAdapter[Event]:
    """The validator of a message class."""
    return TypeAdapter(message)


def encode(event: Event) -> bytes:
    """The event's fields as compact JSON, UTF-8."""
    return adapter(type(event)).dump_json(event)


def decode(event_type: str, value: bytes) -> Event:
    """The event of that type. Raises `Undecodable`, naming the fields that do not fit."""
    try:
        return adapter(EVENTS[event_type]).validate_json(value)
    except ValidationError as refusal:
        faults = (f"{'.'.join(map(str, error['loc'])) or 'value'}:{error['type']}" for error in refusal.errors())
        raise Undecodable(",".join(faults)) from None


def schema(message: type[Event]) -> dict[str, Any]:
    """The closed JSON Schema of what is emitted, draft 2020-12; `x-` says on which topic, by which key, of what."""
    closed = with_config(ConfigDict(extra="forbid"))(_twin(message))
    described: dict[str, Any] = TypeAdapter(closed).json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{message.type}.schema.json",
        **described,
        "title": message.type,
        "description": " ".join((message.__doc__ or "").split()),
        "x-topic": topic_of(message),
        "x-key": message.key,
        "x-subject": list(message.subject),
    }


def _twin(message: type[Event]) -> type[Event]:
    """A subclass to hang a configuration on, so that decoding stays open to unknown fields."""
    return type(message.__name__, (message,), {"__doc__": message.__doc__, "__slots__": ()})
