"""What is old goes, what is young stays."""

from datetime import timedelta

import pytest

from shared.clock import wall_now
from shared.ids import new_id
from shared.pruning import KEPT_DAYS, prune
from tests.support.delivery import METADATA

COMMAND = "INSERT INTO command (key, route, body_hash, status, answer, answered_at) VALUES ($1, '/', '', 200, '', $2)"
TAKEN = "INSERT INTO inbox (event_id, taken_at) VALUES ($1, $2)"


@pytest.fixture
async def tables(bare_database):
    """The machinery's tables with an old and a young row each."""
    async with bare_database.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    async with bare_database.work() as work:
        connection = await work.sql()
        for age_days in (KEPT_DAYS - 1, KEPT_DAYS + 1):
            at = wall_now() - timedelta(days=age_days)
            await connection.execute(COMMAND, f"key-{age_days}", at)
            await connection.execute(TAKEN, new_id(), at)
    return bare_database


async def test_only_what_is_older_than_any_repeat_goes(tables):
    assert await prune(tables) == 2
    async with tables.work() as work:
        connection = await work.sql()
        assert [row["key"] for row in await connection.fetch("SELECT key FROM command")] == [f"key-{KEPT_DAYS - 1}"]
        assert await connection.fetchval("SELECT count(*) FROM inbox") == 1
    assert await prune(tables) == 0
