"""When clinics take bookings."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened:
    """A clinic session takes bookings: `places` in all, `slot_minutes` each slot. FHIR Schedule."""

    type: ClassVar = "registration.session-opened.v1"
    key: ClassVar = "session_id"
    subject: ClassVar = ("session", "session_id")

    session_id: UUID
    clinic_id: str
    campus_id: str
    starts_at: datetime
    ends_at: datetime
    slot_minutes: int
    places: int
    aggregate_version: int


MESSAGES = (SessionOpened,)
