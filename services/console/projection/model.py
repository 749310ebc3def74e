"""What the pages read from the projection. Values only."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

CHANNEL = "console"
"""Where a batch that has been taken is announced, for NOTIFY and LISTEN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An event as it is shown. `causation_id` is an event's id, or `command:…`, or its own id where time brought it."""

    event_id: UUID
    position: int
    type: str
    occurred_at: datetime
    patient_id: UUID | None
    subject: str
    correlation_id: str
    causation_id: str
    fields: dict[str, Any]

    @property
    def service(self) -> str:
        """The service that said it."""
        return self.type.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """A bed as it stands; `status` in HL7 table 0116."""

    bed_id: str
    campus_id: str
    ward_id: str
    room_id: str
    status: str
    reserved: bool
    patient_id: UUID | None
    changed_at: datetime
    added_position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionFact:
    """The latest event of one kind that names an admission which waits for a bed or has one reserved."""

    admission_id: UUID
    patient_id: UUID
    state: str
    type: str
    position: int
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """How often something happened: today, by the hospital's calendar, and ever."""

    today: int
    ever: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPatient:
    """A patient as far as the topics tell."""

    patient_id: UUID
    events: int
    last_at: datetime
    last_type: str
    deceased_on: date | None
    bed_id: str | None
