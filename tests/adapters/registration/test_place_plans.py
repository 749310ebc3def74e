"""The statements that take places find every row by an index, also where they were planned for empty tables."""

import re
from inspect import signature

import asyncpg
import pytest

from services.registration.app import SERVICE
from services.registration.booking.taking import MANY, ONE
from shared.database import Autocommit
from tests.support.service import ServiceFactory


@pytest.fixture
async def registration(run_service: ServiceFactory):
    async with run_service(SERVICE) as service:
        yield service


@pytest.mark.parametrize("statement", [ONE, MANY], ids=["one", "many"])
async def test_a_plan_made_for_empty_tables_scans_none_of_them(registration, statement):
    connection = await registration.database.driver()
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
    lookups = Autocommit(registration.database)
    await lookups.execute(f"PREPARE taking AS {statement}")
    plan = await lookups.fetch(f"EXPLAIN EXECUTE taking ({', '.join(['NULL'] * 18)})")
    await lookups.close()
    text = "\n".join(row[0] for row in plan)
    assert "Index" in text
    assert re.findall(r"Seq Scan on (?:command|appointment|session|slot|patient|consent|cooling_off)\b", text) == []


@pytest.mark.parametrize("statement", [ONE, MANY], ids=["one", "many"])
def test_the_driver_keeps_it_prepared(statement):
    longest = signature(asyncpg.connect).parameters["max_cacheable_statement_size"].default
    assert len(statement) < longest
