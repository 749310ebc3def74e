"""Alembic's entry: followup's tables."""

from services.followup.app import SERVICE
from shared.migrating import run

run(SERVICE.metadata)
