"""One real Apache Kafka node (KRaft, broker and controller in one process) on the loopback.

Invariant: the node keeps its address and its records over `stop`, `kill` and `start`. Its settings are those measured
for one node: it is back about four seconds after a `kill -9`.
"""

import base64
import json
import shutil
import signal
import subprocess
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.answering import answers
from deploy.local.children import Child, ChildDied, Order, start, until
from deploy.local.jars import Java, kafka_version
from deploy.local.ports import LOOPBACK, Ports

START_SECONDS = 60.0
STOP_SECONDS = 20.0
FORMAT_SECONDS = 60
PREFERRED_PORT = 9092
JVM = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{advertised}
controller.listener.names=CONTROLLER
log.dirs={records}
auto.create.topics.enable=false
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=1500
broker.heartbeat.interval.ms=300
"""


class KafkaFailed(RuntimeError):
    """The node cannot be made or started. The message says why and what to do."""


@dataclass(slots=True)
class ApacheKafka:
    """One node in one directory. `advertised` (HOST:PORT) sends clients through a proxy instead of to the node.

    `ports` keeps the node's ports for it until it listens; release them then.
    """

    directory: Path
    log: Path
    java: Java
    jars: Path
    ports: Ports = field(default_factory=Ports)
    tied: bool = False
    preferred_port: int | None = PREFERRED_PORT
    advertised: str | None = None
    child: Child | None = None
    kind: str = "apache"
    port: int = field(init=False, default=0)

    @property
    def version(self) -> str:
        """Kafka's version, such as 4.4.0."""
        return kafka_version()

    @property
    def bootstrap(self) -> str:
        """The address for clients."""
        return self.advertised or f"{LOOPBACK}:{self.port}"

    def prepare(self) -> None:
        """Choose ports (the same as before, if they are free) and format the storage if it is new."""
        self.directory.mkdir(parents=True, exist_ok=True)
        notes = self.directory / "node.json"
        before = json.loads(notes.read_text(encoding="utf-8")) if notes.exists() else {}
        self.port = self.ports.choose(before.get("port", self.preferred_port))
        controller_port = self.ports.choose(before.get("controller_port"))
        self._settings.write_text(
            SETTINGS.format(
                host=LOOPBACK,
                port=self.port,
                controller_port=controller_port,
                advertised=self.bootstrap,
                records=self._records,
            ),
            encoding="utf-8",
        )
        if not (self._records / "meta.properties").exists():
            self._format()
        notes.write_text(json.dumps({"port": self.port, "controller_port": controller_port}), encoding="utf-8")

    def start(self) -> None:
        """Start the node; `wait_ready` waits for it."""
        self.child = start(
            Order(
                name="kafka",
                command=[*self._jvm(), "kafka.Kafka", str(self._settings)],
                log=self.log,
                tied=signal.SIGKILL if self.tied else None,
            )
        )

    def wait_ready(self) -> None:
        """Wait until it takes clients and leads every partition it has."""
        child = self._running()
        deadline = time.monotonic() + START_SECONDS
        try:
            until(lambda: answers(self.bootstrap, deadline), child, START_SECONDS, "starting Apache Kafka")
        except (ChildDied, TimeoutError) as failure:
            raise KafkaFailed(str(failure)) from None

    def stop(self) -> None:
        """Stop it cleanly."""
        if self.child is not None:
            self.child.stop(STOP_SECONDS)
            self.child = None

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._running().kill()
        self.child = None

    def remove(self) -> None:
        """Delete the stopped node's directory."""
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def _settings(self) -> Path:
        return self.directory / "server.properties"

    @property
    def _records(self) -> Path:
        return self.directory / "records"

    def _running(self) -> Child:
        if self.child is None:
            raise KafkaFailed("Apache Kafka is not running: start it first")
        return self.child

    def _jvm(self) -> list[str]:
        return [str(self.java.program), *JVM, "-cp", f"{self.jars}/*"]

    def _format(self) -> None:
        shutil.rmtree(self._records, ignore_errors=True)
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", f"--config={self._settings}"]
        try:
            subprocess.run(  # noqa: S603 - Kafka's own tool on our own settings
                [*self._jvm(), *tool], capture_output=True, text=True, check=True, timeout=FORMAT_SECONDS
            )
        except subprocess.CalledProcessError as failure:
            raise KafkaFailed(f"Kafka cannot format {self._records}: {failure.stderr.strip()}") from None
        except subprocess.TimeoutExpired:
            raise KafkaFailed(f"Kafka did not format {self._records} in {FORMAT_SECONDS} s") from None
