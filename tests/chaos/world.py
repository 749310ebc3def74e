"""The stack under test: every service as a real process, Apache Kafka and a durable PostgreSQL behind our proxies.

Invariants: what the injector kills it starts again, at the same port, with the environment of its first start; nothing
outlives `close`. The checker reads past the proxies; only services and clients are troubled by them.
"""

import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psutil

from deploy.local.apache_kafka import ApacheKafka
from deploy.local.children import Child, Order, start
from deploy.local.issuer import Issuer
from deploy.local.jars import bring_jars, find_java
from deploy.local.layout import SERVICES, Home, ServiceEntry, Urls
from deploy.local.ports import Ports
from deploy.local.postgres import PORT, EmbeddedPostgres
from deploy.local.record import Record
from deploy.local.stack import Stack
from deploy.local.starting import Wishes, ready
from shared.clock import ClockDriver
from tests.chaos.composed import TELL_STACKS, Points
from tests.chaos.proxy import Proxy, to_address, to_socket
from tests.chaos.small_disk import NoDisk, SmallDisk, open_disk

NAMES = tuple(service.name for service in SERVICES)
SPEAKERS = ("registration", "beds", "discharge", "followup")
FIRST_DAY = datetime(2026, 3, 2, tzinfo=UTC)
CENTRE_TIMEOUT_SECONDS = "1.0"
READY_SECONDS = 60.0
POLL_SECONDS = 0.02
TELL_SECONDS = 0.5
ON_A_SMALL_DISK = """
max_wal_size = 128MB
min_wal_size = 32MB
commit_siblings = 0
commit_delay = 2000
"""
"""Of a log that fits there; and of commits that wait two milliseconds for each other, as they would for a real disk."""


@dataclass(slots=True)
class World:
    """A running stack; made by `open_world`, ended by `close`."""

    root: Path
    postgres: EmbeddedPostgres
    kafka: ApacheKafka
    to_postgres: Proxy
    to_kafka: Proxy
    clock: ClockDriver
    record: Record
    issuer: Issuer
    databases: Mapping[str, str]
    disk: SmallDisk | NoDisk
    """What the database lies on, or why it is the machine's own disk, which nobody may fill."""
    children: dict[str, Child] = field(default_factory=dict)
    environments: dict[str, dict[str, str]] = field(default_factory=dict)
    recovery_seconds: dict[str, list[float]] = field(
        default_factory=lambda: {"service": [], "postgres": [], "kafka": []}
    )

    def points(self, service: str) -> Points:
        """The named points of a service."""
        return Points(self.root / "points", service)

    def kill(self, service: str) -> None:
        """End a service as a power cut would, its worker processes too."""
        self.children[service].kill()

    def start(self, service: str, bugs: Iterable[str] = ()) -> None:
        """Start a service again and wait until it is ready."""
        order = Order(
            name=service,
            command=command(self.root, service, bugs),
            log=self.children[service].log or self.root / f"{service}.log",
            env=self.environments[service],
            tied=signal.SIGKILL,
        )
        self.children[service] = start(order)
        began = time.monotonic()
        self.wait_ready(service, again=order)
        self.recovery_seconds["service"].append(time.monotonic() - began)

    def wait_ready(self, service: str, again: Order | None = None) -> None:
        """Wait until a service takes commands; raises `TimeoutError` with the end of its log.

        With `again` one that gives up its start, its database being cut off, is started anew, as an orchestrator does.
        """
        deadline = time.monotonic() + READY_SECONDS
        while not ready(self.record.urls[service]):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{service} is not ready: {self.children[service].last_words()}")
            if again is not None and not self.children[service].alive():
                self.children[service] = start(again)
            time.sleep(POLL_SECONDS)

    def restart_postgres(self) -> None:
        """Pull the database's plug, every process of it, and start it again; wait until all services are ready."""
        self.postgres.kill()
        self.postgres.start()
        self.postgres.wait_ready()
        self.wait_all_ready()

    def wait_all_ready(self) -> None:
        """Wait until every service that runs takes commands again, now that the database does."""
        began = time.monotonic()
        for service in NAMES:
            if self.children[service].alive():
                self.wait_ready(service)
        self.recovery_seconds["postgres"].append(time.monotonic() - began)

    def keep_logs(self, directory: Path) -> None:
        """Put the logs where somebody can read them, with where every task of every service waits now."""
        for child in self.children.values():
            child.send(TELL_STACKS)
        time.sleep(TELL_SECONDS)
        shutil.copytree(self.root / "state" / "log", directory, dirs_exist_ok=True)

    def admin_url(self, service: str) -> str:
        """The administrator's address of a service's database, past the proxy."""
        name = urlsplit(self.databases[service]).path
        return urlunsplit(urlsplit(self.postgres.admin_url)._replace(path=name))

    def own_url(self, service: str) -> str:
        """The service's own address of its database, past the proxy."""
        user = urlsplit(self.databases[service]).netloc.rpartition("@")[0]
        return urlunsplit(urlsplit(self.admin_url(service))._replace(netloc=f"{user}@"))

    def close(self) -> None:
        """End everything and remove its files."""
        for child in self.children.values():
            child.kill()
        if self.kafka.child is not None:
            self.kafka.kill()
        self.postgres.stop()  # cleanly: what it has of the system's shared memory goes back
        for proxy in (self.to_kafka, self.to_postgres):
            proxy.close()
        self.postgres.remove()
        if isinstance(self.disk, SmallDisk):
            self.disk.close()
        shutil.rmtree(self.root, ignore_errors=True)


