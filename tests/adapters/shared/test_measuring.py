"""What a service shows about itself is true also when something it needs is away."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from services.registration.app import SERVICE
from shared.ids import new_id
from shared.telemetry import Telemetry
from shared.timers import Timer, Timers
from tests.support.delivery import death, running
from tests.support.service import NOON, NOWHERE, record_of
from tests.support.waiting import until

PATIENT = {"name": "Invented Person", "sex": "F", "born_on": "1980-01-01", "insutype": "310"}


def measured(text, name, **labels):
    """The value of one series, None where there is no such."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return next((one.value for one in samples if one.name == name and labels.items() <= one.labels.items()), None)


@pytest.fixture
async def cut_off(run_service):
    """Registration with all its parts, and no Kafka to be found."""
    async with run_service(SERVICE, kafka=NOWHERE) as service:
        yield service


async def shows(service, name, wanted, **labels):
    """Wait until a metric of the service is as wanted."""

    async def seen():
        return wanted(measured((await service.client.get("/metrics")).text, name, **labels))

    await until(seen, seconds=30)


async def test_without_kafka_the_outbox_is_seen_to_grow_old(cut_off):
    body = {"patient_id": str(new_id()), **PATIENT}
    assert (await cut_off.command("POST", "/patients", role="front-desk", body=body)).status_code == 201
    await shows(cut_off, "journey_outbox_depth", lambda depth: depth == 1)
    await shows(cut_off, "journey_outbox_age_seconds", lambda age: age > 1)


async def test_what_is_parked_is_seen_without_anybody_asking_for_the_state(cut_off):
    await cut_off.host.effects.take([replace(record_of(death(new_id(), 1), NOON), value=b"{}")])
    await shows(cut_off, "journey_parked", lambda parked: parked == 1)
    await shows(cut_off, "journey_dead_letters_total", lambda letters: letters == 1)


async def test_a_timer_that_hangs_is_seen_to_be_late(bare_database):
    begun = asyncio.Event()

    async def never_done(_database, _limit):
        begun.set()
        await asyncio.Event().wait()

    async def due_at_noon(_work):
        return NOON

    telemetry = Telemetry("test")
    timers = Timers(bare_database, [Timer(name="holds", fire=never_done, next_due_at=due_at_noon)], telemetry)
    assert measured(telemetry.render().decode(), "journey_timer_lag_seconds", timer="holds") == 0
    async with running(timers.run()):
        await asyncio.wait_for(begun.wait(), 30)
        bare_database.clock.advance(timedelta(minutes=7))
        assert measured(telemetry.render().decode(), "journey_timer_lag_seconds", timer="holds") == 420


async def test_a_timer_that_did_its_work_is_not_late(bare_database):
    due = [NOON - timedelta(hours=1)]

    async def fire(_database, _limit):
        due.clear()
        return 1

    async def next_due_at(_work):
        return due[0] if due else None

    telemetry = Telemetry("test")
    async with running(Timers(bare_database, [Timer(name="t", fire=fire, next_due_at=next_due_at)], telemetry).run()):
        await until(lambda: measured(telemetry.render().decode(), "journey_timers_fired_total", timer="t") == 1)
        await until(lambda: measured(telemetry.render().decode(), "journey_timer_lag_seconds", timer="t") == 0)
