"""The other half of invariant 12: a backup of every service at rest, restored into a server of its own.

Invariant: it is taken and restored by the product's own backup, past the proxies; the running stack is only read.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg

from deploy.backup import archive, keys
from deploy.backup.dump import back_up, restore
from deploy.local.databases import Databases
from deploy.local.postgres import EmbeddedPostgres
from shared.fingerprint import fingerprint
from tests.chaos.world import NAMES, World

State = dict[str, str]
"""`service.table` → hash of its rows."""


async def backed_up_and_restored(world: World) -> tuple[State, State]:
    """The state of the running stack, and that of the server into which its backups were restored."""
    with TemporaryDirectory(dir=world.root) as place:
        server = EmbeddedPostgres(Path(place) / "postgres", Path(place) / "postgres.log", durable=False, tied=True)
        await asyncio.to_thread(_start, server)
        try:
            databases = Databases(admin_url=server.admin_url, passwords=Path(place) / "passwords.json")
            restored = await databases.provide(NAMES)
            for service in NAMES:
                await _bring_over(service, world.own_url(service), restored[service], Path(place))
            running = {service: world.own_url(service) for service in NAMES}
            return await _state(running), await _state(restored)
        finally:
            await asyncio.to_thread(server.stop)
            server.remove()


def _start(server: EmbeddedPostgres) -> None:
    server.prepare()
    server.start()
    server.wait_ready()


async def _bring_over(service: str, url: str, other_url: str, place: Path) -> None:
    """As `journey backup` and `journey restore` do."""
    key = place / f"{service}.key"
    keys.make_key(key)
    path, _, _ = await back_up(service, url, place, keys.public_half(key))
    identity = keys.private_half(key)
    head = await asyncio.to_thread(archive.check, path, identity)
    await restore(path, head, other_url, identity)


async def _state(urls: Mapping[str, str]) -> State:
    state: State = {}
    for service, url in urls.items():
        connection = await asyncpg.connect(url)
        try:
            state |= {f"{service}.{table}": rows for table, rows in (await fingerprint(connection)).items()}
        finally:
            await connection.close()
    return state
