"""Clinics with their weekly templates, sessions and slots; what is asked of them, and the rules of a template.

A template speaks the clinic's own clock: `planning` turns "Monday 08:00-12:00" into instants, day by day.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.decision import Refused
from shared.messages.registration.schedules import SessionOpened, SessionReleased

SLOT_MINUTES = 30
MINUTES_A_DAY = 24 * 60
MOST_SLOTS = 500


class Reason(StrEnum):
    """Why a command was refused."""

    ZONE_UNKNOWN = "zone-unknown"
    HOURS_BACKWARDS = "hours-backwards"
    HOURS_OVERLAP = "hours-overlap"
    SLOTS_DO_NOT_FIT = "slots-do-not-fit"
    DAYS_BACKWARDS = "days-backwards"
    TOO_MANY_DAYS = "too-many-days"


class Access(StrEnum):
    """Who a session's places are for. What is not public is given out by a capability of ours, never asked for."""

    PUBLIC = "public"
    APPLICATION = "application"
    ALLIANCE = "alliance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """A line of a weekly template. `weekday` 1 is Monday; minutes count from midnight, 1440 is 24:00."""

    weekday: int
    from_minute: int
    to_minute: int
    slot_minutes: int = SLOT_MINUTES
    capacity: int
    access: Access = Access.PUBLIC


@dataclass(frozen=True, slots=True, kw_only=True)
class PutClinic:
    """A clinic is as it is written here from now on; sessions that are open stay as they are."""

    clinic_id: str
    campus_id: str
    specialty: str
    zone: str
    name_zh: str | None
    name_en: str | None
    template: tuple[Hours, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSessions:
    """Open the clinic's sessions for each day from `from_on` to `to_on`, both included."""

    clinic_id: str
    from_on: date
    to_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class FindSlots:
    """Slots of that access with a free place, not over at `from_at`, starting before `to_at`; earliest first."""

    from_at: datetime
    to_at: datetime
    clinic_id: str | None = None
    session_id: UUID | None = None
    access: Access = Access.PUBLIC
    limit: int = MOST_SLOTS


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSessions:
    """Let the public have what is free in sessions that are not public: those named, or all that start before then."""

    session_ids: tuple[UUID, ...] | None = None
    access: Access | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """Where and when one specialty sees outpatients. FHIR HealthcareService."""

    clinic_id: str
    campus_id: str
    specialty: str
    zone: str
    name_zh: str | None
    name_en: str | None
    template: tuple[Hours, ...]
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One pool of places in a clinic's day. `places` in all of its slots. FHIR Schedule."""

    session_id: UUID
    clinic_id: str
    campus_id: str
    session_on: date
    starts_at: datetime
    ends_at: datetime
    slot_minutes: int
    places: int
    access: Access
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A span of a session and its places. `last_ordinal` is the highest number ever given out in it. FHIR Slot."""

    session_id: UUID
    starts_at: datetime
    ends_at: datetime
    clinic_id: str
    capacity: int
    booked: int = 0
    last_ordinal: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SlotKey:
    """Which slot; in the order in which slots are locked."""

    session_id: UUID
    starts_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSessions:
    """The sessions of a range of days in order; `opened` of them are new."""

    opened: int
    sessions: tuple[Session, ...]


def put_clinic(command: PutClinic, present: Clinic | None) -> Clinic | Refused:
    """The clinic as it is to be, if its template makes sense."""
    refusal = _zone(command.zone) or _hours(command.template)
    if refusal is not None:
        return refusal
    clinic = Clinic(
        clinic_id=command.clinic_id,
        campus_id=command.campus_id,
        specialty=command.specialty,
        zone=command.zone,
        name_zh=command.name_zh,
        name_en=command.name_en,
        template=tuple(sorted(command.template, key=_start)),
        version=present.version if present else 0,
    )
    return present if clinic == present else replace(clinic, version=clinic.version + 1)


def session_opened(session: Session) -> SessionOpened:
    """What is said of a new session."""
    return SessionOpened(
        session_id=session.session_id,
        clinic_id=session.clinic_id,
        campus_id=session.campus_id,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        slot_minutes=session.slot_minutes,
        places=session.places,
        access=session.access,
        aggregate_version=session.version,
    )


def session_released(session: Session, access: Access, places: int) -> SessionReleased:
    """What is said of a session that is public from now on, with as many free places; it was of that access."""
    return SessionReleased(
        session_id=session.session_id,
        clinic_id=session.clinic_id,
        campus_id=session.campus_id,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        access=access,
        places=places,
        aggregate_version=session.version,
    )


def instant(zone: str, day: date, minute: int = 0) -> datetime:
    """That minute of a day on the clinic's clock, as UTC; 1440 is the next midnight.

    Wall-clock arithmetic first, then the zone: 08:00 is 08:00 on a day with 23 hours, too.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _zone(name: str) -> Refused | None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return Refused(reason=Reason.ZONE_UNKNOWN, remedy="give an IANA time zone, such as Asia/Shanghai or UTC")
    return None


def _hours(template: tuple[Hours, ...]) -> Refused | None:
    for hours in template:
        if not hours.from_minute < hours.to_minute <= MINUTES_A_DAY:
            return Refused(reason=Reason.HOURS_BACKWARDS, remedy="let each template line end after it begins, by 24:00")
        if (hours.to_minute - hours.from_minute) % hours.slot_minutes:
            remedy = "choose slot_minutes that divide each template line without a rest"
            return Refused(reason=Reason.SLOTS_DO_NOT_FIT, remedy=remedy)
    for earlier, later in pairwise(sorted(template, key=lambda hours: (_day(hours), hours.from_minute))):
        if _day(earlier) == _day(later) and later.from_minute < earlier.to_minute:
            remedy = "let lines of one weekday and access not overlap; a second room is a clinic of its own"
            return Refused(reason=Reason.HOURS_OVERLAP, remedy=remedy)
    return None


def _day(hours: Hours) -> tuple[int, Access]:
    return hours.weekday, hours.access


def _start(hours: Hours) -> tuple[int, int, Access]:
    return hours.weekday, hours.from_minute, hours.access
