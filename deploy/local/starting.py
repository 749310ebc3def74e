"""How a stack comes up: servers first and at the same time, then migrations, then every service.

Invariant: every process is in the record before the next one starts; what fails takes down what had started.
"""

import json
import os
import shutil
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from deploy.local import children
from deploy.local.broker import Broker, Place, choose
from deploy.local.children import Child, ChildDied, Order
from deploy.local.databases import Databases, run_apart, without_password
from deploy.local.embedded_broker import TopicSpec
from deploy.local.files import write_private
from deploy.local.issuer import Issuer
from deploy.local.layout import SERVICES, Home, ServiceEntry, migration_command, service_command
from deploy.local.origin import EMBEDDED, Origin
from deploy.local.ports import LOOPBACK, Ports
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.record import Record
from shared.broker import TOPICS, Topic
from shared.provisioning import create_topics

KAFKA_PORT = 9092
MIGRATE_SECONDS = 120.0
READY_SECONDS = 60.0
STOP_SECONDS = 15.0
ASK_SECONDS = 2.0
ASK_EVERY_SECONDS = 0.1
SERVERS = ("postgres", "kafka")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How the stack is to be. `tied` lets every process die with ours; `say` is told each step as one line."""

    kafka: str = "auto"
    postgres: str | None = None
    clock: str = "system"
    tied: bool = False
    log_level: str = "info"
    services: Sequence[ServiceEntry] = SERVICES
    command: Callable[[ServiceEntry], list[str]] = service_command
    migration: Callable[[Path], list[str]] = migration_command
    topics: Sequence[Topic] = TOPICS
    say: Callable[[str], None] = field(default=lambda _: None)


@dataclass(slots=True)
class Starting:
    """One start of a stack. `record` says at any moment what has started."""

    home: Home
    wishes: Wishes
    record: Record = field(default_factory=Record)
    _ports: Ports = field(init=False, default_factory=Ports)
    _broker: Broker = field(init=False)
    _server: EmbeddedPostgres | None = field(init=False, default=None)
    _environment: dict[str, str] = field(init=False, default_factory=dict)

    def run(self) -> Record:
        """Bring everything up; on any failure or Ctrl-C stop what had started, and raise."""
        self.home.turn_logs()
        pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="starting")
        try:
            self._up(pool)
        except BaseException:
            stop(self.record)
            self.home.record.unlink(missing_ok=True)
            raise
        finally:
            pool.shutdown()
            self._ports.release()
        return self.record

    def _up(self, pool: ThreadPoolExecutor) -> None:
        wishes = self.wishes
        wishes.say("looking for a broker")
        self._choose_servers()
        wishes.say(f"starting PostgreSQL and the broker ({self.record.kafka_note})")
        list(pool.map(lambda server: server.prepare(), self._servers()))
        for server in self._servers():
            server.start()
            if server.child is not None:
                self._note(server.child)
        topics = pool.submit(self._topics)
        self._provide_databases()
        if not self._broker.bootstrap:
            topics.result()
        self._prepare_environment()
        wishes.say("migrating the databases")
        self._migrate()
        wishes.say("starting the services")
        running = self._services()
        wishes.say("waiting for the broker's topics and for every service to be ready")
        topics.result()
        for service, child in running.items():
            self._wait_ready(service, child)

    def _servers(self) -> list[EmbeddedPostgres | Broker]:
        return [*([self._server] if self._server else []), self._broker]

    def _choose_servers(self) -> None:
        """Decide on broker and database server, and clear away data that cannot be used with them."""
        wishes, home = self.wishes, self.home
        place = Place(
            directory=home.kafka,
            log=home.log("kafka"),
            ports=self._ports,
            tied=wishes.tied,
            preferred_port=KAFKA_PORT,
        )
        first = [TopicSpec(topic.name, topic.partitions) for topic in wishes.topics]
        self._broker, self.record.kafka_note = choose(wishes.kafka, place, first)
        self.record.kafka_kind, self.record.kafka_version = self._broker.kind, self._broker.version
        self.record.clock = wishes.clock
        if self._origin().must_start_clean(Origin.read(home.origin)):
            wishes.say("removing the data of the last run: its events are gone with the embedded broker")
            forget(home)
        if wishes.postgres is None:
            self._server = EmbeddedPostgres(home.postgres, home.log("postgres"), tied=wishes.tied)
        self._origin().write(home.origin)

    def _origin(self) -> Origin:
        return Origin(
            broker=self._broker.bootstrap if self._broker.kind == "external" else self._broker.kind,
            postgres=without_password(self.wishes.postgres) if self.wishes.postgres else EMBEDDED,
        )

    def _provide_databases(self) -> None:
        if self._server is not None:
            self._server.wait_ready()
        admin_url = self.wishes.postgres or self._server_url()
        prefix = self.home.prefix if self.wishes.postgres else ""
        databases = Databases(admin_url=admin_url, passwords=self.home.passwords, prefix=prefix)
        self.record.postgres_version = run_apart(databases.version())
        addresses = run_apart(databases.provide([service.name for service in self.wishes.services]))
        write_private(self.home.databases, json.dumps(addresses, indent=1))
        self.record.postgres = without_password(admin_url)

    def _server_url(self) -> str:
        return self._server.admin_url if self._server else ""

    def _topics(self) -> None:
        self._broker.wait_ready()
        if self._broker.kind != "embedded":
            create_topics(self._broker.bootstrap, self.wishes.topics)

    def _prepare_environment(self) -> None:
        """Ports, keys and what every service is told alike."""
        for service in self.wishes.services:
            self.record.urls[service.name] = f"http://{LOOPBACK}:{self._ports.choose(service.preferred_port)}"
        issuer = Issuer(self.home.root)
        issuer.prepare()
        self.record.kafka = self._broker.bootstrap
        self.home.materials.mkdir(exist_ok=True)
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("JOURNEY_")} | {
            "JOURNEY_KAFKA": self._broker.bootstrap,
            "JOURNEY_HTTP_HOST": LOOPBACK,
            "JOURNEY_CLOCK": self.wishes.clock,
            "JOURNEY_JWKS": str(issuer.jwks),
            "JOURNEY_VIEWER_TOKEN_FILE": str(issuer.viewer_token),
            "JOURNEY_INSTANCE": "1",
            "JOURNEY_REMINDER_FILE": str(self.home.reminders),
            "JOURNEY_MATERIALS": str(self.home.materials),
            "JOURNEY_SCANNER": "off",
            "JOURNEY_LOG_LEVEL": self.wishes.log_level,
        }
        if self.wishes.clock != "system":
            self._environment["JOURNEY_FORECAST_EVERY_HOURS"] = "0"  # months pass in a minute: nobody reads them
        if self.wishes.tied:
            self._environment["JOURNEY_PARENT_PID"] = str(os.getpid())

    def _migrate(self) -> None:
        """Bring every database to its service's newest schema."""
        command = self.wishes.migration(self.home.databases)
        child = self._note(self._start("migrations", command, self._environment))
        if not child.wait(MIGRATE_SECONDS):
            raise TimeoutError(f"the databases are not migrated after {MIGRATE_SECONDS:.0f} s; see {child.log}")
        if child.exit_code:
            raise ChildDied(f"a database cannot be migrated:\n{child.last_words()}")
        self.record.children.remove(child)

    def _services(self) -> dict[ServiceEntry, Child]:
        addresses = json.loads(self.home.databases.read_text(encoding="utf-8"))
        running = {}
        for service in self.wishes.services:
            own = {
                "JOURNEY_DATABASE_URL": addresses[service.name],
                "JOURNEY_HTTP_PORT": self.record.urls[service.name].rpartition(":")[2],
            }
            environment = self._environment | own | service.extras(self.record.urls)
            running[service] = self._note(self._start(service.name, self.wishes.command(service), environment))
        return running

    def _start(self, name: str, command: list[str], environment: dict[str, str]) -> Child:
        tied = signal.SIGKILL if self.wishes.tied else None
        return children.start(Order(name=name, command=command, log=self.home.log(name), env=environment, tied=tied))

    def _note(self, child: Child) -> Child:
        self.record.children.append(child)
        self.record.write(self.home.record)
        return child

    def _wait_ready(self, service: ServiceEntry, child: Child) -> None:
        url = self.record.urls[service.name]
        children.until(lambda: ready(url), child, READY_SECONDS, "getting ready", ASK_EVERY_SECONDS)


def ready(url: str) -> bool:
    """Whether the service at this address says it is ready."""
    try:
        return httpx.get(f"{url}/health/ready", timeout=ASK_SECONDS, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def stop(record: Record) -> list[str]:
    """Stop the services, then the servers; the names of those that had to be killed."""
    services = [child for child in record.running() if child.name not in SERVERS]
    killed = children.stop_all(services, STOP_SECONDS)
    return killed + children.stop_all([child for child in record.running() if child.name in SERVERS], STOP_SECONDS)


def forget(home: Home) -> None:
    """Delete the data of a stopped stack; keys and logs stay."""
    EmbeddedPostgres(home.postgres, home.log("postgres")).remove()
    shutil.rmtree(home.kafka, ignore_errors=True)
    for path in (home.origin, home.databases, home.passwords):
        path.unlink(missing_ok=True)
