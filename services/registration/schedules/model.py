"""The rules of clinics, their weekly templates, and the sessions and slots that come of them.

A template speaks the clinic's own clock: "Monday 08:00-12:00" is turned into instants in the clinic's zone, day by day,
so that a session keeps its hours when that zone changes its offset. A session's id follows from clinic, day and start:
opening a day twice opens it once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.decision import Refused
from shared.messages.registration.schedules import SessionOpened

SLOT_MINUTES = 30
MINUTES_A_DAY = 24 * 60
MOST_DAYS = 366
MOST_SLOTS = 500
SESSIONS = uuid5(NAMESPACE_URL, "carejourney/registration/sessions")


class Reason(StrEnum):
    """Why a command was refused."""

    ZONE_UNKNOWN = "zone-unknown"
    HOURS_BACKWARDS = "hours-backwards"
    HOURS_OVERLAP = "hours-overlap"
    SLOTS_DO_NOT_FIT = "slots-do-not-fit"
    DAYS_BACKWARDS = "days-backwards"
    TOO_MANY_DAYS = "too-many-days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """A line of a weekly template. `weekday` 1 is Monday; minutes count from midnight, 1440 is 24:00."""

    weekday: int
    from_minute: int
    to_minute: int
    slot_minutes: int = SLOT_MINUTES
    capacity: int


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
    """Slots with a free place that are not over at `from_at` and start before `to_at`, earliest first."""

    from_at: datetime
    to_at: datetime
    clinic_id: str | None = None
    session_id: UUID | None = None
    limit: int = MOST_SLOTS


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
    """One block of a clinic's day that takes bookings. `places` in all of its slots. FHIR Schedule."""

    session_id: UUID
    clinic_id: str
    campus_id: str
    session_on: date
    starts_at: datetime
    ends_at: datetime
    slot_minutes: int
    places: int
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


def plan_sessions(command: OpenSessions, clinic: Clinic) -> list[tuple[Session, list[Slot]]] | Refused:
    """Every session that the template gives those days, with its slots, in order."""
    days = (command.to_on - command.from_on).days + 1
    if days < 1:
        return Refused(reason=Reason.DAYS_BACKWARDS, remedy="give a to_on that is not before from_on")
    if days > MOST_DAYS:
        return Refused(reason=Reason.TOO_MANY_DAYS, remedy=f"open at most {MOST_DAYS} days at once")
    zone = ZoneInfo(clinic.zone)
    span = (command.from_on + timedelta(days=number) for number in range(days))
    return [
        _session(clinic, zone, day, hours)
        for day in span
        for hours in clinic.template
        if hours.weekday == day.isoweekday()
    ]


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
        aggregate_version=session.version,
    )


def instant(zone: str, day: date, minute: int = 0) -> datetime:
    """That minute of a day on the clinic's clock, as UTC; 1440 is the next midnight."""
    return _instant(ZoneInfo(zone), day, minute)


def _session(clinic: Clinic, zone: ZoneInfo, day: date, hours: Hours) -> tuple[Session, list[Slot]]:
    starts_at = _instant(zone, day, hours.from_minute)
    slots = [
        Slot(
            session_id=uuid5(SESSIONS, f"{clinic.clinic_id}/{day.isoformat()}/{hours.from_minute}"),
            clinic_id=clinic.clinic_id,
            starts_at=begin,
            ends_at=end,
            capacity=hours.capacity,
        )
        for begin, end in _spans(starts_at, _instant(zone, day, hours.to_minute), hours.slot_minutes)
    ]
    session = Session(
        session_id=slots[0].session_id,
        clinic_id=clinic.clinic_id,
        campus_id=clinic.campus_id,
        session_on=day,
        starts_at=starts_at,
        ends_at=slots[-1].ends_at,
        slot_minutes=hours.slot_minutes,
        places=hours.capacity * len(slots),
        version=1,
    )
    return session, slots


def _spans(starts_at: datetime, ends_at: datetime, minutes: int) -> Iterator[tuple[datetime, datetime]]:
    """Slots of `minutes` each; at least one, even where the zone's clock jumps over the whole session."""
    step = timedelta(minutes=minutes)
    at = starts_at
    while True:
        yield at, at + step
        at += step
        if at >= ends_at:
            return


def _instant(zone: ZoneInfo, day: date, minute: int) -> datetime:
    """Wall-clock arithmetic first, then the zone: 08:00 is 08:00 on a day with 23 hours, too."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    return wall.replace(tzinfo=zone).astimezone(UTC)


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
    for earlier, later in pairwise(sorted(template, key=_start)):
        if earlier.weekday == later.weekday and later.from_minute < earlier.to_minute:
            remedy = "let the template lines of one weekday not overlap; a second room is a clinic of its own"
            return Refused(reason=Reason.HOURS_OVERLAP, remedy=remedy)
    return None


def _start(hours: Hours) -> tuple[int, int]:
    return hours.weekday, hours.from_minute
