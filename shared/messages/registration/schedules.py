"""When clinics take bookings."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened:
    """A clinic session takes bookings: `places` in all, `slot_minutes` each slot. FHIR Schedule.

    `access` is who the places are for: public, application (a clinician gives them by need), alliance (referrals).
    """

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
    access: str = "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReleased:
    """A session that was kept for others is public from now on; `places` are free, `access` is what it was."""

    type: ClassVar = "registration.session-released.v1"
    key: ClassVar = "session_id"
    subject: ClassVar = ("session", "session_id")

    session_id: UUID
    clinic_id: str
    campus_id: str
    starts_at: datetime
    ends_at: datetime
    access: str
    places: int
    aggregate_version: int


MESSAGES = (SessionOpened, SessionReleased)
