"""A broker for the tests: Apache Kafka, one per pytest process; where it cannot be had the embedded broker, said aloud.

Invariant: with `REQUIRE_APACHE_KAFKA=1` no test is green on anything but Apache Kafka.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.local.broker import Broker, EmbeddedBroker, Place, choose
from deploy.local.embedded_broker import TopicSpec
from deploy.local.jars import Lacking
from tests.support import facts

SECONDS = 30.0
NUMBERS = count(1)


@dataclass
class TestBroker:
    """A running broker. `kill` and `start` are there on Apache Kafka only: ask for the fixture `apache_kafka`."""

    __test__ = False
    broker: Broker

    @property
    def kind(self) -> str:
        """`apache` or `embedded`."""
        return self.broker.kind

    @property
    def bootstrap(self) -> str:
        """The address for clients; the same after `kill` and `start`."""
        return self.broker.bootstrap

    def kill(self) -> None:
        """Pull the broker's plug (`kill -9`)."""
        self.broker.kill()

    def start(self) -> None:
        """Start the killed broker on its old records and wait until it takes clients."""
        self.broker.start()
        self.broker.wait_ready()

    def new_topic(self, name: str = "test", partitions: int = 12, **settings: str) -> str:
        """A fresh topic of this test's own, whose name begins with `name`; settings as in Kafka, `_` for `.`."""
        topic = f"{name}-{next(NUMBERS)}"
        if isinstance(self.broker, EmbeddedBroker):
            self.broker.create(TopicSpec(topic, partitions))
            return topic
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        config = {key.replace("_", "."): value for key, value in settings.items()}
        made = admin.create_topics([NewTopic(topic, partitions, 1, config=config)], operation_timeout=SECONDS)
        made[topic].result(SECONDS)
        return topic

    def delete_topic(self, name: str) -> None:
        """Take a topic away, for tests whose topic others would notice."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        admin.delete_topics([name], operation_timeout=SECONDS)[name].result(SECONDS)


@contextmanager
def own_broker(folder: Path) -> Iterator[TestBroker]:
    """An Apache Kafka for a program that measures; its data lies in `folder`."""
    broker, _ = choose("apache", Place(directory=folder / "node", log=folder / "kafka.log", tied=True), [])
    broker.prepare()
    broker.start()
    try:
        broker.wait_ready()
        yield TestBroker(broker)
    finally:
        broker.stop()
        broker.remove()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[TestBroker]:
    """The broker of this pytest process."""
    directory = tmp_path_factory.mktemp("kafka")
    place = Place(directory=directory / "node", log=directory / "kafka.log", tied=True)
    required = os.environ.get("REQUIRE_APACHE_KAFKA") == "1"
    try:
        broker, note = choose("apache" if required else "auto", place, [])
    except Lacking as lacking:
        pytest.fail(f"REQUIRE_APACHE_KAFKA=1 and {lacking}")
    broker.prepare()
    broker.start()
    try:
        broker.wait_ready()
        facts.note(pytestconfig, "broker", note)
        yield TestBroker(broker)
    finally:
        broker.stop()
        broker.remove()


@pytest.fixture
def apache_kafka(kafka: TestBroker) -> TestBroker:
    """The broker, for tests that the embedded one cannot serve (faults, delivery, compaction); else skipped."""
    if kafka.kind != "apache":
        pytest.skip("needs Apache Kafka: Java 17 or newer, and Maven")
    return kafka
