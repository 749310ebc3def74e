"""What goes wrong with the database itself: killed, locked, without space, without connections.

Invariant: as in `faults`, each heals itself before it returns.
"""

import asyncio
import random
import time
from contextlib import suppress

import asyncpg

from tests.chaos.scene import LOST, PAUSE_SECONDS, Scene, connect
from tests.chaos.world import NAMES

TAKERS = 20
"""How many connections a stranger asks for at once."""
MORE_LOG_FILES = """
DO $$ BEGIN FOR _ IN 1..20 LOOP
PERFORM pg_logical_emit_message(false, 'chaos', 'more'), pg_switch_wal();
END LOOP; END $$
"""
"""More than are kept for use again."""


async def kill_postgres(scene: Scene, _: random.Random) -> None:
    """Every process of the database server at once, as a power cut would."""
    await asyncio.to_thread(scene.world.restart_postgres)


async def idle_transaction(scene: Scene, rng: random.Random) -> None:
    """A snapshot and a row lock, held by somebody who does nothing."""
    connection = await connect(scene, "registration")
    try:
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        await connection.execute("SELECT session_id FROM slot ORDER BY starts_at DESC LIMIT 1 FOR UPDATE")
        await asyncio.sleep(rng.uniform(1.5, 3))
    except LOST:
        return  # another fault has ended it
    finally:
        connection.terminate()


async def lock_queue(scene: Scene, rng: random.Random) -> None:
    """Somebody waits to change the table of appointments behind an open reader, and everybody waits behind them."""
    reader, changer = [await connect(scene, "registration") for _ in range(2)]
    try:
        await reader.execute("BEGIN; SELECT count(*) FROM appointment")
        changing = asyncio.create_task(
            changer.execute("BEGIN; LOCK TABLE appointment IN ACCESS EXCLUSIVE MODE; ROLLBACK")
        )
        await asyncio.sleep(rng.uniform(0.5, 2))
        await reader.execute("ROLLBACK")
        await changing
    except LOST:
        return  # another fault has ended it
    finally:
        reader.terminate()
        changer.terminate()


async def full_disk(scene: Scene, rng: random.Random) -> None:
    """No space for the database: for its rows, and every other time for its log, without which it cannot go on."""
    world, ends_at = scene.world, time.monotonic() + rng.uniform(1, 2.5)
    log_too = rng.choice((True, False))
    try:
        while time.monotonic() < ends_at:
            await asyncio.to_thread(world.disk.fill)
            if log_too:
                await _use_up_the_log(scene)
            await asyncio.sleep(PAUSE_SECONDS)
    finally:
        world.disk.empty()
    await _recovered(scene)


async def _recovered(scene: Scene) -> None:
    """A server that gave up is started, as an orchestrator does; a service that gave up is a fault of ours."""
    world = scene.world
    if not world.postgres.child.alive():
        await asyncio.to_thread(world.postgres.start)
    (await connect(scene, "registration")).terminate()
    for service in NAMES:
        if not world.children[service].alive():
            scene.complaints.append(f"{service} ended because its database had no space")
            await asyncio.to_thread(world.start, service)
    await asyncio.to_thread(world.wait_all_ready)


async def _use_up_the_log(scene: Scene) -> None:
    """Go on to the next file of the log until there is none; then the server gives up."""
    with suppress(*LOST):
        connection = await asyncpg.connect(scene.world.admin_url("registration"))
        try:
            await connection.execute(MORE_LOG_FILES)
        finally:
            connection.terminate()


async def exhaust_connections(scene: Scene, rng: random.Random) -> None:
    """A stranger takes every connection that the server has to give, just when all services need new ones."""
    url, ends_at = scene.world.own_url("registration"), time.monotonic() + rng.uniform(1.5, 2.5)
    held: list[asyncpg.Connection] = []

    async def take() -> None:
        while time.monotonic() < ends_at:
            try:
                held.append(await asyncpg.connect(url))
            except LOST:
                await asyncio.sleep(PAUSE_SECONDS)

    async def break_all() -> None:
        await asyncio.sleep(rng.uniform(0.2, 0.5))
        scene.world.to_postgres.reset()

    try:
        await asyncio.gather(break_all(), *(take() for _ in range(TAKERS)))
    finally:
        for connection in held:
            connection.terminate()
