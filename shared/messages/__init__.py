"""The public language of the suite: one module per service that speaks, and the list of all that can be said.

A message is a frozen dataclass with three class variables: `type` (its name and version on the wire), `key` (the field
that orders it on Kafka: all events of one aggregate have the same key for ever) and `subject` (the aggregate's kind and
the field that holds its id). Ids, codes and times only: no name, contact or free text of a patient is ever a message.
"""

from typing import Any, ClassVar, Protocol

from shared.messages import beds, discharge, followup, registration


class Event(Protocol):
    """What all messages have in common."""

    type: ClassVar[Any]
    key: ClassVar[Any]
    subject: ClassVar[Any]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def aggregate_version(self) -> int:
        """Rises by one with each event of the aggregate, from 1."""


EVENTS: dict[str, type[Event]] = {
    message.type: message for module in (registration, beds, discharge, followup) for message in module.MESSAGES
}


def source_of(event_type: str) -> str:
    """The service that says it: `beds.bed-reserved.v1` → `beds`."""
    return event_type.partition(".")[0]


def topic_of(message: type[Event]) -> str:
    """The Kafka topic it is said on: its own (`bed-state`), else the one of its service."""
    topic: str = getattr(message, "topic", f"{source_of(message.type)}-events")
    return topic
