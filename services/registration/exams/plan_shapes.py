"""The formats of a plan's case and answer, as pydantic models: what the JSON Schemas are made from.

Invariant: a case that fits names no item that it does not describe, and every code and id in it stands once.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.registration.examcatalogue.files import hours
from services.registration.examcatalogue.model import Contrast, Modality
from services.registration.exams.case import MOST_EXAMS
from shared.csv_table import Faulty
from shared.zones import is_zone

MOST_TAKEN = 100_000
YEARS = range(1970, 3000)


def _plannable(at: datetime) -> datetime:
    if at.year not in YEARS:
        raise ValueError(f"lies beyond the calendar: give an instant of the years {YEARS[0]} to {YEARS[-1]}")
    return at


Instant = Annotated[AwareDatetime, AfterValidator(_plannable)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]


class Shape(BaseModel):
    """Frozen, and nothing beside its fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SpanShape(Shape):
    """From one instant to another."""

    from_at: Instant
    to_at: Instant

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.from_at >= self.to_at:
            raise ValueError("ends before it starts: write a to_at after from_at")
        return self


class ItemShape(Shape):
    """An exam item."""

    item_code: Code
    modality: Modality
    minutes: int = Field(ge=5, le=1440, multiple_of=5)
    fasting_hours: int = Field(0, ge=0, le=24)
    contrast: Contrast | None = None
    tags: list[Code] = []


class RuleShape(Shape):
    """A rule between two tags: an item's own, its code, modality or contrast, or `fasting`."""

    rule_id: Code
    earlier_tag: Code
    later_tag: Code
    minutes: int | None = Field(ge=0, le=527_040, description="from end to start; null: never in this order")


class WayShape(Shape):
    """The way from one campus to another; one that is left out is not gone."""

    from_campus_id: Code
    to_campus_id: Code
    minutes: int = Field(ge=0, le=1440)


class DeviceShape(Shape):
    """A device or room with its week and what is taken of it."""

    device_id: Code
    campus_id: Code
    modality: Modality
    items: list[Code] = Field(default=[], description="the items it does; empty for all of its modality")
    reading_campus_id: Code | None = Field(None, description="where its exams are read; its own campus unless given")
    hours: str = Field(max_length=500, examples=["1-5 08:00-12:00 13:30-17:30;6 08:00-12:00"])
    taken: list[SpanShape] = Field(default=[], max_length=MOST_TAKEN)

    @model_validator(mode="after")
    def _readable(self) -> Self:
        try:
            hours(self.hours)
        except Faulty as fault:
            raise ValueError(f"has hours that cannot be read: {fault.remedy}") from None
        return self


class RequestShape(Shape):
    """What the patient needs, and when and where they can come."""

    item_codes: list[Code] = Field(min_length=1, max_length=MOST_EXAMS)
    campus_ids: list[Code] = Field(default=[], description="empty is anywhere")
    windows: list[SpanShape] = Field(default=[], description="empty is at any time")
    elsewhere: list[SpanShape] = Field(default=[], description="when the patient has something else to do")
    not_before: Instant | None = None
    latest_at: Instant | None = Field(None, description="14 days ahead unless given")


class CaseShape(Shape):
    """One request for exams, with the catalogue and the calendars that decide about it."""

    model_config = ConfigDict(title="Exam plan case")

    zone: str = Field(max_length=64, examples=["Asia/Shanghai"])
    now: Instant = Field(description="places begin half an hour later at the earliest")
    items: list[ItemShape] = Field(min_length=1, max_length=10_000)
    rules: list[RuleShape] = []
    travel: list[WayShape] = []
    devices: list[DeviceShape] = Field(min_length=1, max_length=10_000)
    request: RequestShape

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        for fault in self._clashes():
            raise ValueError(fault)
        return self

    def _clashes(self) -> Iterator[str]:
        """What only the whole file can tell."""
        if not is_zone(self.zone):
            yield "zone is no time zone: write an IANA name, such as Asia/Shanghai"
        known, asked = [one.item_code for one in self.items], self.request.item_codes
        named = {code for device in self.devices for code in device.items}
        if len(set(known)) < len(known):
            yield "items names one code twice: keep one of them"
        if len({one.device_id for one in self.devices}) < len(self.devices):
            yield "devices names one id twice: keep one of them"
        if len(set(asked)) < len(asked):
            yield "request.item_codes names one code twice: keep one of them"
        if not set(asked) <= set(known):
            yield "request.item_codes names an item that is not in items: add it there"
        if not named <= set(known):
            yield "devices names an item that is not in items: add it there, or leave it out"


class ExamShape(Shape):
    """One exam of the plan. Instants are in the hospital's zone."""

    item_code: str
    device_id: str
    campus_id: str
    reading_campus_id: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class PlanShape(Shape):
    """Places, and what they ask of the patient."""

    visits: int = Field(description="comings to a campus on a day")
    stay_minutes: int = Field(description="minutes on site, all visits together")
    proven: bool = Field(description="no plan is better: fewer visits, then less time on site, then an earlier end")
    exams: list[ExamShape]


class AnswerShape(Shape):
    """The best plan for the case."""

    model_config = ConfigDict(title="Exam plan answer")

    policy_version: str
    plan: PlanShape | None = Field(description="null where nothing fits")
    one_by_one: PlanShape | None = Field(
        description="for comparison: each exam booked by itself, as early as it can be"
    )
    impossible: list[str] = Field(description="items for which nothing is free at all")
    seconds: float = Field(description="planning alone")
