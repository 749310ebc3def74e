"""Clinics with their weekly templates, sessions and slots, and what is asked of them.

A template speaks the clinic's own clock: `planning` turns "Monday 08:00-12:00" into instants, day by day. Pools of
places for the public, for those who apply and for referrals are sessions of their own in one sitting: the same hours,
clinicians and room.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

SLOT_MINUTES = 30
MOST_SLOTS = 500
MOST_DAYS = 366


class Reason(StrEnum):
    """Why a command about clinics or sessions was refused."""

    ZONE_UNKNOWN = "zone-unknown"
    HOURS_BACKWARDS = "hours-backwards"
    HOURS_OVERLAP = "hours-overlap"
    POOLS_DIFFER = "pools-differ"
    SLOTS_DO_NOT_FIT = "slots-do-not-fit"
    SETTING_INCOMPLETE = "setting-incomplete"
    SETTING_CONTRADICTS = "setting-contradicts"
    WEEKDAY_DIFFERS = "weekday-differs"
    DAYS_BACKWARDS = "days-backwards"
    DAYS_PAST = "days-past"
    TOO_MANY_DAYS = "too-many-days"
    CLINICIAN_BUSY = "clinician-busy"
    CLINICIAN_ABSENT = "clinician-absent"
    SAME_CLINICIAN = "same-clinician"
    ROOM_BUSY = "room-busy"
    VEHICLE_BUSY = "vehicle-busy"
    SESSION_CLOSED = "session-closed"
    SESSION_OVER = "session-over"
    SPAN_BACKWARDS = "span-backwards"
    NOTHING_TO_ADD = "nothing-to-add"


class Access(StrEnum):
    """Who a session's places are for. What is not public is given out by a capability of ours, never asked for."""

    PUBLIC = "public"
    APPLICATION = "application"
    ALLIANCE = "alliance"


class Kind(StrEnum):
    """What a session is; specialty is named by its service code (药物咨询, 麻醉, 超声 …), mobile a vehicle stop."""

    ORDINARY = "ordinary"
    EXPERT = "expert"
    SPECIALTY = "specialty"
    MDT = "mdt"
    MOBILE = "mobile"
    INTERNET = "internet-hospital"


class MdtForm(StrEnum):
    """How a team sees a patient: in one room, with another house, for rare diseases or hard cases, or remotely."""

    TRADITIONAL = "traditional"
    JOINT = "joint"
    RARE_DISEASE = "rare-disease"
    DIFFICULT_CASE = "difficult-case"
    REMOTE = "remote"


class Resource(StrEnum):
    """What can be in one sitting at a time."""

    CLINICIAN = "clinician"
    ROOM = "room"
    VEHICLE = "vehicle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What kind of session it is, and who and what it needs. Ids are the hospital's own codes, never names."""

    kind: Kind = Kind.ORDINARY
    service_code: str | None = None
    mdt_form: MdtForm | None = None
    clinicians: tuple[str, ...] = ()
    room: str | None = None
    vehicle: str | None = None
    stop: str | None = None

    @property
    def resources(self) -> list[tuple[Resource, str]]:
        """What is taken up by it, and by nothing else at the time."""
        alone = [(Resource.ROOM, self.room), (Resource.VEHICLE, self.vehicle)]
        team = [(Resource.CLINICIAN, one) for one in self.clinicians]
        return team + [(resource, one) for resource, one in alone if one is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The public can book so many days ahead, from that minute of the day on, on the clinic's clock."""

    days_ahead: int
    at_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """A line of a weekly template. `weekday` 1 is Monday; minutes count from midnight, 1440 is 24:00."""

    weekday: int
    from_minute: int
    to_minute: int
    slot_minutes: int = SLOT_MINUTES
    capacity: int
    access: Access = Access.PUBLIC
    setting: Setting = Setting()
    release: Release | None = None
    on_holidays: bool = False


class CutReason(StrEnum):
    """Why a session loses places."""

    CLINICIAN_AWAY = "clinician-away"
    ROOM = "room"
    EQUIPMENT = "equipment"
    WEATHER = "weather"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class PutClinic:
    """A clinic is as it is written here from now on; sessions that are open stay as they are."""

    clinic_id: str
    campus_id: str
    specialty: str
    zone: str
    calendar_id: str | None = None
    name_zh: str | None
    name_en: str | None
    template: tuple[Hours, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PutDay:
    """On that day the clinic keeps these lines and not those of its week; none means that it is closed."""

    clinic_id: str
    on: date
    lines: tuple[Hours, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSessions:
    """Open the clinic's sessions for each day from `from_on` to `to_on`, both included."""

    clinic_id: str
    from_on: date
    to_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class FindSlots:
    """Slots of that access with a free place, not over at `from_at` (now), starting before `to_at`; earliest first.

    With `public_at` only those that the public can book at that instant. Times of day are minutes from midnight on the
    clinic's clock, the later one not included.
    """

    from_at: datetime | None = None
    to_at: datetime | None = None
    clinic_id: str | None = None
    session_id: UUID | None = None
    campus_id: str | None = None
    specialty: str | None = None
    kind: str | None = None
    service_code: str | None = None
    mdt_form: str | None = None
    stop: str | None = None
    clinician_id: str | None = None
    on: date | None = None
    from_minute: int | None = None
    to_minute: int | None = None
    access: Access = Access.PUBLIC
    public_at: datetime | None = None
    limit: int = MOST_SLOTS


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSessions:
    """Let the public have what is free in sessions that are not public: those named, or all that start before then."""

    session_ids: tuple[UUID, ...] | None = None
    access: Access | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPlaces:
    """Give each slot that starts from `from_at` on and before `to_at` that many places; what has more keeps it."""

    session_id: UUID
    capacity: int
    from_at: datetime | None = None
    to_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubstituteClinician:
    """Another clinician sits in the session, and in every pool of its sitting; the bookings stay."""

    session_id: UUID
    clinician_id: str
    substitute_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """Where and when one specialty sees outpatients. FHIR HealthcareService."""

    clinic_id: str
    campus_id: str
    specialty: str
    zone: str
    calendar_id: str | None = None
    name_zh: str | None
    name_en: str | None
    template: tuple[Hours, ...]
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One pool of places in a clinic's day. `places` in all of its slots. FHIR Schedule.

    The public can book from `released_at` on, at once where it is None; never one that is closed.
    """

    session_id: UUID
    sitting_id: UUID | None = None
    clinic_id: str
    campus_id: str
    session_on: date
    starts_at: datetime
    ends_at: datetime
    slot_minutes: int
    places: int
    access: Access
    setting: Setting = Setting()
    released_at: datetime | None = None
    closed_at: datetime | None = None
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
    """The sessions of a range of days in order; `opened` of them are new.

    `days_beyond_calendar` were opened as ordinary weekdays, since the clinic's calendar does not reach so far.
    """

    opened: int
    days_beyond_calendar: int
    sessions: tuple[Session, ...]


def instant(zone: str, day: date, minute: int = 0) -> datetime:
    """That minute of a day on the clinic's clock, as UTC; 1440 is the next midnight.

    Wall-clock arithmetic first, then the zone: 08:00 is 08:00 on a day with 23 hours, too. A time that the clock jumps
    over is as long after the jump as it would have been after its begin; of one that comes twice it is the first.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
