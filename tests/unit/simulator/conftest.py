"""Exports to read: the one that is shipped, and small ones that a test writes."""

from pathlib import Path

import pytest

from services.simulator.reading.synthea import read

SHIPPED = Path("services/simulator/patients/synthea")


@pytest.fixture(scope="session")
def recording():
    """The 27 patients that are shipped."""
    return read(Path(__file__).parents[3] / SHIPPED)
