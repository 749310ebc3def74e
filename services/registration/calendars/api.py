"""The HTTP side of calendars: parse, authorise, run the handler, answer. No rule lives here."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, StringConstraints

from services.registration.calendars import handlers
from services.registration.calendars.model import Calendar, DaysOff, DayWorked, Reason
from shared.auth import Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

router = APIRouter(prefix="/calendars", tags=["calendars"], responses=refusals(Reason))

CalendarId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class DaysOffBody(BaseModel, extra="forbid"):
    """A public holiday (放假), both days included."""

    from_on: date
    to_on: date
    name: Label


class DayWorkedBody(BaseModel, extra="forbid"):
    """A weekend day that is worked (调休)."""

    on: date
    as_weekday: int = Field(ge=1, le=7, description="whose timetable it follows: 1 Monday to 7 Sunday")


class CalendarBody(BaseModel, extra="forbid"):
    """The public holidays of a place, in the shape of `cn.json`."""

    version: Label
    source: Label = Field(description="which notice says so")
    valid_from: date
    valid_to: date
    days_off: list[DaysOffBody] = Field(max_length=1000)
    days_worked: list[DayWorkedBody] = Field(max_length=1000)


class CalendarView(CalendarBody):
    """A calendar as it is in force."""

    calendar_id: str


@router.put("/{calendar_id}", response_model=CalendarView, dependencies=[may(Role.BACK_OFFICE, Role.OPERATOR)])
async def put_calendar(calendar_id: CalendarId, body: CalendarBody, commands: CommandRunner) -> Response:
    """Load a calendar of the hospital's own; under the id `cn` it goes before the one that comes with the suite."""
    calendar = Calendar(
        calendar_id=calendar_id,
        version=body.version,
        source=body.source,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        days_off=tuple(DaysOff(**dict(one)) for one in body.days_off),
        days_worked=tuple(DayWorked(**dict(one)) for one in body.days_worked),
    )
    return await commands.run(handlers.put_calendar, calendar, answer=CalendarView)


@router.get(
    "/{calendar_id}", dependencies=[may(Role.FRONT_DESK, Role.BACK_OFFICE, Role.OPERATOR, Role.VIEWER, Role.SYSTEM)]
)
async def calendar(calendar_id: CalendarId, queries: QueryRunner) -> CalendarView:
    """A calendar as it is in force."""
    return CalendarView.model_validate(await queries.run(handlers.calendar, calendar_id), from_attributes=True)
