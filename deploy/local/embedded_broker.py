"""A small Kafka broker where there is no Java: librdkafka's mock cluster, as a program of its own.

    python -m deploy.local.embedded_broker --topics registration-events:12 beds-events:12

It writes one JSON line `{"bootstrap": "127.0.0.1:PORT"}` to its standard output, then reads lines `NAME:PARTITIONS` and
answers each with `{"created": NAME}` or `{"error": …}`; it ends with its standard input when `--until-closed` is given,
else with SIGTERM. Only its own process can create topics, which is why they are asked for here.

Invariant: it keeps nothing. A new start is an empty broker, so whoever starts it starts with empty databases too.
For demos and smoke tests: one member a group, at most 5 MiB a partition, no admin API, no compaction.
"""

import argparse
import ctypes
import json
import re
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

WHEEL: Final = "confluent_kafka"
PRODUCER: Final = 0
REBALANCE_DELAY_MS: Final = 100
ERROR_BYTES: Final = 512
EXISTS_ALREADY: Final = 36
TOPIC: Final = re.compile(r"(?P<name>[a-zA-Z0-9._-]{1,249}):(?P<partitions>[1-9]\d{0,3})")
POINTER, TEXT, INT = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
SIGNATURES: Final[dict[str, tuple[Any, list[Any]]]] = {
    "rd_kafka_conf_new": (POINTER, []),
    "rd_kafka_conf_set": (INT, [POINTER, TEXT, TEXT, TEXT, ctypes.c_size_t]),
    "rd_kafka_new": (POINTER, [INT, POINTER, TEXT, ctypes.c_size_t]),
    "rd_kafka_mock_cluster_new": (POINTER, [POINTER, INT]),
    "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, [POINTER, ctypes.c_int32]),
    "rd_kafka_mock_topic_create": (INT, [POINTER, TEXT, INT, INT]),
    "rd_kafka_mock_cluster_bootstraps": (TEXT, [POINTER]),
    "rd_kafka_err2str": (TEXT, [INT]),
}


class BrokerFailed(RuntimeError):
    """The broker cannot start or refuses a topic."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic to create, written NAME:PARTITIONS."""

    name: str
    partitions: int

    @classmethod
    def parse(cls, text: str) -> "TopicSpec":
        """Read NAME:PARTITIONS; raises ValueError with the remedy."""
        found = TOPIC.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"topic {text.strip()!r}: write NAME:PARTITIONS, for example beds-events:12")
        return cls(found["name"], int(found["partitions"]))

    def __str__(self) -> str:
        return f"{self.name}:{self.partitions}"


class EmbeddedCluster:
    """The mock cluster of one broker in this process; it lives as long as the process."""

    def __init__(self) -> None:
        """Start it on a free loopback port."""
        self._library = ctypes.CDLL(str(librdkafka()))
        for name, (answer, parameters) in SIGNATURES.items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = answer, parameters
        why = ctypes.create_string_buffer(ERROR_BYTES)
        settings = self._library.rd_kafka_conf_new()
        self._library.rd_kafka_conf_set(settings, b"log_level", b"3", why, ERROR_BYTES)
        client = self._library.rd_kafka_new(PRODUCER, settings, why, ERROR_BYTES)
        self._cluster = self._library.rd_kafka_mock_cluster_new(client, 1) if client else None
        if not self._cluster:
            raise BrokerFailed(f"the embedded broker cannot start: {why.value.decode() or 'no reason given'}")
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, REBALANCE_DELAY_MS)

    @property
    def bootstrap(self) -> str:
        """HOST:PORT for clients."""
        return bytes(self._library.rd_kafka_mock_cluster_bootstraps(self._cluster)).decode()

    def create(self, topic: TopicSpec) -> None:
        """Create a topic; one that exists already is left as it is. Raises `BrokerFailed`."""
        code = self._library.rd_kafka_mock_topic_create(self._cluster, topic.name.encode(), topic.partitions, 1)
        if code not in {0, EXISTS_ALREADY}:
            why = bytes(self._library.rd_kafka_err2str(code)).decode()
            raise BrokerFailed(f"topic {topic} cannot be created: {why}")


def librdkafka() -> Path:
    """The library that the confluent-kafka wheel carries."""
    wheel = find_spec(WHEEL)
    if wheel is None or not wheel.submodule_search_locations:
        raise BrokerFailed("the wheel confluent-kafka is not installed: run `make install`")
    package = Path(wheel.submodule_search_locations[0])
    beside = [package.parent / "confluent_kafka.libs", package / ".dylibs"]
    for library in (found for directory in beside for found in sorted(directory.glob("librdkafka*"))):
        return library
    raise BrokerFailed(f"no librdkafka beside {package}: reinstall confluent-kafka from its wheel")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the broker until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.embedded_broker", description=__doc__.splitlines()[0])
    parser.add_argument("--topics", nargs="*", default=[], type=_topic, metavar="NAME:PARTITIONS")
    parser.add_argument("--until-closed", action="store_true", help="end when standard input ends")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    cluster = EmbeddedCluster()
    for topic in given.topics:
        cluster.create(topic)
    _say({"bootstrap": cluster.bootstrap})
    for line in sys.stdin:
        _say(_answer(cluster, line))
    while not given.until_closed:
        signal.pause()
    return 0


def _topic(text: str) -> TopicSpec:
    try:
        return TopicSpec.parse(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from None


def _answer(cluster: EmbeddedCluster, line: str) -> dict[str, str]:
    try:
        topic = TopicSpec.parse(line)
        cluster.create(topic)
    except (ValueError, BrokerFailed) as refusal:
        return {"error": str(refusal)}
    return {"created": topic.name}


def _say(what: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
