"""The HTTP side of visit requests: the worklist. No rule lives here."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from services.registration.booking.refusals import Reason as BookingReason
from services.registration.patients.model import DECEASED
from services.registration.schedules.model import SlotKey
from services.registration.visitrequests import handlers
from services.registration.visitrequests.model import DropReason, Reason, Status, Why
from shared.auth import Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

REFUSED = refusals(
    Reason,
    DECEASED.reason,
    BookingReason.SLOT_OVER,
    BookingReason.SLOT_FULL,
    BookingReason.PATIENT_HAS_APPOINTMENT,
)
router = APIRouter(tags=["visit requests"], responses=REFUSED)


SETTLERS = (Role.FRONT_DESK, Role.FOLLOWUP_NURSE)


class PlaceBody(BaseModel, extra="forbid"):
    """The place that was found."""

    session_id: UUID
    slot_starts_at: AwareDatetime


class VisitRequestView(BaseModel):
    """A visit that followup asks for, and what became of it. Days are the clinic's, instants UTC."""

    visit_request_id: UUID
    patient_id: UUID
    clinic_id: str
    earliest_on: date
    latest_on: date
    reason: str
    status: Status
    why: Why | None = Field(description="why there is no place yet: waits for one (all-full), or needs a person")
    drop_reason: DropReason | None
    appointment_id: UUID | None
    requested_at: AwareDatetime


class Page(BaseModel, extra="forbid"):
    """Which requests, and which page of them."""

    status: Status | None = None
    patient_id: UUID | None = None
    after: UUID | None = Field(None, description="the last visit_request_id of the page before")
    limit: int = Field(100, ge=1, le=1000)


class VisitRequestPage(BaseModel):
    """A page of visit requests."""

    visit_requests: list[VisitRequestView]
    next: UUID | None = Field(description="give it as `after` for the next page; null on the last")


@router.get(
    "/visit-requests",
    dependencies=[may(Role.FRONT_DESK, Role.CLINICIAN, Role.FOLLOWUP_NURSE, Role.BACK_OFFICE, Role.VIEWER)],
)
async def visit_requests(page: Annotated[Page, Query()], queries: QueryRunner) -> VisitRequestPage:
    """A page of requests by id: `waitlisted` get the next place by themselves, `pending` need a person.

    One that needs a person is given a place (`booking`), or closed.
    """
    found = await queries.run(handlers.visit_requests, page.status, page.patient_id, page.after, page.limit)
    views = [VisitRequestView.model_validate(one, from_attributes=True) for one in found]
    return VisitRequestPage(visit_requests=views, next=views[-1].visit_request_id if len(views) == page.limit else None)


@router.post(
    "/visit-requests/{visit_request_id}/booking", response_model=VisitRequestView, dependencies=[may(*SETTLERS)]
)
async def book(visit_request_id: UUID, body: PlaceBody, commands: CommandRunner) -> Response:
    """Book a place for a request that needs a person, in whatever clinic."""
    key = SlotKey(session_id=body.session_id, starts_at=body.slot_starts_at)
    return await commands.run(handlers.book, visit_request_id, key, answer=VisitRequestView)


@router.post(
    "/visit-requests/{visit_request_id}/closing", response_model=VisitRequestView, dependencies=[may(*SETTLERS)]
)
async def close(visit_request_id: UUID, commands: CommandRunner) -> Response:
    """Take a request that needs a person off the worklist: the patient does not want the visit."""
    return await commands.run(handlers.close, visit_request_id, answer=VisitRequestView)
