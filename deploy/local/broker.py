"""Which broker the suite talks to: `auto`, `apache`, `embedded` or the HOST:PORT of one that runs elsewhere.

Invariant: nobody gets the embedded broker without being told why; `apache` never turns into something else.
"""

import json
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from deploy.local.answering import answers
from deploy.local.apache_kafka import ApacheKafka, KafkaFailed
from deploy.local.children import Child, Order, start
from deploy.local.embedded_broker import TopicSpec
from deploy.local.jars import Lacking, bring_jars, find_java
from deploy.local.ports import Ports

ANSWER_SECONDS = 20.0
STOP_SECONDS = 5.0
ADDRESSES = re.compile(r"[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*")
EMBEDDED_NOTE = "its topics live in memory, so the data starts clean; delivery guarantees need Apache Kafka"


class Broker(Protocol):
    """A broker that can be started and stopped; one that is not ours only answers."""

    @property
    def kind(self) -> str:
        """`apache`, `embedded` or `external`."""

    @property
    def version(self) -> str:
        """Which version runs there, as far as that is known."""

    @property
    def bootstrap(self) -> str:
        """The address for clients."""

    @property
    def child(self) -> Child | None:
        """Its process, while it runs and is ours."""

    def prepare(self) -> None:
        """Make what it needs before its first start."""

    def start(self) -> None:
        """Start it."""

    def wait_ready(self) -> None:
        """Wait until it takes clients; raises `KafkaFailed`."""

    def stop(self) -> None:
        """Stop it cleanly."""

    def kill(self) -> None:
        """End it at once."""

    def remove(self) -> None:
        """Delete what it kept."""


@dataclass(slots=True)
class EmbeddedBroker:
    """The embedded broker as a child of ours, with the topics it starts with."""

    log: Path
    topics: Sequence[TopicSpec] = ()
    tied: bool = False
    child: Child | None = None
    kind: str = "embedded"
    version: str = field(default_factory=lambda: f"librdkafka {version('confluent-kafka')}")
    bootstrap: str = field(init=False, default="")

    def prepare(self) -> None:
        """Nothing to make: it keeps nothing."""

    def start(self) -> None:
        """Start it, empty but for its topics, at an address of its own."""
        options = ["--topics", *map(str, self.topics)] + (["--until-closed"] if self.tied else [])
        self.child = start(
            Order(
                name="kafka",
                command=[sys.executable, "-m", "deploy.local.embedded_broker", *options],
                log=self.log,
                tied=signal.SIGKILL if self.tied else None,
                piped=True,
            )
        )

    def wait_ready(self) -> None:
        """Wait for its address; raises `KafkaFailed`."""
        self.bootstrap = self._answer("bootstrap")

    def create(self, topic: TopicSpec) -> None:
        """Create one more topic; raises `KafkaFailed`."""
        pipe = self._running().stdin
        if pipe is None:
            raise KafkaFailed("the embedded broker was started by another process and creates no more topics")
        pipe.write(f"{topic}\n")
        pipe.flush()
        self._answer("created")

    def stop(self) -> None:
        """Stop it; what it held is gone."""
        if self.child is not None:
            self.child.stop(STOP_SECONDS)
            self.child = None

    def kill(self) -> None:
        """End it at once; what it held is gone."""
        if self.child is not None:
            self.child.kill()
            self.child = None

    def remove(self) -> None:
        """Nothing to delete."""

    def _answer(self, key: str) -> str:
        pipe = self._running().stdout
        ready = pipe is not None and select.select([pipe], [], [], ANSWER_SECONDS)[0]
        line = pipe.readline() if pipe is not None and ready else ""
        answer = json.loads(line) if line else {}
        if key not in answer:
            words = self.child.last_words() if self.child else ""
            raise KafkaFailed(f"the embedded broker did not answer: {answer.get('error') or words}")
        return str(answer[key])

    def _running(self) -> subprocess.Popen[str]:
        if self.child is None or self.child.started_here is None:
            raise KafkaFailed("the embedded broker is not running: start it first")
        return self.child.started_here


@dataclass(slots=True)
class ExternalKafka:
    """A broker that somebody else runs; it is used, never started or stopped."""

    bootstrap: str
    child: Child | None = None
    kind: str = "external"
    version: str = "unknown"

    def prepare(self) -> None:
        """Nothing to make."""

    def start(self) -> None:
        """Nothing to start."""

    def wait_ready(self) -> None:
        """Ask it once; raises `KafkaFailed`."""
        if not answers(self.bootstrap, time.monotonic() + ANSWER_SECONDS):
            raise KafkaFailed(f"no Kafka answers at {self.bootstrap}: check the address and that it runs")

    def stop(self) -> None:
        """Leave it alone."""

    def kill(self) -> None:
        """Refuse: it is not ours."""
        raise KafkaFailed(f"the broker at {self.bootstrap} is not ours to kill")

    def remove(self) -> None:
        """Leave its topics alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a broker of ours lives. `ports` keeps its ports for it until it listens."""

    directory: Path
    log: Path
    ports: Ports = field(default_factory=Ports)
    tied: bool = False
    preferred_port: int | None = None


def choose(wanted: str, place: Place, topics: Sequence[TopicSpec]) -> tuple[Broker, str]:
    """The broker that `wanted` names, and one line that says which and why.

    `topics` are those an embedded broker starts with. Raises `Lacking` when `apache` is wanted and cannot be had,
    `ValueError` for an address that is none.
    """
    if wanted == "embedded":
        return _embedded(place, topics), f"embedded broker, as asked: {EMBEDDED_NOTE}"
    if wanted in {"auto", "apache"}:
        try:
            kafka = ApacheKafka(place.directory, place.log, find_java(), bring_jars(), place.ports, tied=place.tied)
        except Lacking as lacking:
            if wanted == "apache":
                raise
            return _embedded(place, topics), f"embedded broker, because {lacking.what}: {EMBEDDED_NOTE}"
        kafka.preferred_port = place.preferred_port
        return kafka, f"Apache Kafka {kafka.version} on Java {kafka.java.version}"
    check(wanted)
    return ExternalKafka(wanted), f"Kafka at {wanted}"


def check(wanted: str) -> None:
    """Raise ValueError, with the choices, for a `wanted` that `choose` cannot know."""
    if wanted not in {"auto", "apache", "embedded"} and not ADDRESSES.fullmatch(wanted):
        raise ValueError(f"--kafka {wanted!r}: give auto, apache, embedded or HOST:PORT")


def _embedded(place: Place, topics: Sequence[TopicSpec]) -> EmbeddedBroker:
    return EmbeddedBroker(place.log, topics, tied=place.tied)
