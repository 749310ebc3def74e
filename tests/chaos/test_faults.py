"""A fixed dozen of seeds, every fault among them; then the planted bugs, which the checker has to catch.

One stack serves the whole module: the seeds first, then the bugs, which spoil it.
"""

import asyncio
import os

import pytest

from deploy.local.jars import Lacking
from tests.chaos.campaign import Campaign
from tests.chaos.faults import A_ROUND, FAULTS, chosen, impossible
from tests.chaos.planting import PLANTED, caught
from tests.chaos.world import open_world
from tests.support import facts

pytestmark = pytest.mark.timeout(300)
SEEDS = range(1, A_ROUND + 1)


@pytest.fixture(scope="module")
def campaign(pytestconfig):
    """A stack on Apache Kafka and a durable PostgreSQL; where Java or Maven are lacking, the module is skipped."""
    try:
        world = open_world()
    except Lacking as lacking:
        if os.environ.get("REQUIRE_APACHE_KAFKA") == "1":
            pytest.fail(str(lacking))
        pytest.skip(str(lacking))
    left_out = "".join(f"; no {fault}: {why}" for fault, why in impossible(world).items())
    facts.note(pytestconfig, "faults", f"PostgreSQL {world.record.postgres_version}, embedded, fsync on{left_out}")
    try:
        yield Campaign(world)
    finally:
        world.close()


def test_a_dozen_seeds_have_every_fault_between_them():
    assert {name for seed in SEEDS for name in chosen(seed)} == set(FAULTS)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_invariant_is_violated_whatever_fails(campaign, seed):
    run = asyncio.run(campaign.run(seed))
    assert run.violations == [], str(run)
    assert run.acknowledged >= 100, str(run)


@pytest.mark.parametrize("bug", PLANTED)
def test_the_checker_catches_the_planted_bug(campaign, bug):
    assert asyncio.run(caught(campaign, bug)) != []
