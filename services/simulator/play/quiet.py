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

PAUSE_SECONDS = 0.012


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
    """Reads the services' internal state and the topics' ends."""

    def __init__(self, suite: Suite, services: tuple[str, ...], topics: Iterable[str]) -> None:
        self._suite = suite
        self._services = services
        self._kafka = AIOKafkaConsumer(*topics, bootstrap_servers=suite.addresses.kafka, client_id="driver")

    async def start(self) -> None:
        """Connect; nothing is fetched, only the ends are asked for."""
        await self._kafka.start()
        self._kafka.pause(*self._kafka.assignment())

    async def close(self) -> None:
        """Disconnect."""
        await self._kafka.stop()

    async def wait(self) -> Reading:
        """Wait until quiet; the reading then. Raises `Unexpected`, saying what is still under way."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while not (now := await self.read()).is_quiet:
            if asyncio.get_running_loop().time() > deadline:
                raise Unexpected(f"not quiet: outbox {now.outbox}, lag {now.lag}, due {now.due}: see .local/log")
            await asyncio.sleep(PAUSE_SECONDS)
        return now

    async def read(self) -> Reading:
        """One reading."""
        states = await self._states()
        ends = {f"{place.topic}:{place.partition}": end for place, end in (await self._ends()).items()}
        instants = [datetime.fromisoformat(state["next_due_at"]) for state in states if state["next_due_at"]]
        return Reading(
            outbox=sum(state["outbox"] for state in states),
            lag=sum(_lag(state, ends) for state in states),
            parked=sum(state["parked"] for state in states),
            due=any(state["due"] for state in states),
            next_due_at=min(instants, default=None),
        )

    async def _states(self) -> list[dict[str, Any]]:
        ask = (self._suite.get(service, "/internal/state", role="operator") for service in self._services)
        return list(await asyncio.gather(*ask))

    async def _ends(self) -> dict[TopicPartition, int]:
        ends: dict[TopicPartition, int] = await self._kafka.end_offsets(self._kafka.assignment())
        return ends


def _lag(state: Mapping[str, Any], ends: Mapping[str, int]) -> int:
    """Records of the topics that the service listens to and has not taken."""
    heard = {place: end for place, end in ends.items() if place.rpartition(":")[0] in state["topics"]}
    return sum(max(0, end - state["taken"].get(place, 0)) for place, end in heard.items())
