"""Seeds, one after the other, in one world: faults and clients at once, then rest, then judgement.

Invariants: a seed's plan follows from its number alone. A violation is blamed on the run after which it was first seen;
whatever a world already showed is not counted again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
from aiokafka.errors import KafkaError

from deploy.local.layout import STATE
from services.simulator.play.quiet import Quiet
from services.simulator.play.suite import Addresses, Suite, Unexpected
from shared.broker import TOPICS
from tests.chaos import records
from tests.chaos.checker import SAME_STATE, Violation, check, compare
from tests.chaos.evidence import Evidence, gather, state_hash
from tests.chaos.faults import chosen, impossible, inject
from tests.chaos.history import Client, Command
from tests.chaos.judging_delivery import LISTENERS
from tests.chaos.records import Bad
from tests.chaos.restoring import backed_up_and_restored
from tests.chaos.scene import Scene
from tests.chaos.workload import Workload
from tests.chaos.world import World

AT_ONCE = 8
REPLAYING = "replay-from-zero"
RESTORED_EVERY = 12
"""After every twelfth seed a backup is taken and restored."""
LOGS = STATE / "chaos"
"""Where the logs of a run that went wrong are kept."""


@dataclass(slots=True)
class Run:
    """What one seed came to."""

    seed: int
    faults: list[str]
    acknowledged: int
    unknown_resolved: int
    violations: list[Violation]
    checked: list[int]

    @property
    def repeat(self) -> str:
        """The command that runs this seed again."""
        return f"make chaos SEED={self.seed}"

    def __str__(self) -> str:
        told = f"seed {self.seed}: {', '.join(self.faults)}: {self.acknowledged} acknowledged"
        wrong = [f"  [{one.invariant}] {one.what}" for one in self.violations[:20]]
        if not wrong:
            return f"{told}, 0 violations"
        return "\n".join([f"{told}, {len(self.violations)} violations; again with: {self.repeat}", *wrong])


@dataclass(slots=True)
class Campaign:
    """Everything that has ever been asked of one world, and what has been found wrong in it so far."""

    world: World
    asked: list[list[Command]] = field(default_factory=list)
    """The history of every client there ever was."""
    bad: list[Bad] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    known: set[Violation] = field(default_factory=set)

    async def run(self, seed: int, faults: Sequence[str] | None = None) -> Run:
        """Run a seed with its own faults, or with those given, and judge."""
        lacking = impossible(self.world)
        names = [name for name in (chosen(seed) if faults is None else faults) if name not in lacking]
        restoring = seed % RESTORED_EVERY == 0
        client = Client(self.world.record.urls, self.world.issuer, seed)
        workload = Workload(self.world, client, seed)
        scene = Scene(self.world, client, workload)
        self.asked.append(client.history)
        try:
            await workload.prepare()
            await asyncio.gather(workload.run(), inject(scene, seed, names))
            late = [*workload.stuck, *scene.complaints, *await self._settle(client)]
            self.bad += scene.bad
            self.left += workload.stays
            evidence = await self.evidence(client.history, late)
            found = check(evidence)
            if REPLAYING in names:
                found += await self._replayed(evidence)
            if restoring:
                states = await backed_up_and_restored(self.world)
                found += compare(*states, "in its backup, restored into another server")
        finally:
            await client.close()
        new = self.new(found)
        if new:
            self.world.keep_logs(LOGS / f"seed-{seed}")
        return Run(
            seed=seed,
            faults=names,
            acknowledged=sum(command.acknowledged for command in client.history),
            unknown_resolved=sum(command.unknown > 0 and command.answer is not None for command in client.history),
            violations=new,
            checked=[*range(1, SAME_STATE), *([SAME_STATE] if restoring or REPLAYING in names else [])],
        )

    def new(self, found: Sequence[Violation]) -> list[Violation]:
        """Those that this world has not shown before."""
        fresh = [one for one in found if one not in self.known]
        self.known.update(fresh)
        return fresh

    async def evidence(self, recent: Sequence[Command] = (), late: Sequence[str] = ()) -> Evidence:
        """Read everything as it is now."""
        asked = [command for history in self.asked for command in history]
        return await gather(self.world, asked, recent, self.bad, self.left, late)

    async def rest(self) -> list[str]:
        """Wait until nothing is under way: thirty seconds. What still is, in words; nothing when all rests."""
        issuer, record = self.world.issuer, self.world.record
        suite = Suite(
            Addresses(services=record.urls, kafka=record.kafka, token=lambda role: issuer.token(role, "chaos"))
        )
        quiet = Quiet(suite, LISTENERS, [topic.name for topic in TOPICS])
        try:
            await quiet.start()
            await quiet.wait()
        except (Unexpected, httpx.HTTPError, KafkaError, OSError) as restless:
            return [f"thirty seconds after the last fault the suite is not at rest: {restless!r}"]
        finally:
            await quiet.close()
            await suite.close()
        return []

    async def _settle(self, client: Client) -> list[str]:
        """Resolve what is unknown, ask everything once more, and wait for rest."""
        turns = asyncio.Semaphore(AT_ONCE)

        async def again(command: Command) -> str:
            async with turns:
                try:
                    await client.resolve(command, seconds=30)
                except TimeoutError as unresolved:
                    return str(unresolved)
            return ""

        late = await asyncio.gather(*(again(command) for command in client.history))
        return [*filter(None, late), *await self.rest()]

    async def _replayed(self, before: Evidence) -> list[Violation]:
        """Say everything again while nothing else happens; the state must stay what it was."""
        await records.say_again(self.world.kafka.bootstrap)
        restless = [Violation(SAME_STATE, words) for words in await self.rest()]
        states = state_hash(before), state_hash(await self.evidence())
        return [*restless, *compare(*states, "after every event was said again")]
