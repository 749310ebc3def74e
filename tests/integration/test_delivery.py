"""Each event takes effect exactly once, in order, on Apache Kafka and PostgreSQL, whatever happens on the way."""

import asyncio
from dataclasses import replace
from functools import partial

from aiokafka import AIOKafkaConsumer
from asyncpg import InternalClientError

from shared.broker import dead_letters_of
from shared.dead_letters import withdraw
from shared.outbox import unpack_headers
from shared.relay import Relay
from shared.tables import LARGEST_VALUE_BYTES
from tests.support.delivery import TOPIC, death, running
from tests.support.service import NOON, record_of
from tests.support.topics import produce
from tests.support.waiting import until


async def test_what_one_service_says_takes_effect_in_another_in_order_and_leaves_the_outbox(pair, patients):
    async with pair.relaying(), pair.consuming():
        for patient in patients:
            await pair.say(patient, 1, 2, 3)
        for patient in patients:
            await pair.hears(patient, [1, 2, 3])
    assert await pair.outbox() == 0


async def test_without_kafka_nothing_is_lost_and_everything_comes_once_it_is_there(pair, apache_kafka, patients):
    apache_kafka.kill()
    async with pair.relaying(), pair.consuming():
        for patient in patients:
            await pair.say(patient, 1, 2)
        assert await pair.outbox() == 2 * len(patients)
        await asyncio.to_thread(apache_kafka.start)
        for patient in patients:
            await pair.hears(patient, [1, 2], seconds=40)
    await until(lambda: _is_zero(pair))


async def test_who_consumes_can_be_stopped_while_kafka_is_away(pair, apache_kafka, patients):
    async with pair.relaying():
        await pair.say(patients[0], 1)
        consuming = asyncio.create_task(pair.consumer().run())
        await pair.hears(patients[0], [1])
    apache_kafka.kill()
    try:
        consuming.cancel()
        await asyncio.wait({consuming}, timeout=30)
        assert consuming.cancelled()
    finally:
        await asyncio.to_thread(apache_kafka.start)


async def test_an_event_sent_twice_takes_effect_once(pair, patients):
    records = [sealed(patient, version) for patient in patients for version in (1, 2)]
    await produce(pair.bootstrap, records)
    await produce(pair.bootstrap, records)
    async with pair.consuming(), pair.relaying():
        for patient in patients:
            await pair.say(patient, 3)
            await pair.hears(patient, [1, 2, 3])


async def test_an_older_version_that_comes_late_under_a_new_id_is_ignored(pair, patients):
    async with pair.relaying(), pair.consuming():
        await pair.say(patients[0], 1, 2, 3)
        await pair.say(patients[0], 2)
        await pair.say(patients[0], 4)
        await pair.hears(patients[0], [1, 2, 3, 4])


async def test_an_event_that_cannot_be_taken_parks_its_aggregate_and_nobody_elses(pair, patients):
    sick, *others = patients
    pair.refuses.add(sick)
    async with pair.relaying(), pair.consuming():
        await pair.say(sick, 1)
        for patient in others:
            await pair.say(patient, 1)
            await pair.hears(patient, [1])
        await until(lambda: _parks(pair, ["ValueError"]))
        await pair.say(sick, 2)
        await until(lambda: _parks(pair, ["ValueError", "behind-a-parked-event"]))
    assert await pair.heard(sick) == []
    async with pair.listener.work() as work:
        assert await (await work.sql()).fetchval("SELECT count(*) FROM outbox WHERE topic LIKE '%-dead-letters'") == 1


async def test_a_dead_letter_carries_the_record_as_it_came_and_where_from(pair, patients):
    pair.refuses.add(patients[0])
    listeners_relay = pair.__class__(pair.listener, pair.listener, pair.bootstrap, pair.name).relaying()
    async with pair.relaying(), pair.consuming(), listeners_relay:
        await pair.say(patients[0], 1)
        letter = await first_record(pair.bootstrap, dead_letters_of(pair.name))
    headers = dict(letter.headers)
    assert headers["dead-reason"] == b"ValueError"
    assert headers["dead-topic"] == b"registration-events"
    assert str(patients[0]).encode() in letter.value


async def test_bytes_that_are_no_event_are_parked_and_the_next_is_taken(pair, patients):
    event = sealed(patients[0], 1)
    headless = replace(event, value=b"\xff\xfe not json", headers=(("x", b"\xff"),))
    await produce(pair.bootstrap, [headless, replace(event, value=b"{}")])
    async with pair.relaying(), pair.consuming():
        await pair.say(patients[1], 1)
        await pair.hears(patients[1], [1])
        await until(lambda: _parks(pair, ["headless", "undecodable"]))


async def test_a_relay_outlives_whatever_the_driver_makes_of_a_lost_connection(pair, patients, monkeypatch):
    driver, lost = pair.speaker.driver, []

    class Losing:
        def __init__(self, connection):
            self._connection = connection

        def __getattr__(self, name):
            return getattr(self._connection, name)

        async def fetch(self, *arguments):
            if not lost:
                lost.append(arguments)
                raise InternalClientError("cannot switch to state 12; another operation (2) is in progress")
            return await self._connection.fetch(*arguments)

    async def connect():
        return Losing(await driver())

    monkeypatch.setattr(pair.speaker, "driver", connect)
    async with pair.relaying(), pair.consuming():
        await pair.say(patients[0], 1)
        await pair.hears(patients[0], [1])
    assert lost


