"""What a service reacts to: topic and event type → handler. The table of contents that each `consumers.py` fills.

A handler takes one event and the unit of work. A projection takes a whole batch at once, for tables that are only
drawn from events.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from shared.inbox import Received
from shared.messages import Event, topic_of
from shared.work import Work

Handler = Callable[[Any, Work], Awaitable[None]]
Projection = Callable[[Sequence[Received], Work], Awaitable[None]]


def in_turn(*handlers: Handler) -> Handler:
    """Several capabilities of a service react to one event, in this order and in one unit of work.

    What it does is what they do: the event documents read it from the docstrings.
    """

    async def react(event: Any, work: Work) -> None:  # noqa: ANN401 - whatever event they react to
        for handler in handlers:
            await handler(event, work)

    react.__doc__ = " ".join((handler.__doc__ or "").strip() for handler in handlers)
    return react


@dataclass(frozen=True)
class Drawn:
    """Tables that nothing but events write, and the handlers that do so and nothing else: each idempotent."""

    tables: tuple[str, ...] = ()
    handlers: Mapping[type[Event], Handler] = field(default_factory=dict)


NOTHING_DRAWN = Drawn()


@dataclass(frozen=True)
class Reactions:
    """Either `handlers`, one an event type, or one `projection` for all of `types`."""

    handlers: Mapping[type[Event], Handler]
    projection: Projection | None = None
    projected: tuple[type[Event], ...] = ()
    rest_seconds: float = 0.0
    """How long to let records gather between two batches: latency given for far fewer transactions."""

    drawn: Drawn = NOTHING_DRAWN
    """What a service that decides can have drawn again from the topics; of a projection that is everything."""

    @cached_property
    def types(self) -> frozenset[str]:
        """The event types listened to."""
        return frozenset(message.type for message in (*self.handlers, *self.projected))

    @cached_property
    def topics(self) -> tuple[str, ...]:
        """The topics to subscribe to, sorted."""
        return tuple(sorted({topic_of(message) for message in (*self.handlers, *self.projected)}))


NONE = Reactions({})
