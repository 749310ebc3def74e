"""When nothing is under way any more: the driver of time waits for it before it relies on an effect.

Quiet is: every outbox empty, every consumer at the end of its topics, no timer due. One reading is enough, because of
its order: a service says what it has taken before it says what waits in its outbox, and the topics' ends are read after
all services have spoken. Whatever moved on meanwhile stands at a later place, as lag or in an outbox.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.simulator.play.suite import PATIENCE_SECONDS, Suite, Unexpected

PAUSES_SECONDS = (*(0.008, 0.012, 0.02, 0.03), *(0.05 for _ in range(int(PATIENCE_SECONDS / 0.05))))
"""Ask soon at first, then seldom: asking costs the services the time they need to become quiet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What all services say at one moment."""

    outbox: int
    lag: int
    parked: int
    due: bool
    next_due_at: datetime | None

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is under way."""
        return self.outbox == 0 and self.lag == 0 and not self.due


class Quiet:
    """Reads the services' internal state and the topics' ends; remembers when each service's next timer is due."""

    def __init__(self, suite: Suite, services: tuple[str, ...], topics: Iterable[str]) -> None:
        self._suite = suite
        self._services = services
        self._kafka = AIOKafkaConsumer(*topics, bootstrap_servers=suite.addresses.kafka, client_id="driver")
        self._next_due: dict[str, datetime] = {}

    async def start(self) -> None:
        """Connect; nothing is fetched, only the ends are asked for."""
        await self._kafka.start()
        self._kafka.pause(*self._kafka.assignment())

    async def close(self) -> None:
        """Disconnect."""
        await self._kafka.stop()

    @property
    def next_due_at(self) -> datetime | None:
        """The earliest timer of any service, as of the last time it was asked."""
        return min(self._next_due.values(), default=None)

    async def wait(self) -> Reading:
        """Wait until nothing is under way; the reading then. Raises `Unexpected`, saying what still is."""
        reading = await self.read()
        for pause_seconds in PAUSES_SECONDS:
            if reading.is_quiet:
                return reading
            await asyncio.sleep(pause_seconds)
            reading = await self.read()
        raise Unexpected(f"not quiet: outbox {reading.outbox}, lag {reading.lag}, due {reading.due}: see the logs")

    async def wait_fired(self, now: datetime) -> None:
        """Wait until every timer that was due by `now` has fired; asks only the services that have one."""
        waiting = [service for service, due_at in self._next_due.items() if due_at <= now]
        for pause_seconds in PAUSES_SECONDS:
            waiting = [state["service"] for state in await self._states(waiting) if state["due"]]
            if not waiting:
                return
            await asyncio.sleep(pause_seconds)
        raise Unexpected(f"timers of {', '.join(waiting)} did not fire: see the logs")

    async def read(self) -> Reading:
        """One reading."""
        states = await self._states(self._services)
        ends = {f"{place.topic}:{place.partition}": end for place, end in (await self._ends()).items()}
        return Reading(
            outbox=sum(state["outbox"] for state in states),
            lag=sum(_lag(state, ends) for state in states),
            parked=sum(state["parked"] for state in states),
            due=any(state["due"] for state in states),
            next_due_at=self.next_due_at,
        )

    async def _states(self, services: Iterable[str]) -> list[dict[str, Any]]:
        ask = (self._suite.get(service, "/internal/state", role="operator") for service in services)
        states: list[dict[str, Any]] = list(await asyncio.gather(*ask))
        for state in states:
            self._next_due.pop(state["service"], None)
            if state["next_due_at"]:
                self._next_due[state["service"]] = datetime.fromisoformat(state["next_due_at"])
        return states

    async def _ends(self) -> dict[TopicPartition, int]:
        ends: dict[TopicPartition, int] = await self._kafka.end_offsets(self._kafka.assignment())
        return ends


def _lag(state: Mapping[str, Any], ends: Mapping[str, int]) -> int:
    """Records of the topics that the service listens to and has not taken."""
    heard = {place: end for place, end in ends.items() if place.rpartition(":")[0] in state["topics"]}
    return sum(max(0, end - state["taken"].get(place, 0)) for place, end in heard.items())
