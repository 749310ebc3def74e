"""Alembic's entry: the console's tables."""

from services.console.app import SERVICE
from shared.migrating import run

run(SERVICE.metadata)
