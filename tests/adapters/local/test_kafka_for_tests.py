"""The broker that the tests themselves stand on."""

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.local.broker import EmbeddedBroker, Place, choose
from deploy.local.embedded_broker import TopicSpec
from tests.support.kafka import TestBroker


async def _send(bootstrap, topic, values):
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
        for value in values:
            await producer.send_and_wait(topic, value, key=b"one-patient", headers=[("ce_type", b"test")])


async def _receive(bootstrap, topic, number):
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    async with consumer:
        return [(await consumer.getone()).value for _ in range(number)]


@pytest.fixture
def embedded(tmp_path):
    broker = EmbeddedBroker(tmp_path / "kafka.log", [TopicSpec("at-start", 3)], tied=True)
    broker.start()
    broker.wait_ready()
    yield TestBroker(broker)
    broker.stop()


async def test_what_is_sent_is_received_in_order(kafka):
    topic = kafka.new_topic("beds-events")
    await _send(kafka.bootstrap, topic, [b"1", b"2", b"3"])
    assert await _receive(kafka.bootstrap, topic, 3) == [b"1", b"2", b"3"]


async def test_acknowledged_records_survive_a_killed_broker_at_the_same_address(apache_kafka):
    topic, bootstrap = apache_kafka.new_topic(), apache_kafka.bootstrap
    await _send(bootstrap, topic, [b"before"])
    apache_kafka.kill()
    apache_kafka.start()
    assert apache_kafka.bootstrap == bootstrap
    await _send(bootstrap, topic, [b"after"])
    assert await _receive(bootstrap, topic, 2) == [b"before", b"after"]


async def test_the_embedded_broker_serves_topics_of_its_start_and_later_ones(embedded):
    for topic in ("at-start", embedded.new_topic("later")):
        await _send(embedded.bootstrap, topic, [b"1", b"2"])
        assert await _receive(embedded.bootstrap, topic, 2) == [b"1", b"2"]


def test_without_java_auto_says_why_and_apache_refuses(tmp_path, monkeypatch):
    monkeypatch.setattr("deploy.local.jars._java_programs", list)
    place = Place(directory=tmp_path / "node", log=tmp_path / "kafka.log")
    broker, note = choose("auto", place, [])
    assert broker.kind == "embedded"
    assert "no Java found" in note
    with pytest.raises(RuntimeError, match="install Java 17"):
        choose("apache", place, [])


@pytest.mark.parametrize("wanted", ["apach", "localhost", "host:", ":9092", "a b:1"])
def test_an_address_that_is_none_is_refused_with_the_choices(tmp_path, wanted):
    with pytest.raises(ValueError, match="auto, apache, embedded or HOST:PORT"):
        choose(wanted, Place(directory=tmp_path, log=tmp_path / "log"), [])
