"""What measurements stand on: one durable PostgreSQL, one Apache Kafka, processes of services, and CPU clocks.

Invariant: everything lies in one temporary directory and every process is tied to ours: nothing stays behind.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from time import clock_gettime, perf_counter, process_time
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import psutil
import uvloop

from deploy.local.apache_kafka import ApacheKafka
from deploy.local.jars import bring_jars, find_java
from deploy.local.ports import Ports
from deploy.local.postgres import EmbeddedPostgres
from shared.broker import TOPICS
from shared.provisioning import create_topics

T = TypeVar("T")
RUNS = 3


@dataclass
class Bench(AbstractContextManager["Bench"]):
    """One run of the bench. `runs` is how often each side of a comparison is measured."""

    runs: int = RUNS
    say: Callable[[str], None] = print
    directory: Path = field(init=False)
    _stack: ExitStack = field(init=False, default_factory=ExitStack)
    _templates: set[str] = field(init=False, default_factory=set)
    _numbers: Iterator[int] = field(init=False, default_factory=lambda: count(1))

    def __enter__(self) -> Self:
        self.directory = Path(tempfile.mkdtemp(prefix="carejourney-bench-"))
        self._stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @cached_property
    def postgres(self) -> EmbeddedPostgres:
        """A server as the stack starts it, fsync on."""
        server = EmbeddedPostgres(self.directory / "postgres", self.directory / "postgres.log", tied=True)
        server.prepare()
        server.start()
        self._stack.callback(server.remove)
        self._stack.callback(server.stop)
        server.wait_ready()
        return server

    @cached_property
    def kafka(self) -> ApacheKafka:
        """One Apache Kafka node with the suite's topics."""
        ports = Ports()
        node = ApacheKafka(
            self.directory / "kafka", self.directory / "kafka.log", find_java(), bring_jars(), ports, tied=True
        )
        node.preferred_port = None
        node.prepare()
        node.start()
        self._stack.callback(node.stop)
        node.wait_ready()
        ports.release()
        create_topics(node.bootstrap, TOPICS)
        return node

    def url(self, database: str) -> str:
        """The administrator's address of a database."""
        return urlunsplit(urlsplit(self.postgres.admin_url)._replace(path=f"/{quote(database)}"))

    def template(self, name: str, prepare: Callable[[str], object]) -> str:
        """The database of that name, filled by `prepare(url)` the first time it is asked for; give it to `database`."""
        if name in self._templates:
            return name
        self._templates.add(name)
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        prepare(self.url(name))
        return name

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The address of a copy of `template` that is gone afterwards; the server is at rest when it is handed out."""
        name = f"bench_{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        self.execute("CHECKPOINT")
        try:
            yield self.url(name)
        finally:
            self.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def execute(self, sql: str, url: str | None = None) -> None:
        """Run one statement outside any transaction."""
        run(_execute(url or self.postgres.admin_url, sql))

    def cpu(self, *pids: int) -> "CpuClock":
        """A clock of the CPU time of this process, the database server and these processes with their children."""
        server = self.postgres.child
        assert server is not None
        return CpuClock([server.pid, *pids])


class CpuClock:
    """CPU time of process families, from each process's own clock: in ticks each would lose half a tick, twice.

    A backend that has ended counts through its parent, which has waited for it; that much in ticks.
    """

    def __init__(self, pids: Sequence[int]) -> None:
        self._roots = [psutil.Process(pid) for pid in pids]
        self._at, self._used = perf_counter(), self._total()

    def seconds(self) -> float:
        """CPU seconds used since this clock was made."""
        return self._total() - self._used

    def elapsed(self) -> float:
        """Wall seconds since then."""
        return perf_counter() - self._at

    def _total(self) -> float:
        seconds = process_time()
        for root in self._roots:
            ended = root.cpu_times()
            seconds += ended.children_user + ended.children_system
            for process in (root, *root.children(recursive=True)):
                with suppress(OSError):  # it has ended just now
                    seconds += clock_gettime(cpu_clock_of(process.pid))
        return seconds


def cpu_clock_of(pid: int) -> int:
    """Linux: the id of the clock of a process's CPU time (clock_getcpuclockid(3))."""
    return ~pid << 3 | 2


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run on the loop that services run on."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(coroutine)


def rows_of(url: str, query: str, *arguments: Any) -> list[asyncpg.Record]:
    """Rows of a query."""
    return run(_fetch(url, query, *arguments))


async def _execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def _fetch(url: str, query: str, *arguments: Any) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(query, *arguments)
    finally:
        await connection.close()
