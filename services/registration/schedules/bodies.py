"""What the routes of schedules take and answer: clock times where the rules count minutes from midnight."""

import dataclasses
from datetime import date
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from services.registration.schedules.model import (
    MOST_DAYS,
    MOST_SLOTS,
    SLOT_MINUTES,
    Access,
    Hours,
    Kind,
    MdtForm,
    Release,
    Setting,
)

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
ClockTime = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class SettingBody(BaseModel, extra="forbid", from_attributes=True):
    """What kind of session it is, and who and what it needs; ids are the hospital's own codes."""

    kind: Kind = Kind.ORDINARY
    service_code: Code | None = Field(None, description="of a specialty session: such as medication-advice, ultrasound")
    mdt_form: MdtForm | None = None
    clinicians: tuple[Code, ...] = Field((), max_length=20)
    room: Code | None = None
    vehicle: Code | None = Field(None, description="of a mobile session")
    stop: Code | None = Field(None, description="of a mobile session: the village where it stops")


class ReleaseRule(BaseModel, extra="forbid"):
    """From when on the public can book; from then on it may also have what is free of a pool for others."""

    days_ahead: int = Field(ge=0, le=366)
    at: ClockTime = Field(examples=["07:00"])

    @model_validator(mode="before")
    @classmethod
    def _of_release(cls, given: Any) -> Any:  # noqa: ANN401 - what pydantic gives a validator
        if not isinstance(given, Release):
            return given
        return {"days_ahead": given.days_ahead, "at": clock_time(given.at_minute)}

    def rule(self) -> Release:
        """The rule in minutes from midnight."""
        return Release(days_ahead=self.days_ahead, at_minute=minutes(self.at))


class TemplateLine(BaseModel, extra="forbid"):
    """A block of the clinic's week or day, on the clinic's own clock."""

    weekday: int = Field(ge=1, le=7, description="1 Monday to 7 Sunday")
    from_: ClockTime = Field(alias="from", description="HH:MM", examples=["08:00"])
    to: ClockTime = Field(description="HH:MM, at most 24:00", examples=["12:00"])
    slot_minutes: int = Field(SLOT_MINUTES, ge=1, le=1440)
    capacity: int = Field(ge=1, le=1000, description="places in each slot")
    access: Access = Field(Access.PUBLIC, description="whom the places are for")
    setting: SettingBody = SettingBody()
    release: ReleaseRule | None = None
    on_holidays: bool = Field(default=False, description="also on public holidays of the clinic's calendar")

    @model_validator(mode="before")
    @classmethod
    def _of_hours(cls, given: Any) -> Any:  # noqa: ANN401 - what pydantic gives a validator
        """A line as the rules keep it, in minutes, is shown as clock times."""
        if not isinstance(given, Hours):
            return given
        fields = {one.name: getattr(given, one.name) for one in dataclasses.fields(given)}
        times = clock_time(fields.pop("from_minute")), clock_time(fields.pop("to_minute"))
        return {**fields, "from": times[0], "to": times[1]}

    def hours(self) -> Hours:
        """The line in minutes from midnight."""
        return Hours(
            weekday=self.weekday,
            from_minute=minutes(self.from_),
            to_minute=minutes(self.to),
            slot_minutes=self.slot_minutes,
            capacity=self.capacity,
            access=self.access,
            setting=Setting(**dict(self.setting)),
            release=None if self.release is None else self.release.rule(),
            on_holidays=self.on_holidays,
        )


class ClinicBody(BaseModel, extra="forbid"):
    """A clinic and its week."""

    campus_id: Code
    specialty: Code
    zone: str = Field(max_length=64, description="IANA time zone of the template", examples=["Asia/Shanghai"])
    calendar_id: Code | None = Field(None, description="of public holidays, such as cn; without one all days are alike")
    name_zh: Label | None = None
    name_en: Label | None = None
    template: list[TemplateLine] = Field(max_length=100)


class ClinicView(BaseModel):
    """A clinic and its week, in the latest version."""

    clinic_id: str
    campus_id: str
    specialty: str
    zone: str
    calendar_id: str | None
    name_zh: str | None
    name_en: str | None
    template: list[TemplateLine]
    version: int


class DayBody(BaseModel, extra="forbid"):
    """What a clinic does on a single day instead of its week; no line means that it is closed."""

    lines: list[TemplateLine] = Field(max_length=20)


class DayView(BaseModel):
    """What a clinic does on a single day instead of its week."""

    clinic_id: str
    on: date
    lines: list[TemplateLine]


class DaysBody(BaseModel, extra="forbid"):
    """A range of days on the clinic's calendar, both included; at most 366."""

    from_on: date
    to_on: date