def open_world() -> World:
    """Start the whole stack in a directory of its own. Takes half a minute on a busy machine."""
    root = Path(tempfile.mkdtemp(prefix="carejourney-chaos-"))
    (root / "points").mkdir()
    ports = Ports()
    postgres = EmbeddedPostgres(root / "postgres", root / "postgres.log", durable=True, tied=True)
    to_postgres = Proxy("postgres", to_socket(lambda: str(postgres.socket_directory / f".s.PGSQL.{PORT}")))
    kafka = ApacheKafka(
        root / "kafka", root / "kafka.log", find_java(), bring_jars(), ports, tied=True, preferred_port=None
    )
    to_kafka = Proxy("kafka", to_address(lambda: kafka.port))
    kafka.advertised = f"127.0.0.1:{to_kafka.port}"
    for server in (postgres, kafka):
        server.prepare()
    disk = _small_disk(root, postgres.directory / "data")
    for server in (postgres, kafka):
        server.start()
    for server in (postgres, kafka):
        server.wait_ready()
    ports.release()
    clock = ClockDriver(root / "clock")
    clock.advance_to(FIRST_DAY)
    home = Home(root / "state")
    record = Stack(home).up(
        Wishes(
            kafka=kafka.advertised,
            postgres=through(to_postgres, postgres.admin_url),
            clock=str(root / "clock"),
            tied=True,
            log_level="info",
            services=[_anywhere(service) for service in SERVICES],
            command=lambda service: command(root, service.name),
        )
    )
    world = World(
        root=root,
        postgres=postgres,
        kafka=kafka,
        to_postgres=to_postgres,
        to_kafka=to_kafka,
        clock=clock,
        record=record,
        issuer=Issuer(home.root),
        databases=json.loads(home.databases.read_text(encoding="utf-8")),
        children={child.name: child for child in record.children},
        disk=disk,
    )
    world.environments = {name: psutil.Process(child.pid).environ() for name, child in world.children.items()}
    return world


def command(root: Path, service: str, bugs: Iterable[str] = ()) -> list[str]:
    """The command line of a service under test."""
    return [sys.executable, "-m", "tests.chaos.composed", service, str(root / "points"), *bugs]


def through(proxy: Proxy, url: str) -> str:
    """The same database by way of a proxy."""
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    return urlunsplit((parts.scheme, f"{user}@127.0.0.1:{proxy.port}", parts.path, "", ""))


def _small_disk(root: Path, cluster: Path) -> SmallDisk | NoDisk:
    """Put the database onto a disk of its own, where the machine lets us."""
    try:
        disk = open_disk(root / "disk", cluster.stat())
    except NoDisk as refusal:
        return refusal
    with (cluster / "postgresql.conf").open("a", encoding="utf-8") as settings:
        settings.write(ON_A_SMALL_DISK)
    disk.take(cluster)
    return disk


def _anywhere(service: ServiceEntry) -> ServiceEntry:
    """The service at a port that nobody else prefers, and with little patience for the insurance centre."""

    def extras(urls: Urls) -> dict[str, str]:
        return {**service.extras(urls), "JOURNEY_CENTRE_TIMEOUT_SECONDS": CENTRE_TIMEOUT_SECONDS}

    return replace(service, preferred_port=0, extras=extras)
