"""The HTTP side of reminders: what was sent, what was not and why, and whom none can reach.

No address is shown. No rule lives here.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from services.registration.reminders import handlers
from services.registration.reminders.model import Reason, State, Wanted
from services.registration.reminders.reach import Cause, WantedUnreached
from shared.auth import Role, may
from shared.http import REFUSALS, QueryRunner

router = APIRouter(prefix="/reminders", tags=["reminders"], responses=REFUSALS)

READERS = (Role.FRONT_DESK, Role.BACK_OFFICE, Role.OPERATOR, Role.VIEWER)


class ReminderView(BaseModel):
    """A reminder of one visit: an appointment in its slot, or one coming for exams. Instants are UTC."""

    reminder_id: UUID
    appointment_id: UUID | None = Field(description="null where the visit is for exams")
    order_id: UUID | None = Field(description="the exam order; null where the visit is an appointment")
    patient_id: UUID
    slot_starts_at: AwareDatetime = Field(description="when the visit starts")
    rung: str = Field(
        description="how long before, such as 3d, 1d or 2h; or the notice: moved, placed, displaced, cancelled, "
        "called-off, postponed"
    )
    state: State = Field(description="unknown: it may have been sent; it is not sent again")
    reason: Reason | None
    attempts: int
    due_at: AwareDatetime
    next_at: AwareDatetime | None = Field(description="when it is looked at again; null when it is over")
    ended_at: AwareDatetime | None
    of_version: int = Field(description="of a notice: the version of the appointment or order that it tells; else 0")
    instead_of: list[AwareDatetime] = Field(description="when the visits were to start that are off for this one")


class ReminderPage(BaseModel):
    """A page of reminders."""

    reminders: list[ReminderView]
    next: UUID | None = Field(description="give it as `after` for the next page; null on the last")


class Page(BaseModel, extra="forbid"):
    """Which reminders, and which page of them; with `state=failed` the patients to be called instead."""

    appointment_id: UUID | None = None
    order_id: UUID | None = Field(None, description="the exam order")
    patient_id: UUID | None = None
    state: State | None = None
    after: UUID | None = Field(None, description="the last reminder_id of the page before")
    limit: int = Field(100, ge=1, le=1000)


class Count(BaseModel):
    """How many reminders are in a state for a reason."""

    state: State
    reason: Reason | None
    reminders: int


class ComingView(BaseModel, from_attributes=True):
    """An appointment, or the next coming for exams of an order. Instants are UTC."""

    appointment_id: UUID | None
    order_id: UUID | None = Field(description="the exam order; null where the visit is an appointment")
    starts_at: AwareDatetime


class UnreachedView(BaseModel, from_attributes=True):
    """A patient whom the reminders of these visits cannot reach."""

    patient_id: UUID
    cause: Cause = Field(
        description="no-contact: never asked; not-wanted: has said no; address-refused: asked, in vain"
    )
    visits: list[ComingView] = Field(description="the earliest first")


class UnreachedPage(BaseModel):
    """A page of patients."""

    patients: list[UnreachedView]
    next: UUID | None = Field(description="give it as `after` for the next page; null on the last")


class UnreachedQuery(BaseModel, extra="forbid"):
    """Which patients, and which page of them."""

    cause: Cause | None = None
    starts_before: AwareDatetime | None = Field(None, description="only visits that start before; tomorrow's first")
    after: UUID | None = Field(None, description="the last patient_id of the page before")
    limit: int = Field(100, ge=1, le=1000)


class UnreachedCount(BaseModel):
    """How many patients no reminder can reach for that cause."""

    cause: Cause
    patients: int


@router.get("", dependencies=[may(*READERS)])
async def reminders(page: Annotated[Page, Query()], queries: QueryRunner) -> ReminderPage:
    """A page of reminders by id."""
    found = await queries.run(handlers.reminders, Wanted(**dict(page)))
    views = [ReminderView.model_validate(one, from_attributes=True) for one in found]
    return ReminderPage(reminders=views, next=views[-1].reminder_id if len(views) == page.limit else None)


@router.get("/summary", dependencies=[may(*READERS, Role.SYSTEM)])
async def summary(queries: QueryRunner) -> list[Count]:
    """How many reminders there are by state and reason. No patient is named."""
    return [Count(**count) for count in await queries.run(handlers.summary)]


@router.get("/unreached", dependencies=[may(Role.FRONT_DESK)])
async def unreached(page: Annotated[UnreachedQuery, Query()], queries: QueryRunner) -> UnreachedPage:
    """A page of the patients whom no reminder of a coming visit can reach, by id: call them, or ask for a contact.

    Nobody is on it any more who has chosen a contact, or whose visits are over, cancelled or begun with an arrival.
    """
    found = await queries.run(handlers.unreached, WantedUnreached(**dict(page)))
    views = [UnreachedView.model_validate(one) for one in found]
    return UnreachedPage(patients=views, next=views[-1].patient_id if len(views) == page.limit else None)


@router.get("/unreached/summary", dependencies=[may(*READERS, Role.SYSTEM)])
async def count_unreached(queries: QueryRunner) -> list[UnreachedCount]:
    """How many patients no reminder can reach, by cause. Nobody is named."""
    found = await queries.run(handlers.count_unreached)
    return [UnreachedCount(cause=cause, patients=patients) for cause, patients in found.items()]
