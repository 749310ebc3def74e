"""When clinics take bookings."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened:
    """A clinic session takes bookings: `places` in all, `slot_minutes` each slot. FHIR Schedule.

    `access` is who the places are for: public, application (a clinician gives them by need), alliance (referrals).
    `kind` is ordinary, expert, specialty, mdt, mobile or internet-hospital. The public can book from `released_at` on;
    null means at once.
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
    kind: str = "ordinary"
    released_at: datetime | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesAdded:
    """A session that is open has got `added` places more (加号), `places` in all. `access` is who they are for."""

    type: ClassVar = "registration.places-added.v1"
    key: ClassVar = "session_id"
    subject: ClassVar = ("session", "session_id")

    session_id: UUID
    clinic_id: str
    starts_at: datetime
    access: str
    places: int
    added: int
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCut:
    """A session has lost places, or is closed; `places` are left in all. `reason` is a code, such as clinician-away."""

    type: ClassVar = "registration.session-cut.v1"
    key: ClassVar = "session_id"
    subject: ClassVar = ("session", "session_id")

    session_id: UUID
    clinic_id: str
    starts_at: datetime
    places: int
    closed: bool
    reason: str
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicianSubstituted:
    """Another clinician sits in the session; its bookings are as they were. Both are the hospital's own codes."""

    type: ClassVar = "registration.clinician-substituted.v1"
    key: ClassVar = "session_id"
    subject: ClassVar = ("session", "session_id")

    session_id: UUID
    clinic_id: str
    starts_at: datetime
    clinician_id: str
    substitute_id: str
    aggregate_version: int


MESSAGES = (SessionOpened, SessionReleased, PlacesAdded, SessionCut, ClinicianSubstituted)
