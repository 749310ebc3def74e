"""The whole suite on one machine: up, down, reset, status.

Invariant: either everything is up or nothing is, and only processes of our own record are ever stopped. How it comes
up is in `deploy.local.starting`.
"""

import fcntl
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import psutil

from deploy.local.broker import Broker, Place, choose
from deploy.local.databases import Databases, DatabasesFailed, run_apart, without_password
from deploy.local.layout import SERVICES, Home
from deploy.local.origin import EMBEDDED, Origin
from deploy.local.ports import Ports
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.record import Record
from deploy.local.starting import Starting, Wishes, forget, ready, stop

MEBIBYTE = 1024 * 1024


class StackFailed(RuntimeError):
    """The stack cannot do what was asked. The message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How one process is. `ready` is None for servers; `memory_mib` is None for what does not run."""

    name: str
    pid: int
    running: bool
    ready: bool | None
    url: str | None
    memory_mib: int | None


@dataclass(frozen=True, slots=True)
class Stack:
    """The stack of one state directory."""

    home: Home = field(default_factory=Home)

    def up(self, wishes: Wishes) -> Record:
        """Start everything and wait until it is ready. Raises `StackFailed`; then nothing runs.

        With `wishes.tied` the processes end with this one, otherwise they stay until `down`.
        """
        with self._locked():
            record = self.record()
            if record is not None and record.running():
                names = ", ".join(child.name for child in record.running())
                raise StackFailed(
                    f"the stack is up already ({names}): see `journey status`, stop it with `journey down`"
                )
            try:
                return Starting(self.home, wishes).run()
            except (RuntimeError, OSError, ValueError) as failure:
                raise StackFailed(str(failure)) from failure

    def down(self) -> list[str]:
        """Stop everything; the names of what was stopped."""
        with self._locked():
            return self._down()

    def reset(self, postgres: str | None = None) -> list[str]:
        """Stop everything and delete its data; keys stay. What was deleted, in words.

        `postgres` is the administrator's address of an external server, needed where the data lies there.
        """
        with self._locked():
            self._down()
            origin = Origin.read(self.home.origin)
            done = []
            if postgres is not None:
                databases = Databases(admin_url=postgres, passwords=self.home.passwords, prefix=self.home.prefix)
                try:
                    run_apart(databases.remove([service.name for service in SERVICES]))
                except DatabasesFailed as failure:
                    raise StackFailed(str(failure)) from None
                done.append(f"the databases and users {self.home.prefix}* on {without_password(postgres)}")
            elif origin is not None and origin.postgres != EMBEDDED:
                raise StackFailed(f"the data lies on {origin.postgres}: give its administrator with --postgres URL")
            if origin is not None and ":" in origin.broker:
                done.append(f"nothing at {origin.broker}: delete its topics there, or old events come again")
            forget(self.home)
            return [*done, f"the data in {self.home.root}"]

    def status(self) -> list[State]:
        """How each process is, in the order of their start; empty when nothing was started."""
        record = self.record()
        if record is None:
            return []
        states = []
        for child in record.children:
            url, running = record.urls.get(child.name), child.alive()
            states.append(
                State(
                    name=child.name,
                    pid=child.pid,
                    running=running,
                    ready=(running and ready(url)) if url else None,
                    url=url,
                    memory_mib=_memory_mib(child.pid) if running else None,
                )
            )
        return states

    def record(self) -> Record | None:
        """What runs, as it was written down; raises `StackFailed` when the file is spoilt."""
        try:
            return Record.read(self.home.record)
        except ValueError as spoilt:
            raise StackFailed(str(spoilt)) from None

    def database_url(self, service: str) -> str:
        """The address of a service's database, with its password. Raises `StackFailed`."""
        if not self.home.databases.exists():
            raise StackFailed("there are no databases yet: start the stack with `journey up`")
        addresses: dict[str, str] = json.loads(self.home.databases.read_text(encoding="utf-8"))
        if service not in addresses:
            raise StackFailed(f"no database of a service {service!r}: use one of {', '.join(addresses)}")
        return addresses[service]

    @contextmanager
    def servers_alone(self) -> Iterator[str]:
        """The servers of a stopped stack without its services, for what must not be disturbed; Kafka's address.

        Raises `StackFailed` where the stack is up, or its data would not outlive the next start.
        """
        with self._locked():
            record, origin = self.record(), Origin.read(self.home.origin)
            if record is not None and record.running():
                raise StackFailed("the stack is up: stop it with `journey down`, start it again afterwards")
            if origin is None or origin.broker == EMBEDDED:
                raise StackFailed("data that lasts needs a stack on Apache Kafka: start one with `journey up` first")
            with ExitStack() as running:
                try:
                    bootstrap = self._start_servers(origin, running)
                except (RuntimeError, OSError) as failure:
                    raise StackFailed(str(failure)) from failure
                yield bootstrap

    def _start_servers(self, origin: Origin, running: ExitStack) -> str:
        """Start the broker, and the database server where it is ours; they end with `running`. Kafka's address."""
        ports = Ports()
        running.callback(ports.release)
        place = Place(directory=self.home.kafka, log=self.home.log("kafka"), ports=ports, tied=True)
        broker, _ = choose(origin.broker, place, [])
        servers: list[EmbeddedPostgres | Broker] = [broker]
        if origin.postgres == EMBEDDED:
            servers.append(EmbeddedPostgres(self.home.postgres, self.home.log("postgres"), tied=True))
        for server in servers:
            running.callback(server.stop)
            server.prepare()
            server.start()
        for server in servers:
            server.wait_ready()
        return broker.bootstrap

    def _down(self) -> list[str]:
        record = self.record()
        if record is None:
            return []
        names = [child.name for child in record.running()]
        stop(record)
        self.home.record.unlink()
        return names

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.home.root.mkdir(parents=True, exist_ok=True)
        with self.home.lock.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StackFailed("another command is starting or stopping this stack: wait for it") from None
            yield


def _memory_mib(pid: int) -> int | None:
    try:
        return int(psutil.Process(pid).memory_info().rss // MEBIBYTE)
    except psutil.NoSuchProcess:
        return None
