"""Alembic's entry: the simulator's tables."""

from services.simulator.app import SERVICE
from shared.migrating import run

run(SERVICE.metadata)
