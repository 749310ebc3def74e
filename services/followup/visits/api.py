"""The HTTP side of visit requests: reading them. They come from attempts and are booked by registration."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from services.followup.templates.model import Urgency
from services.followup.visits import handlers
from services.followup.visits.model import VisitReason, VisitRequest, VisitStatus
from shared.auth import Role, may
from shared.http import REFUSALS, QueryRunner

router = APIRouter(prefix="/visit-requests", tags=["visits"], responses=REFUSALS)
READERS = may(Role.FOLLOWUP_NURSE, Role.CLINICIAN, Role.FRONT_DESK, Role.VIEWER)


class VisitRequestView(BaseModel, from_attributes=True):
    """A patient should be seen between two days, both included."""

    visit_request_id: UUID
    plan_id: UUID
    task_id: UUID
    patient_id: UUID
    clinic_id: str
    urgency: Urgency
    reason: VisitReason
    earliest_on: date
    latest_on: date
    status: VisitStatus
    appointment_id: UUID | None
    slot_starts_at: AwareDatetime | None
    requested_at: AwareDatetime


class VisitRequestPage(BaseModel):
    """Some requests; `after` gives the following ones, null when these were the last."""

    visit_requests: list[VisitRequestView]
    after: UUID | None


class VisitSummary(BaseModel):
    """How many visits were asked for, and what became of them."""

    asked: int
    by_status: dict[VisitStatus, int]


@router.get("/summary", dependencies=[READERS])
async def summary(queries: QueryRunner) -> VisitSummary:
    """Visits asked for, by what became of them."""
    counts: dict[VisitStatus, int] = await queries.run(handlers.visit_counts)
    return VisitSummary(asked=sum(counts.values()), by_status=counts)


@router.get("", dependencies=[READERS])
async def visit_requests(
    queries: QueryRunner,
    status: VisitStatus | None = None,
    patient_id: UUID | None = None,
    after: Annotated[UUID | None, Query(description="as the previous page gave it")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> VisitRequestPage:
    """Visit requests by latest day."""
    found: list[VisitRequest] = await queries.run(handlers.visit_requests, status, patient_id, after, limit)
    return VisitRequestPage(
        visit_requests=[VisitRequestView.model_validate(visit) for visit in found],
        after=found[-1].visit_request_id if len(found) == limit else None,
    )
