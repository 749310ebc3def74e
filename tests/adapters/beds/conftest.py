"""A beds service for each test, with the small hospital of `wards.py`."""

import pytest

from services.beds.app import SERVICE
from tests.adapters.beds.wards import SMALL, import_beds


@pytest.fixture
async def empty(run_service):
    """The service without a single bed."""
    async with run_service(SERVICE) as service:
        yield service


@pytest.fixture
async def beds(empty):
    """The service with the small hospital, and no round wanted."""
    answer = await import_beds(empty, SMALL)
    assert answer.json()["rejected_rows"] == []
    await empty.fire("bed-round")
    return empty
