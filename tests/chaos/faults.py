"""What goes wrong in a run: seeded faults, each of which heals itself before it returns.

`FAULTS` is the whole list, by the name that the report counts it under. A fault gets the scene and its own random
numbers; it may only end what the world has started, and starts it again.
"""

import asyncio
import random
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from signal import SIGCONT, SIGSTOP

import psutil

from tests.chaos import records
from tests.chaos.composed import Point
from tests.chaos.database_faults import exhaust_connections, full_disk, idle_transaction, kill_postgres, lock_queue
from tests.chaos.proxy import Proxy
from tests.chaos.scene import PAUSE_SECONDS, Inject, Scene, in_database
from tests.chaos.small_disk import NoDisk
from tests.chaos.workload import BORN_ON, DESK, OPERATOR, person, seeded
from tests.chaos.world import NAMES, SPEAKERS, World

CONSUMERS = ("beds", "discharge", "followup")
POINT_SECONDS = 6.0
RELAYED_SECONDS = 30.0
STORM = 30
LATEST_SECONDS = 3.0
LARGE_BYTES = 10_000_000
FULL_DISK = "disk-full"


async def kill_service(service: str, scene: Scene, rng: random.Random) -> None:
    """`kill -9`, a moment of absence, and back."""
    await asyncio.to_thread(scene.world.kill, service)
    await asyncio.sleep(rng.uniform(0, 0.5))
    await asyncio.to_thread(scene.world.start, service)


async def kill_at(point: Point, services: tuple[str, ...], scene: Scene, rng: random.Random) -> None:
    """Let a service die when it next comes to a point; if it does not come there soon it lives."""
    service = rng.choice(services)
    points, child = scene.world.points(service), scene.world.children[service]
    points.arm(point)
    await _wait(lambda: not child.alive(), POINT_SECONDS)
    points.disarm(point)
    if not child.alive() or await _wait(lambda: not child.alive(), PAUSE_SECONDS):
        await asyncio.to_thread(scene.world.start, service)


async def kill_kafka(scene: Scene, rng: random.Random) -> None:
    """The broker; recovered is when every outbox row that had waited for it is gone."""
    kafka = scene.world.kafka
    await asyncio.to_thread(kafka.kill)
    await asyncio.sleep(rng.uniform(0, 1))
    waiting = {service: await in_database(scene, service, "SELECT max(id) FROM outbox") for service in SPEAKERS}
    await asyncio.to_thread(kafka.start)
    await asyncio.to_thread(kafka.wait_ready)
    began = time.monotonic()
    for service, last_id in waiting.items():
        await _relayed(scene, service, last_id or 0)
    scene.world.recovery_seconds["kafka"].append(time.monotonic() - began)


async def pause(what: str, scene: Scene, rng: random.Random) -> None:
    """SIGSTOP, one to two and a half seconds, SIGCONT; with all child processes."""
    world = scene.world
    name = rng.choice(NAMES) if what == "service" else what
    child = {"kafka": world.kafka.child, "postgres": world.postgres.child}.get(name) or world.children[name]
    family = [psutil.Process(child.pid), *psutil.Process(child.pid).children(recursive=True)]
    try:
        _signal(family, SIGSTOP)
        await asyncio.sleep(rng.uniform(1, 2.5))
    finally:
        _signal(family, SIGCONT)


async def trouble(which: str, how: str, scene: Scene, rng: random.Random) -> None:
    """The network between the services and a server: reset, delayed, or frames cut in half."""
    proxy: Proxy = scene.world.to_kafka if which == "kafka" else scene.world.to_postgres
    for _ in range(3):
        if how == "delay":
            proxy.delay_seconds = rng.uniform(0.05, 0.3)
        elif how == "cut":
            proxy.cut(rng.randint(1, 3))
        else:
            proxy.reset()
        await asyncio.sleep(rng.uniform(0.2, 0.8))
    proxy.delay_seconds = 0.0


async def jump_clock(scene: Scene, rng: random.Random) -> None:
    """Business time leaps ahead: holds are over, timers are late."""
    clock = scene.world.clock
    clock.advance_to(clock.now() + timedelta(minutes=rng.uniform(6, 90)))


async def replay(scene: Scene, _: random.Random) -> None:
    """Every event that stands on a topic is said once more, from the first."""
    await records.persevere(partial(records.say_again, scene.world.kafka.bootstrap))


async def member(scene: Scene, rng: random.Random) -> None:
    """Somebody joins a service's group and leaves it again, every two seconds."""
    for _ in range(2):
        await records.join_for(scene.world.kafka.bootstrap, rng.choice(CONSUMERS), 2.0)


async def bad_record(kind: str, scene: Scene, rng: random.Random) -> None:
    """An event that cannot be taken, for an aggregate that nobody else speaks of."""
    scene.bad += await records.say_badly(scene.world.kafka.bootstrap, kind, rng)


async def large_payload(scene: Scene, rng: random.Random) -> None:
    """Ten megabytes: as an event, small on the wire and large in memory, and as the body of a command."""
    await bad_record("large", scene, rng)
    body = b'{"patient_id": "' + b"0" * LARGE_BYTES + b'"}'
    answer = await scene.client.ask(f"large {rng.random()}", "registration", "/patients", body, role=DESK)
    if answer.good:
        scene.complaints.append("a command with a body of ten megabytes was carried out")