async def test_a_record_too_large_to_be_said_again_is_parked_whole_and_told_by_its_place(pair, patients):
    large = replace(sealed(patients[0], 1), value=b"0" * (LARGEST_VALUE_BYTES + 1))
    await pair.effects().take([large, sealed(patients[1], 1)])
    assert await pair.heard(patients[1]) == [1]
    async with pair.listener.work() as work:
        connection = await work.sql()
        assert await connection.fetchval("SELECT length(value) FROM parked") == len(large.value)
        letter = await connection.fetchrow("SELECT headers, value FROM outbox")
    assert letter["value"] is None
    assert dict(unpack_headers(letter["headers"]))["dead-offset"] == str(large.offset).encode()


async def test_a_key_or_a_name_that_no_text_column_takes_stops_nobody(pair, patients):
    event = sealed(patients[0], 1)
    others = [header for header in event.headers if header[0] != "ce_subject"]
    names = (b"patient/\0", b"patient/" + b"0" * 5_000, b"patient/\xff")
    nameless = [
        replace(event, offset=offset, key=b"\0\1", headers=(*others, ("ce_subject", name)))
        for offset, name in enumerate(names)
    ]
    await pair.effects().take([*nameless, event])
    assert await pair.heard(patients[0]) == [1]
    assert await pair.parked() == ["headless"] * len(names)


async def test_a_consumer_cut_off_after_its_commit_and_before_its_acknowledgement_does_not_do_it_again(pair, patients):
    records = [sealed(patient, 1) for patient in patients]
    effects = pair.effects()
    await effects.take(records)
    await effects.take(records)
    assert [await pair.heard(patient) for patient in patients] == [[1]] * len(patients)


async def test_what_came_before_a_bad_event_in_the_same_batch_is_taken_and_not_queued_behind_it(pair, patients):
    first, second, third = (sealed(patients[0], version) for version in (1, 2, 3))
    await pair.effects().take([first, replace(second, value=b"{}"), third])
    assert await pair.heard(patients[0]) == [1]
    assert await pair.parked() == ["undecodable", "behind-a-parked-event"]


async def test_a_parked_event_is_taken_with_all_behind_it_once_its_cause_is_mended(pair, patients):
    patient = patients[0]
    pair.refuses.add(patient)
    effects = pair.effects()
    await effects.take([sealed(patient, 1), sealed(patient, 2)])
    parked_id = (await pair.parked_ids())[0]
    assert await effects.redrive(partial(withdraw, parked_id=parked_id, who="tester", action="redrive")) == "ValueError"
    assert len(await pair.parked()) == 2
    pair.refuses.clear()
    assert await effects.redrive(partial(withdraw, parked_id=parked_id, who="tester", action="redrive")) is None
    assert await pair.heard(patient) == [1, 2]
    assert await pair.parked() == []


async def test_two_relays_share_the_work_and_keep_the_order(pair, patients):
    async with pair.relaying(), pair.relaying(), pair.consuming():
        await asyncio.gather(*(pair.say(patient, *range(1, 11)) for patient in patients))
        for patient in patients:
            await pair.hears(patient, list(range(1, 11)))


async def test_a_consumer_shows_the_partitions_it_takes_from_and_what_it_has_not_taken(pair, patients):
    records = [sealed(patient, 1) for patient in patients]
    shown = pair.telemetry.registry.get_sample_value
    consumer = pair.consumer()
    await consumer.measure()
    assert shown("journey_consumer_partitions", {"topic": TOPIC}) == 0
    async with running(consumer.run()):
        await produce(pair.bootstrap, records)
        await pair.hears(patients[-1], [1])
        await until(lambda: _measured(consumer, lambda: shown("journey_consumer_partitions", {"topic": TOPIC}) == 12))
        await until(lambda: _measured(consumer, lambda: shown("journey_consumer_lag", {"topic": TOPIC}) == 0))


async def test_a_relay_that_is_to_end_first_sends_what_is_there(pair, patients):
    relay = Relay(pair.speaker, pair.bootstrap, f"{pair.name}-relay", pair.telemetry)
    async with running(relay.run()):
        await pair.say(patients[0], 1)
        await until(lambda: _is_zero(pair), seconds=20)
        async with pair.speaker.work() as work:
            for version in range(2, 2002):
                work.publish(death(patients[0], version))
        await relay.drain(seconds=30)
        assert await pair.outbox() == 0


def sealed(patient, version):
    """A death of that version as Kafka would give it."""
    return record_of(death(patient, version), NOON)


async def first_record(bootstrap, topic):
    """The first record of a topic, waiting for it."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        return await asyncio.wait_for(consumer.getone(), 20)
    finally:
        await consumer.stop()


async def _parks(pair, reasons):
    return await pair.parked() == reasons


async def _measured(consumer, predicate):
    await consumer.measure()
    return predicate()


async def _is_zero(pair):
    return await pair.outbox() == 0
