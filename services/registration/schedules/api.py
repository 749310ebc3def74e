"""The HTTP side of schedules: parse, authorise, run the handler, answer. No rule lives here."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from services.registration.schedules import handlers
from services.registration.schedules.model import (
    MOST_SLOTS,
    SLOT_MINUTES,
    Access,
    FindSlots,
    Hours,
    OpenSessions,
    PutClinic,
    ReleaseSessions,
    Session,
)
from shared.auth import Role, may
from shared.commands import CommandRunner
from shared.http import REFUSALS, QueryRunner
from shared.work import Work

router = APIRouter(tags=["schedules"], responses=REFUSALS)

READERS = (
    Role.FRONT_DESK,
    Role.CLINICIAN,
    Role.COORDINATOR,
    Role.BACK_OFFICE,
    Role.FOLLOWUP_NURSE,
    Role.PATIENT_APP,
    Role.VIEWER,
    Role.OPERATOR,
    Role.SYSTEM,
)
PLANNERS = (Role.FRONT_DESK, Role.BACK_OFFICE, Role.OPERATOR)

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
ClockTime = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class TemplateLine(BaseModel, extra="forbid"):
    """A block of the clinic's week, on the clinic's own clock."""

    weekday: int = Field(ge=1, le=7, description="1 Monday to 7 Sunday")
    from_: ClockTime = Field(alias="from", description="HH:MM", examples=["08:00"])
    to: ClockTime = Field(description="HH:MM, at most 24:00", examples=["12:00"])
    slot_minutes: int = Field(SLOT_MINUTES, ge=1, le=1440)
    capacity: int = Field(ge=1, le=1000, description="places in each slot")
    access: Access = Field(Access.PUBLIC, description="whom the places are for")

    @model_validator(mode="before")
    @classmethod
    def _of_hours(cls, given: Any) -> Any:  # noqa: ANN401 - what pydantic gives a validator
        """A line as the rules keep it, in minutes, is shown as clock times."""
        if not isinstance(given, Hours):
            return given
        return {
            "weekday": given.weekday,
            "from": _clock_time(given.from_minute),
            "to": _clock_time(given.to_minute),
            "slot_minutes": given.slot_minutes,
            "capacity": given.capacity,
            "access": given.access,
        }

    def hours(self) -> Hours:
        """The line in minutes from midnight."""
        return Hours(
            weekday=self.weekday,
            from_minute=_minutes(self.from_),
            to_minute=_minutes(self.to),
            slot_minutes=self.slot_minutes,
            capacity=self.capacity,
            access=self.access,
        )


class ClinicBody(BaseModel, extra="forbid"):
    """A clinic and its week."""

    campus_id: Code
    specialty: Code
    zone: str = Field(max_length=64, description="IANA time zone of the template", examples=["Asia/Shanghai"])
    name_zh: Label | None = None
    name_en: Label | None = None
    template: list[TemplateLine] = Field(max_length=100)


class ClinicView(BaseModel):
    """A clinic and its week, in the latest version."""

    clinic_id: str
    campus_id: str
    specialty: str
    zone: str
    name_zh: str | None
    name_en: str | None
    template: list[TemplateLine]
    version: int


class DaysBody(BaseModel, extra="forbid"):
    """A range of days on the clinic's calendar, both included; at most 366."""

    from_on: date
    to_on: date


class SessionView(BaseModel):
    """A session that takes bookings. Instants are UTC."""

    session_id: UUID
    clinic_id: str
    campus_id: str
    session_on: date = Field(description="the day on the clinic's calendar")
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    slot_minutes: int
    places: int = Field(description="in all of its slots")
    access: Access = Field(description="whom the places are for")


class OpenedSessionsView(BaseModel):
    """Every session of those days; `opened` of them are new."""

    opened: int
    sessions: list[SessionView]


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
            raise ValueError("give session_ids, or before")
        return self


class SessionList(BaseModel):
    """All sessions that were asked for, in order."""

    sessions: list[SessionView]


class SlotQuery(BaseModel, extra="forbid"):
    """Which slots to look for."""

    from_at: AwareDatetime = Field(description="slots that are over by then are left out")
    to_at: AwareDatetime | None = Field(None, description="the latest start, not included; a day later unless given")
    clinic_id: Code | None = None
    session_id: UUID | None = None
    access: Access = Access.PUBLIC
    limit: int = Field(100, ge=1, le=MOST_SLOTS)


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


@router.put("/clinics/{clinic_id}", response_model=ClinicView, dependencies=[may(*PLANNERS)])
async def put_clinic(clinic_id: Code, body: ClinicBody, commands: CommandRunner) -> Response:
    """Write a clinic with its weekly template. Sessions that are open stay as they are."""
    fields = {**dict(body), "template": tuple(line.hours() for line in body.template)}
    return await commands.run(handlers.put_clinic, PutClinic(clinic_id=clinic_id, **fields), answer=ClinicView)


@router.post("/clinics/{clinic_id}/sessions", response_model=OpenedSessionsView, dependencies=[may(*PLANNERS)])
async def open_sessions(clinic_id: Code, body: DaysBody, commands: CommandRunner) -> Response:
    """Open the sessions that the template gives those days; a day that is open stays as it is."""
    command = OpenSessions(clinic_id=clinic_id, from_on=body.from_on, to_on=body.to_on)
    return await commands.run(handlers.open_sessions, command, answer=OpenedSessionsView)


@router.post("/sessions/release", response_model=SessionList, dependencies=[may(*PLANNERS)])
async def release_sessions(body: ReleaseBody, commands: CommandRunner) -> Response:
    """Let the public have what is free in sessions that were kept for others; answers those that became public."""
    return await commands.run(_release, ReleaseSessions(**dict(body)), answer=SessionList)


async def _release(command: ReleaseSessions, work: Work) -> dict[str, list[Session]]:
    return {"sessions": await handlers.release(command, work)}


@router.get("/clinics", dependencies=[may(*READERS)])
async def clinics(queries: QueryRunner, campus_id: Code | None = None) -> ClinicList:
    """All clinics, or those of a campus."""
    found = await queries.run(handlers.clinics, campus_id)
    return ClinicList.model_validate({"clinics": found}, from_attributes=True)


@router.get("/clinics/{clinic_id}", dependencies=[may(*READERS)])
async def clinic(clinic_id: Code, queries: QueryRunner) -> ClinicView:
    """One clinic with its template."""
    return ClinicView.model_validate(await queries.run(handlers.clinic, clinic_id), from_attributes=True)


@router.get("/clinics/{clinic_id}/sessions", dependencies=[may(*READERS)])
async def sessions(clinic_id: Code, from_on: date, to_on: date, queries: QueryRunner) -> SessionList:
    """A clinic's open sessions of those days, both included."""
    found = await queries.run(handlers.sessions, clinic_id, from_on, to_on)
    return SessionList.model_validate({"sessions": found}, from_attributes=True)


@router.get("/slots", dependencies=[may(*READERS)])
async def free_slots(asked: Annotated[SlotQuery, Query()], queries: QueryRunner) -> SlotList:
    """Find slots with a free place, earliest first."""
    find = FindSlots(
        from_at=asked.from_at,
        to_at=asked.to_at or asked.from_at + timedelta(days=1),
        clinic_id=asked.clinic_id,
        session_id=asked.session_id,
        access=asked.access,
        limit=asked.limit,
    )
    found = await queries.run(handlers.free_slots, find)
    return SlotList.model_validate({"slots": found}, from_attributes=True)


def _minutes(clock_time: str) -> int:
    hours, minutes = clock_time.split(":")
    return int(hours) * 60 + int(minutes)


def _clock_time(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