async def retry_storm(scene: Scene, rng: random.Random) -> None:
    """One wish, sent many times at once under one key."""
    command = scene.client.new(f"storm {rng.random()}", "registration", "/patients", _stranger(scene, rng), role=DESK)
    await asyncio.gather(*(scene.client.send(command) for _ in range(STORM)))
    await scene.client.resolve(command)


async def other_body(scene: Scene, _: random.Random) -> None:
    """A key that is known comes with another body."""
    for command in [one for one in scene.client.history if one.acknowledged and one.path == "/patients"][-3:]:
        answer = await scene.client.exchange(command, command.body.replace(BORN_ON.encode(), b"1971-06-05"))
        if answer is not None:
            command.other_body.append(answer)


async def hang_up(scene: Scene, rng: random.Random) -> None:
    """Clients who go away in the middle of it, some before, some after the commit; later they ask again."""
    for _ in range(6):
        command = scene.client.new(
            f"gone {rng.random()}", "registration", "/patients", _stranger(scene, rng), role=DESK
        )
        try:
            await asyncio.wait_for(scene.client.send(command), rng.uniform(0.001, 0.02))
        except TimeoutError:
            command.unknown += 1


async def centre(kind: str, scene: Scene, rng: random.Random) -> None:
    """The insurance centre does not answer a settlement, having done it or not."""
    body = {"infno": "2304", "kind": kind, "times": 1}
    await scene.client.ask(f"centre {rng.random()}", "simulator", "/faults", body, role=OPERATOR)


def _stranger(scene: Scene, rng: random.Random) -> dict[str, str]:
    return person(str(scene.client.id_of(f"stranger {rng.random()}")))


async def _relayed(scene: Scene, service: str, last_id: int) -> None:
    deadline = time.monotonic() + RELAYED_SECONDS
    while await in_database(scene, service, "SELECT count(*) FROM outbox WHERE id <= $1", last_id):
        if time.monotonic() > deadline:
            scene.complaints.append(f"{service} has not relayed its outbox {RELAYED_SECONDS:.0f} s after Kafka's start")
            return
        await asyncio.sleep(PAUSE_SECONDS)


async def _wait(happened: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(PAUSE_SECONDS)
    return True


def _signal(family: list[psutil.Process], what: int) -> None:
    for one in family:
        try:
            one.send_signal(what)
        except psutil.NoSuchProcess:
            continue


FAULTS: dict[str, Inject] = {
    **{f"kill-{service}": partial(kill_service, service) for service in NAMES},
    "kill-relay-between-publish-and-delete": partial(kill_at, Point.PUBLISH_DELETE, SPEAKERS[:3]),
    "kill-consumer-between-commit-and-acknowledgement": partial(kill_at, Point.COMMIT_ACKNOWLEDGE, CONSUMERS),
    "kill-consumer-between-inbox-and-commit": partial(kill_at, Point.INBOX_COMMIT, CONSUMERS),
    "kill-service-between-commit-and-answer": partial(kill_at, Point.COMMIT_ANSWER, SPEAKERS[:3]),
    "kill-postgres": kill_postgres,
    "kill-kafka": kill_kafka,
    **{f"stop-{what}": partial(pause, what) for what in ("service", "postgres", "kafka")},
    **{
        f"{which}-{how}": partial(trouble, which, how)
        for which in ("kafka", "postgres")
        for how in ("reset", "delay", "cut")
    },
    "clock-jump": jump_clock,
    "replay-from-zero": replay,
    "member-joins-and-leaves": member,
    **{kind: partial(bad_record, kind) for kind in ("poison-event", "unknown-version", "missing-field")},
    "large-payload": large_payload,
    "idle-transaction": idle_transaction,
    "lock-queue-behind-ddl": lock_queue,
    FULL_DISK: full_disk,
    "connection-exhaustion": exhaust_connections,
    "retry-storm": retry_storm,
    "same-key-other-body": other_body,
    "client-hangs-up": hang_up,
    **{f"centre-{kind}": partial(centre, kind) for kind in ("timeout-before", "timeout-after", "down")},
}

A_RUN = 4
A_ROUND = 12


def chosen(seed: int) -> list[str]:
    """The faults of a seed, in order. Twelve seeds in a row from 1, 13, 25 … have every fault between them."""
    round_, place = divmod(seed - 1, A_ROUND)
    names = seeded(f"round {round_}").sample(sorted(FAULTS), len(FAULTS))
    return [names[(place * A_RUN + number) % len(names)] for number in range(A_RUN)]


def impossible(world: World) -> dict[str, str]:
    """The faults that this machine does not let us inject, and why."""
    return {FULL_DISK: str(world.disk)} if isinstance(world.disk, NoDisk) else {}


async def inject(scene: Scene, seed: int, names: list[str]) -> None:
    """All of them, each from a moment of the seed's choice; of those that end or stop a process one at a time."""
    processes = asyncio.Lock()

    async def one(name: str) -> None:
        rng = seeded(f"{seed} {name}")
        await asyncio.sleep(rng.uniform(0.2, LATEST_SECONDS))
        if name.startswith(("kill-", "stop-", FULL_DISK)):
            async with processes:
                await FAULTS[name](scene, rng)
        else:
            await FAULTS[name](scene, rng)

    await asyncio.gather(*map(one, names))


assert len(FAULTS) <= A_ROUND * A_RUN, "twelve seeds no longer have every fault between them: raise A_RUN"
