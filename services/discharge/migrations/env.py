"""Alembic's entry: discharge's tables."""

from services.discharge.app import SERVICE
from shared.migrating import run

run(SERVICE.metadata)
