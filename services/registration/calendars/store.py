"""Where a hospital's own calendars are kept, and the only SQL about them."""

from datetime import date
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import CheckConstraint, Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.registration.calendars.model import Calendar
from services.registration.tables import Row
from shared.work import Work

CALENDAR = TypeAdapter(Calendar)


class CalendarRow(Row, table=True):
    """A calendar that the hospital has loaded."""

    __tablename__ = "calendar"
    __table_args__ = (CheckConstraint("valid_from <= valid_to", name="calendar_valid_forward"),)

    calendar_id: str = Field(primary_key=True)
    version: str
    source: str
    valid_from: date
    valid_to: date
    days_off: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    days_worked: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))


async def calendar(work: Work, calendar_id: str) -> Calendar | None:
    """The hospital's own calendar, or None."""
    row = await work.session.get(CalendarRow, calendar_id)
    return None if row is None else CALENDAR.validate_python(row.model_dump())


async def keep(work: Work, changed: Calendar) -> None:
    """Write it, whole."""
    fields = CALENDAR.dump_python(changed, mode="json")
    dates = {"valid_from": changed.valid_from, "valid_to": changed.valid_to}
    await work.session.merge(CalendarRow(**{**fields, **dates}))
