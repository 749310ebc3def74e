"""The kinds of service and their calendar, read from `kinds.json` and checked before anybody is served by them."""

from datetime import date, time, timedelta
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, StringConstraints, model_validator

from services.registration.desk.model import Catalogue, Kind
from services.registration.desk.worktime import Calendar
from shared.auth import Role

Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Weekday = Annotated[int, Field(ge=1, le=7)]


class DueInFile(BaseModel, extra="forbid"):
    """Working hours, or working days."""

    hours: int | None = Field(None, ge=1, le=80)
    days: int | None = Field(None, ge=0, le=60)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.hours is None) == (self.days is None):
            raise ValueError("give hours or days, one of them")
        return self


class KindInFile(BaseModel, extra="forbid"):
    """A kind of service."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
    name_zh: Name
    name_en: Name
    role: Literal[Role.FRONT_DESK, Role.BACK_OFFICE, Role.CLINICIAN]
    due: DueInFile


class CalendarInFile(BaseModel, extra="forbid"):
    """When the desk is open."""

    zone: ZoneInfo
    source: str
    hours: list[tuple[time, time]] = Field(min_length=1)
    weekdays: set[Weekday] = Field(min_length=1)
    free: set[date]
    worked: set[date]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        instants = [instant for span in self.hours for instant in span]
        if any(earlier >= later for earlier, later in pairwise(instants)):
            raise ValueError("hours follow each other through the day, each ending after it begins")
        return self


class CatalogueInFile(BaseModel, extra="forbid"):
    """The file."""

    version: str
    source: str
    calendar: CalendarInFile
    kinds: list[KindInFile] = Field(min_length=1)

    @model_validator(mode="after")
    def _codes_differ(self) -> Self:
        codes = [kind.code for kind in self.kinds]
        if twice := sorted({code for code in codes if codes.count(code) > 1}):
            raise ValueError(f"each code is there once; twice are {', '.join(twice)}")
        return self


def parse(text: str) -> Catalogue:
    """The catalogue of a file. Raises `ValueError` that names what is wrong."""
    told = CatalogueInFile.model_validate_json(text)
    calendar = told.calendar
    return Catalogue(
        version=told.version,
        calendar=Calendar(
            zone=calendar.zone,
            hours=tuple(calendar.hours),
            weekdays=frozenset(calendar.weekdays),
            free=frozenset(calendar.free),
            worked=frozenset(calendar.worked),
        ),
        kinds={kind.code: _kind(kind) for kind in told.kinds},
    )


@cache
def catalogue() -> Catalogue:
    """The catalogue that comes with the code."""
    return parse(files("services.registration.desk").joinpath("kinds.json").read_text(encoding="utf-8"))


def _kind(told: KindInFile) -> Kind:
    return Kind(
        code=told.code,
        name_zh=told.name_zh,
        name_en=told.name_en,
        role=told.role,
        work=None if told.due.hours is None else timedelta(hours=told.due.hours),
        days=told.due.days,
    )
