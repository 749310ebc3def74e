"""What the rules of follow-up are tried on."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.followup.templates import definition
from services.followup.templates.model import Template
from shared.messages.discharge.clearance import PatientLeft

LEFT_AT = datetime(2026, 3, 2, 4, tzinfo=UTC)


@pytest.fixture
def template() -> Template:
    """The shipped plan after discharge."""
    return definition.read(definition.shipped()[0])


@pytest.fixture
def left() -> PatientLeft:
    """A patient goes home at noon in Shanghai."""
    return PatientLeft(
        stay_id=UUID(int=1), patient_id=UUID(int=2), disposition="home", left_at=LEFT_AT, aggregate_version=9
    )
