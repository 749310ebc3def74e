"""Whether the checker catches each planted bug: put it in, give it its chance, judge, take it out again.

Invariant: caught means a violation of an invariant that the bug breaks, and one that the same world did not show
before. The world is spoilt afterwards; nothing but further planting may follow.
"""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from tests.chaos import planted
from tests.chaos.campaign import Campaign
from tests.chaos.checker import Violation, check
from tests.chaos.composed import Point
from tests.chaos.history import Client
from tests.chaos.staying_people import CLINICIAN, request
from tests.chaos.workload import APP, DESK, Workload, person, place
from tests.chaos.world import World

FIRST_SEED = 1_000_001
"""Planted runs have numbers that no seed of a campaign has."""
ROUNDS = 6
CROWD = 60
JITTER_SECONDS = 0.03
DIE_SECONDS = 20.0
NEVER_FLUSH = (
    "ALTER SYSTEM SET synchronous_commit = off",
    "ALTER SYSTEM SET wal_writer_delay = '10s'",
    "ALTER SYSTEM SET wal_writer_flush_after = '1GB'",
)


class Planting:
    """One planted bug at work: a client, what it needs, and the campaign whose world is spoilt."""

    def __init__(self, campaign: Campaign, bug: str, number: int) -> None:
        self.campaign = campaign
        self.world: World = campaign.world
        self.bug = bug
        self.client = Client(self.world.record.urls, self.world.issuer, number)
        self.workload = Workload(self.world, self.client, number)

    async def violations(
        self, breaks: tuple[int, ...], act: Callable[["Planting", int], Awaitable[None]]
    ) -> list[Violation]:
        """Act up to `ROUNDS` times, until the checker sees one of the invariants broken anew."""
        self.campaign.new(check(await self.campaign.evidence()))
        found: list[Violation] = []
        for round_ in range(ROUNDS):
            await act(self, round_)
            found = self.campaign.new(check(await self.campaign.evidence(self.client.history)))
            if any(one.invariant in breaks for one in found):
                break
        return [one for one in found if one.invariant in breaks]

    async def replace(self, service: str, *bugs: str) -> None:
        """Let the service run with these bugs from now on."""
        await asyncio.to_thread(self.world.kill, service)
        await asyncio.to_thread(self.world.start, service, bugs)

    async def register(self, round_: int, count: int) -> list[str]:
        """As many new patients at once; their ids."""
        patients = [str(self.client.id_of(f"{self.bug} {round_} {number}")) for number in range(count)]
        await asyncio.gather(
            *(
                self.client.ask(
                    f"register {patient}",
                    "registration",
                    "/patients",
                    person(patient),
                    role=DESK,
                )
                for patient in patients
            )
        )
        return patients


async def rush(planting: Planting, round_: int) -> None:
    """Twenty people want the same slot with three places at the same moment."""
    patients = await planting.register(round_, 20)
    if not planting.workload.slots:
        await planting.workload.prepare()
    slot = planting.workload.slots[round_]
    await asyncio.gather(
        *(planting.client.ask(f"rush {one}", "registration", "/holds", place(one, slot), role=APP) for one in patients)
    )


async def crowd(planting: Planting, round_: int) -> None:
    """Many transactions at once, each with an event; their ids and their commits come in different orders."""
    network = planting.world.to_postgres
    network.delay_seconds = JITTER_SECONDS
    try:
        await planting.register(round_, CROWD)
    finally:
        network.delay_seconds = 0.0
    await planting.campaign.rest()


async def death_in_hand(planting: Planting, round_: int) -> None:
    """The consumer dies with a batch in hand: its effect is written and not yet committed."""
    world = planting.world
    (patient,) = await planting.register(round_, 1)
    await planting.campaign.rest()
    child = world.children["beds"]
    world.points("beds").arm(Point.INBOX_COMMIT)
    wish = request(str(planting.client.id_of(f"lost {round_}")), patient)
    await planting.client.ask(f"lost {round_}", "registration", "/admission-requests", wish, role=CLINICIAN)
    await asyncio.to_thread(child.wait, DIE_SECONDS)
    world.points("beds").disarm(Point.INBOX_COMMIT)
    await planting.replace("beds")
    await planting.campaign.rest()


async def power_cut(planting: Planting, round_: int) -> None:
    """Commits are answered, and every process of the server dies before they are on disk."""
    await planting.register(round_, CROWD)
    await asyncio.to_thread(planting.world.restart_postgres)


async def caught(campaign: Campaign, bug: str) -> list[Violation]:
    """The violations by which the checker catches this bug; empty when it does not."""
    number = FIRST_SEED + list(PLANTED).index(bug)
    planting = Planting(campaign, bug, number)
    campaign.asked.append(planting.client.history)
    try:
        return await PLANTED[bug](planting)
    finally:
        await planting.client.close()


async def _check_then_insert(planting: Planting) -> list[Violation]:
    await planting.replace("registration", planted.CHECK_THEN_INSERT)
    return await planting.violations((1,), rush)


async def _relay_id_cursor(planting: Planting) -> list[Violation]:
    await planting.replace("registration", planted.RELAY_ID_CURSOR)
    found = await planting.violations((7,), crowd)
    await planting.replace("registration")
    return found


async def _ack_before_commit(planting: Planting) -> list[Violation]:
    await planting.replace("beds", planted.ACK_BEFORE_COMMIT)
    return await planting.violations((8,), death_in_hand)


async def _synchronous_commit_off(planting: Planting) -> list[Violation]:
    await _administer(planting.world, *NEVER_FLUSH)
    found = await planting.violations((2,), power_cut)
    await _administer(planting.world, "ALTER SYSTEM RESET ALL")
    return found


async def _administer(world: World, *statements: str) -> None:
    connection = await asyncpg.connect(world.postgres.admin_url)
    try:
        for statement in (*statements, "SELECT pg_reload_conf()"):
            await connection.execute(statement)
    finally:
        await connection.close()


PLANTED: dict[str, Callable[[Planting], Awaitable[list[Violation]]]] = {
    planted.CHECK_THEN_INSERT: _check_then_insert,
    planted.RELAY_ID_CURSOR: _relay_id_cursor,
    planted.ACK_BEFORE_COMMIT: _ack_before_commit,
    planted.SYNCHRONOUS_COMMIT_OFF: _synchronous_commit_off,
}
"""In the order in which they may be planted into one world: one replaces the last, the fourth takes the memory."""
