"""What a recording makes of the services that hear it: played twice, into two fresh lanes and empty databases.

Invariant: the same recording gives the same rows, whatever order the partitions were read in; where it does not, the
rows that differ are named. The lanes are taken away at the end.
"""

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared.clock import EPOCH
from shared.hosting import Host
from shared.lanes import Lane
from shared.provisioning import delete_topics
from shared.replay.hearing import hear
from shared.replay.pace import Pace
from shared.replay.plan import Plan, Wishes, plan
from shared.replay.player import Progress, play
from shared.replay.states import Difference, TableState, differences, state_of

HostFactory = Callable[[str, datetime], AbstractAsyncContextManager[Host]]
"""A service's host on an empty, migrated database of its own, at a business time; running nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one service's two rounds. `before` is its database before anything was heard."""

    service: str
    before: dict[str, TableState]
    first: dict[str, TableState]
    second: dict[str, TableState]
    differences: list[Difference]

    @property
    def holds(self) -> bool:
        """Whether both rounds came to the same."""
        return self.first == self.second


async def expect(wishes: Wishes, services: Sequence[str], host_of: HostFactory, progress: Progress) -> list[Outcome]:
    """Play what is wished into two fresh lanes; what each service makes of it. Raises `RecordingFailed`."""
    lanes = [Lane(f"expect{secrets.token_hex(6)}") for _ in range(2)]
    plans = [plan(replace(wishes, lane=lane, run=f"{wishes.run}-{lane.name}")) for lane in lanes]
    try:
        for each in plans:
            await play(each, Pace(None), progress)
        at = _last_time(plans[0])
        return [await _outcome(service, lanes, wishes.bootstrap, at, host_of) for service in services]
    finally:
        delete_topics(wishes.bootstrap, [topic.name for each in plans for topic in each.new_topics])


async def _outcome(service: str, lanes: Sequence[Lane], bootstrap: str, at: datetime, host_of: HostFactory) -> Outcome:
    async with AsyncExitStack() as stack:
        connections: list[Any] = []
        states = []
        for lane in lanes:
            host = await stack.enter_async_context(host_of(service, at))
            connections.append(await host.database.driver())
            stack.push_async_callback(connections[-1].close)
            states.append(await state_of(connections[-1], host.service.metadata))
            await hear(host, bootstrap, lane)
            states.append(await state_of(connections[-1], host.service.metadata))
        return Outcome(
            service=service,
            before=states[0],
            first=states[1],
            second=states[3],
            differences=await differences(connections[0], connections[1], host.service.metadata),
        )


def _last_time(planned: Plan) -> datetime:
    """The latest business time that is played: the services' clock stands there, whichever record they take."""
    return max((entry.happened_at for entry in planned.entries()), default=EPOCH)
