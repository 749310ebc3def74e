"""Alembic's entry: registration's tables."""

from services.registration.app import SERVICE
from shared.migrating import run

run(SERVICE.metadata)
