"""A database whose disk is full is away for now, not in the right: nobody hears of a fault, and no event is parked."""

from contextlib import asynccontextmanager

import pytest

from services.registration.app import SERVICE
from shared.effects import Outage
from shared.ids import new_id
from tests.support.delivery import death

NO_SPACE = """
CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER no_space BEFORE INSERT ON {table} EXECUTE FUNCTION no_space()
"""
SPACE = "DROP FUNCTION no_space CASCADE"


@asynccontextmanager
async def full(registration, table):
    """While the server says, as it would of a full disk, that the table cannot grow."""
    async with registration.database.work() as work:
        await (await work.sql()).execute(NO_SPACE.format(table=table))
    yield
    async with registration.database.work() as work:
        await (await work.sql()).execute(SPACE)


@pytest.fixture
async def registration(run_service):
    """The service with an empty register."""
    async with run_service(SERVICE) as service:
        yield service


async def register(registration, patient_id):
    """Ask for somebody to be registered, always under the same key."""
    body = {"patient_id": str(patient_id), "name": "Testperson", "sex": "F", "born_on": "1980-01-02", "insutype": "310"}
    return await registration.command("POST", "/patients", body=body, key="k-1", role="front-desk")


@pytest.mark.parametrize("table", ["patient", "outbox", "command"])
async def test_a_command_is_told_to_come_again_and_the_same_key_does_it_when_there_is_space(registration, table):
    patient_id = new_id()
    async with full(registration, table):
        answer = await register(registration, patient_id)
        assert (answer.status_code, answer.json()["code"]) == (503, "outcome-unknown")
        assert answer.headers["retry-after"]
    assert (await register(registration, patient_id)).status_code == 201
    assert len(await registration.said()) == 1


async def test_an_event_waits_until_there_is_space_and_is_not_parked(registration):
    patient_id = new_id()
    await register(registration, patient_id)
    async with full(registration, "inbox"):
        with pytest.raises(Outage):
            await registration.deliver(death(patient_id, 2))
    assert await registration.sql("SELECT 1 FROM parked") == []
    await registration.deliver(death(patient_id, 2))
    assert len(await registration.sql("SELECT 1 FROM inbox")) == 1
