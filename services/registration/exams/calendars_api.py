"""The HTTP side of the devices' calendars: parse, authorise, run the handler, answer. No rule lives here."""

from datetime import timedelta
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from services.registration.exams import calendars
from services.registration.exams.model import Closure, Reason
from shared.auth import Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

router = APIRouter(
    prefix="/exam-devices/{device_id}",
    tags=["exams"],
    responses=refusals(Reason.WINDOW_BACKWARDS, Reason.DEVICE_IN_USE, Reason.NOT_CLOSED),
)

PLANNERS = (Role.BACK_OFFICE, Role.OPERATOR)
READERS = (*PLANNERS, Role.FRONT_DESK, Role.CLINICIAN, Role.WARD_NURSE, Role.VIEWER)
LONGEST_LOOK = timedelta(days=31)

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]


class TimeBody(BaseModel, extra="forbid"):
    """From when until when."""

    from_at: AwareDatetime
    to_at: AwareDatetime


class TimeView(BaseModel):
    """A device and a time."""

    device_id: str
    from_at: AwareDatetime
    to_at: AwareDatetime


class UseView(BaseModel):
    """An exam on the device, or a time in which it is closed: then nobody is named."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime
    status: Literal["held", "booked", "done", "closed"]
    order_id: UUID | None
    patient_id: UUID | None
    item_code: str | None


class UseList(BaseModel):
    """A device's calendar, earliest first. Instants are UTC."""

    uses: list[UseView]


class Look(BaseModel, extra="forbid"):
    """Which part of the calendar."""

    from_at: AwareDatetime = Field(description="what ends after it")
    to_at: AwareDatetime = Field(description="what begins before it; at most 31 days later")

    @model_validator(mode="after")
    def _short(self) -> Self:
        if not timedelta() < self.to_at - self.from_at <= LONGEST_LOOK:
            raise ValueError("ends before it begins, or is too long: ask for up to 31 days")
        return self


@router.get("/uses", dependencies=[may(*READERS)])
async def uses(device_id: Code, look: Annotated[Look, Query()], queries: QueryRunner) -> UseList:
    """The device's list: what is examined on it when, and when it is closed."""
    found = await queries.run(calendars.uses, device_id, look.from_at, look.to_at)
    return UseList.model_validate({"uses": found}, from_attributes=True)


@router.post("/closures", status_code=201, response_model=TimeView, dependencies=[may(*PLANNERS)])
async def close(device_id: Code, body: TimeBody, commands: CommandRunner) -> Response:
    """Take a device out of use for a time in which nothing is booked on it; `uses` names what is."""
    return await commands.run(calendars.close, Closure(device_id=device_id, **dict(body)), answer=TimeView)


@router.post("/reopening", response_model=TimeView, dependencies=[may(*PLANNERS)])
async def reopen(device_id: Code, body: TimeBody, commands: CommandRunner) -> Response:
    """Let a closed device be used again for a time; what lies before and after it stays closed."""
    return await commands.run(calendars.reopen, Closure(device_id=device_id, **dict(body)), answer=TimeView)
