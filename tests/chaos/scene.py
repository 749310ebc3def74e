"""What a fault can reach, and how it gets at a database while other faults are under way."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import asyncpg

from tests.chaos.history import Client
from tests.chaos.records import Bad
from tests.chaos.workload import Workload
from tests.chaos.world import World

CONNECT_SECONDS = 30.0
PAUSE_SECONDS = 0.05
LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""What a connection is refused or lost with."""


@dataclass(slots=True)
class Scene:
    """What a fault can reach, and what it has said that the checker must know of."""

    world: World
    client: Client
    workload: Workload
    bad: list[Bad] = field(default_factory=list)
    """Records that were put on a topic and cannot be taken."""
    complaints: list[str] = field(default_factory=list)
    """What a fault itself saw go wrong."""


Inject = Callable[[Scene, random.Random], Awaitable[None]]


async def in_database(scene: Scene, service: str, query: str, *arguments: int) -> int:
    """The one value that a query gives, as soon as it can be had."""
    while True:
        connection = await connect(scene, service)
        try:
            return await connection.fetchval(query, *arguments)
        except LOST:
            await asyncio.sleep(PAUSE_SECONDS)
        finally:
            connection.terminate()


async def connect(scene: Scene, service: str) -> asyncpg.Connection:
    """The administrator's connection, as soon as the server takes one; raises what it was refused with."""
    deadline = time.monotonic() + CONNECT_SECONDS
    while True:
        try:
            return await asyncpg.connect(scene.world.admin_url(service))
        except LOST:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(PAUSE_SECONDS)
