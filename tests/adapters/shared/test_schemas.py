"""What the migrations make is what the tables say, in every service; and every route says who may."""

import asyncio
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import text

from deploy.local.postgres import programs
from shared.auth import routes_without_rule
from shared.database import SchemaBehind, check_schema, engine_for
from shared.hosting import application
from shared.migrating import migrate

SERVICES = ("registration", "beds", "discharge", "followup", "console", "simulator")
ROOT = Path(__file__).resolve().parents[3]
NOISE = re.compile(r"^(--.*|\\(un)?restrict.*|SET .*|SELECT pg_catalog.*|)$")


def service(name):
    """A service as its app describes it."""
    return import_module(f"services.{name}.app").SERVICE


def dumped(url):
    """The schema as statements in a stable order, without Alembic's own table."""
    command = [programs() / "pg_dump", "--schema-only", "--no-owner", url]
    dump = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    statements = "\n".join(line for line in dump.splitlines() if not NOISE.match(line)).split(";")
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


def test_replicas_that_migrate_at_once_do_it_once(postgres):
    with postgres.database() as url, ThreadPoolExecutor(2) as replicas:
        assert list(replicas.map(run_apart_migration, [url] * 2)) == [0, 0]
        assert dumped(url)


def test_the_version_before_leaves_a_migrated_database_as_it_is(postgres):
    with postgres.database() as url:
        migrate(service("beds").migrations, url)
        asyncio.run(execute(url, "UPDATE alembic_version SET version_num = '9999'"))
        before = dumped(url)
        migrate(service("beds").migrations, url)
        assert dumped(url) == before


def run_apart_migration(url):
    """Migrate in a process of its own, as an image does; its exit code."""
    program = (
        "import sys; from services.beds.app import SERVICE; from shared.migrating import migrate; "
        "migrate(SERVICE.migrations, sys.argv[1])"
    )
    return subprocess.run([sys.executable, "-c", program, url], cwd=ROOT, check=False).returncode


async def execute(url, statement):
    """Run one statement."""
    engine = engine_for(url, 1)
    async with engine.begin() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


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
