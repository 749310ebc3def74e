"""A service under test: `python -m tests.chaos.composed SERVICE POINTS-DIRECTORY [PLANTED-BUG…]`.

It is the product's own service, put together as the product does, but that its relay, consumer, effects and database
are subclasses which die (`kill -9` of the whole process group) at a named point, once, when a file of that name lies in
the directory. With a planted bug one more part is replaced by a wrong one; the checker has to find it.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any

from shared import hosting
from shared.database import Autocommit, Database
from shared.effects import Effects
from shared.inbox import Received
from shared.relay import DELETE
from shared.work import Work
from tests.chaos.planted import BUGS

TELL_STACKS = signal.SIGUSR1
"""Asks a process where its tasks are, for whoever looks into a hang."""


class Point(StrEnum):
    """Where a process can be made to die."""

    PUBLISH_DELETE = "between-publish-and-delete"
    COMMIT_ACKNOWLEDGE = "between-commit-and-acknowledgement"
    INBOX_COMMIT = "between-inbox-and-commit"
    COMMIT_ANSWER = "between-commit-and-answer"


class Points:
    """The points of one service. `arm` is for the injector, `reach` for the process under test."""

    def __init__(self, directory: Path, service: str) -> None:
        self._directory = directory
        self.service = service

    def arm(self, point: Point) -> None:
        """Let the service die when it next comes there."""
        self._file(point).touch()

    def disarm(self, point: Point) -> None:
        """Let it live."""
        self._file(point).unlink(missing_ok=True)

    def reach(self, point: Point) -> None:
        """Die here if it is asked for."""
        if self._file(point).exists():
            self.disarm(point)
            os.killpg(0, signal.SIGKILL)

    def _file(self, point: Point) -> Path:
        return self._directory / f"{self.service}.{point}"


def stop_deliveries_at(points: Points) -> None:
    """Replace what sends and receives by subclasses that know the points."""

    class Watched:
        """The relay's connection: between what was published and what is deleted lies its DELETE."""

        def __init__(self, connection) -> None:
            self._connection = connection

        def __getattr__(self, name: str):
            return getattr(self._connection, name)

        async def execute(self, statement: str, *arguments):
            if statement == DELETE:
                points.reach(Point.PUBLISH_DELETE)
            return await self._connection.execute(statement, *arguments)

    class StoppingRelay(hosting.Relay):
        async def _send_some(self, connection, producer) -> bool:
            return await super()._send_some(Watched(connection), producer)

    class StoppingConsumer(hosting.Consumer):
        async def _taken_once(self, batch) -> bool:
            taken = await super()._taken_once(batch)
            points.reach(Point.COMMIT_ACKNOWLEDGE)
            return taken

    hosting.Relay, hosting.Consumer = StoppingRelay, StoppingConsumer


def stop_commits_at(points: Points) -> None:
    """Replace what commits by subclasses that know the points."""

    class StoppingEffects(Effects):
        async def _react(self, batch: Sequence[Received], work: Work) -> None:
            await super()._react(batch, work)
            points.reach(Point.INBOX_COMMIT)

    class StoppingDatabase(Database):
        @asynccontextmanager
        async def work(self) -> AsyncIterator[Work]:
            async with super().work() as work:
                yield work
            if work.said or work.wrote_outbox:
                points.reach(Point.COMMIT_ANSWER)

    class StoppingAutocommit(Autocommit):
        async def fetch(self, statement: str, *values: Any) -> list[Any]:
            rows = await super().fetch(statement, *values)
            points.reach(Point.COMMIT_ANSWER)
            return rows

    hosting.Effects, hosting.Database = StoppingEffects, StoppingDatabase
    if points.service == "registration":
        import_module("services.registration.booking.lane").Autocommit = StoppingAutocommit


def tell_stacks(*_: object) -> None:
    """Write to standard error where every task of the process waits."""
    for task in asyncio.all_tasks():
        task.print_stack(file=sys.stderr)
    sys.stderr.flush()


if __name__ == "__main__":
    name, directory, *bugs = sys.argv[1:]
    for bug in bugs:
        BUGS[bug]()
    known = Points(Path(directory), name)
    stop_deliveries_at(known)
    stop_commits_at(known)
    signal.signal(TELL_STACKS, tell_stacks)
    sys.argv = [f"services.{name}", "all"]
    hosting.main(import_module(f"services.{name}.app").SERVICE)