class DaysQuery(BaseModel, extra="forbid"):
    """Which days to look at, both included; at most 366."""

    from_on: date
    to_on: date

    @model_validator(mode="after")
    def _some_days(self) -> Self:
        if not 0 <= (self.to_on - self.from_on).days < MOST_DAYS:
            raise ValueError(f"goes backwards or too far: give a to_on from 0 to {MOST_DAYS - 1} days after from_on")
        return self


class SessionView(BaseModel):
    """A session that takes bookings. Instants are UTC."""

    session_id: UUID
    sitting_id: UUID | None = Field(description="sessions with the same are pools of one sitting: one team, one queue")
    clinic_id: str
    campus_id: str
    session_on: date = Field(description="the day on the clinic's calendar")
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    slot_minutes: int
    places: int = Field(description="in all of its slots")
    access: Access = Field(description="whom the places are for")
    setting: SettingBody
    released_at: AwareDatetime | None = Field(description="from when on the public can book; null means at once")
    closed_at: AwareDatetime | None
    version: int


class OpenedSessionsView(BaseModel):
    """Every session of those days; `opened` of them are new."""

    opened: int
    days_beyond_calendar: int = Field(description="opened as ordinary weekdays: the calendar does not reach so far")
    sessions: list[SessionView]


class DayList(BaseModel):
    """The days on which a clinic does not keep its week, in order."""

    days: list[DayView]


class ClinicList(BaseModel):
    """All clinics that were asked for."""

    clinics: list[ClinicView]


class ReleaseBody(BaseModel, extra="forbid"):
    """Which of the sessions that are not public become so: those named, or all of that access that start before."""

    session_ids: tuple[UUID, ...] | None = Field(None, max_length=1000)
    access: Literal[Access.APPLICATION, Access.ALLIANCE] | None = None
    before: AwareDatetime | None = None

    @model_validator(mode="after")
    def _narrow(self) -> Self:
        if self.session_ids is None and self.before is None:
            raise ValueError("names no session: give session_ids, or before")
        return self


class SessionList(BaseModel):
    """All sessions that were asked for, in order."""

    sessions: list[SessionView]


class PlacesBody(BaseModel, extra="forbid"):
    """How many places each slot is to have, and which slots; all that are ahead without `from_at` and `to_at`."""

    capacity: int = Field(ge=1, le=1000, description="places in each slot; a slot that has more keeps them")
    from_at: AwareDatetime | None = Field(None, description="the first start that gets more")
    to_at: AwareDatetime | None = Field(None, description="the first start that gets no more")


class SubstitutionBody(BaseModel, extra="forbid"):
    """Who sits in the session instead of whom."""

    clinician_id: Code
    substitute_id: Code


class SlotQuery(BaseModel, extra="forbid"):
    """Which slots to look for. Without days: those of the next 24 hours."""

    from_at: AwareDatetime | None = Field(None, description="slots that are over by then are left out; else now")
    to_at: AwareDatetime | None = Field(None, description="the latest start, not included; a day later unless given")
    on: date | None = Field(None, description="the day on the clinic's calendar")
    from_time: ClockTime | None = Field(None, description="the earliest start, on its clock", examples=["08:00"])
    to_time: ClockTime | None = Field(None, description="the latest start, not included", examples=["12:00"])
    clinic_id: Code | None = None
    session_id: UUID | None = None
    campus_id: Code | None = None
    specialty: Code | None = None
    kind: Kind | None = None
    service_code: Code | None = None
    mdt_form: MdtForm | None = None
    stop: Code | None = Field(None, description="where a vehicle stops")
    clinician_id: Code | None = Field(None, description="who sits in the session")
    access: Access = Access.PUBLIC
    limit: int = Field(100, ge=1, le=MOST_SLOTS)

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.from_at and self.to_at and self.to_at <= self.from_at:
            raise ValueError("ends before it begins: give a to_at that is after from_at")
        if self.from_time and self.to_time and self.to_time <= self.from_time:
            raise ValueError("ends before it begins: give a to_time that is after from_time")
        return self


class SlotView(BaseModel):
    """A slot with at least one free place. Instants are UTC."""

    session_id: UUID
    clinic_id: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    capacity: int
    booked: int


class SlotList(BaseModel):
    """Slots with a free place, earliest first."""

    slots: list[SlotView]


def minutes(clock_time: str) -> int:
    """Minutes from midnight."""
    hours, minutes = clock_time.split(":")
    return int(hours) * 60 + int(minutes)


def clock_time(minutes: int) -> str:
    """HH:MM."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
