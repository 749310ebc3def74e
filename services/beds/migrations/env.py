"""Alembic's entry: the beds service's tables."""

from services.beds.app import SERVICE
from shared.migrating import run

run(SERVICE.metadata)
