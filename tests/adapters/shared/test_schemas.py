"""What the migrations make is what the tables say, in every service; and every route says who may."""

import asyncio
import re
import subprocess
from importlib import import_module

import pytest

from deploy.local.postgres import programs
from shared.auth import routes_without_rule
from shared.database import SchemaBehind, check_schema, engine_for
from shared.hosting import application
from shared.migrating import migrate

SERVICES = ("registration", "beds", "discharge", "followup", "console", "simulator")
NOISE = re.compile(r"^(--.*|\\(un)?restrict.*|SET .*|SELECT pg_catalog.*|)$")


def service(name):
    """A service as its app describes it."""
    return import_module(f"services.{name}.app").SERVICE


def dumped(url):
    """The schema as statements in a stable order, without Alembic's own table."""
    command = [programs() / "pg_dump", "--schema-only", "--no-owner", url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    statements = "\n".join(line for line in text.splitlines() if not NOISE.match(line)).split(";")
    in_order = (" ".join(sorted(line.strip().rstrip(",") for line in one.split("\n"))) for one in statements)
    return sorted(one for one in in_order if one.strip() and "alembic_version" not in one)


async def create_all(url, metadata):
    """The tables as the code says them."""
    engine = engine_for(url, 1)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()


@pytest.mark.parametrize("name", SERVICES)
def test_the_migrated_database_is_what_the_tables_say(name, postgres):
    with postgres.database() as migrated, postgres.database() as created:
        migrate(service(name).migrations, migrated)
        asyncio.run(create_all(created, service(name).metadata))
        assert dumped(migrated) == dumped(created)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_refuses_a_database_that_is_behind(name, postgres):
    async def check(url):
        engine = engine_for(url, 1)
        try:
            await check_schema(engine, service(name).migrations)
        finally:
            await engine.dispose()

    with postgres.database() as url, pytest.raises(SchemaBehind, match="run `migrate` first"):
        asyncio.run(check(url))


@pytest.mark.parametrize("name", SERVICES)
def test_every_route_says_who_may(name):
    assert routes_without_rule(application(service(name))) == []
