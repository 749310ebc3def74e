"""Whether a broker, whatever its kind, takes clients."""

import socket
import time

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

CONNECT_SECONDS = 0.5
ASK_SECONDS = 5.0
NO_LEADER = -1


def answers(bootstrap: str, deadline: float) -> bool:
    """Whether a broker answers at this address and every partition has its leader; `deadline` is monotonic."""
    if not any(_listens(address) for address in bootstrap.split(",")):
        return False
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, "reconnect.backoff.max.ms": 100})
    try:
        metadata = admin.list_topics(timeout=max(0.1, min(ASK_SECONDS, deadline - time.monotonic())))
    except KafkaException:
        return False
    partitions = [partition for topic in metadata.topics.values() for partition in topic.partitions.values()]
    return bool(metadata.brokers) and all(partition.leader != NO_LEADER for partition in partitions)


def _listens(address: str) -> bool:
    host, _, port = address.strip().rpartition(":")
    try:
        with socket.create_connection((host, int(port)), CONNECT_SECONDS):
            return True
    except OSError:
        return False
