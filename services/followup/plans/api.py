"""The HTTP side of plans: reading them. Plans open and end by events and by what comes of their tasks."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from services.followup.plans import handlers
from services.followup.plans.model import CloseReason, Plan, Status, Task, TaskStatus
from services.followup.templates.model import Risk
from shared.auth import Role, may
from shared.http import REFUSALS, QueryRunner

router = APIRouter(prefix="/plans", tags=["plans"], responses=REFUSALS)
READERS = may(Role.FOLLOWUP_NURSE, Role.CLINICIAN, Role.VIEWER)


class PlanView(BaseModel, from_attributes=True):
    """A plan. FHIR CarePlan."""

    plan_id: UUID
    patient_id: UUID
    stay_id: UUID
    template: str
    template_version: str
    risk: Risk
    left_at: AwareDatetime
    status: Status
    close_reason: CloseReason | None
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None
    next_due_at: AwareDatetime | None = Field(description="when the next step comes up; null when none will")
    version: int


class ComingView(BaseModel):
    """One occurrence of a step, due or still to come."""

    step: str
    occurrence: int
    due_at: AwareDatetime
    late_at: AwareDatetime = Field(description="from then on it is overdue")


class PlanTaskView(BaseModel, from_attributes=True):
    """A task of the plan, as it is kept. Cancelled for `stale` or `coalesced`: nobody was asked to do it."""

    task_id: UUID
    step: str
    occurrence: int
    due_at: AwareDatetime
    remind_at: AwareDatetime | None
    status: TaskStatus
    reason: str | None
    outcome: str | None
    ended_at: AwareDatetime | None


class WholePlanView(PlanView):
    """A plan with its schedule and the tasks that have fallen due."""

    schedule: list[ComingView]
    tasks: list[PlanTaskView]


class PlanSummary(BaseModel):
    """How many plans there have ever been, and what became of them."""

    opened: int
    active: int
    completed: int
    revoked: int
    closed_by_reason: dict[CloseReason, int]


@router.get("/summary", dependencies=[READERS])
async def summary(queries: QueryRunner) -> PlanSummary:
    """Plans opened, running and ended, the ended ones by reason."""
    counts = await queries.run(handlers.plan_counts)
    by_status = {status: sum(n for (kept, _), n in counts.items() if kept == status) for status in Status}
    return PlanSummary(
        opened=sum(counts.values()),
        active=by_status[Status.ACTIVE],
        completed=by_status[Status.COMPLETED],
        revoked=by_status[Status.REVOKED],
        closed_by_reason={CloseReason(reason): n for (_, reason), n in counts.items() if reason},
    )


@router.get("", dependencies=[READERS])
async def plans(
    queries: QueryRunner, patient_id: UUID, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> list[PlanView]:
    """A patient's plans, newest first."""
    return [PlanView.model_validate(plan) for plan in await queries.run(handlers.plans_of, patient_id, limit)]


@router.get("/{plan_id}", dependencies=[READERS])
async def plan(plan_id: UUID, queries: QueryRunner) -> WholePlanView:
    """One plan, its schedule and its tasks."""
    found: tuple[Plan, list[Task]] = await queries.run(handlers.plan, plan_id)
    kept, tasks = found
    coming = zip(kept.steps, kept.occurrences, kept.due_ats, kept.late_ats, strict=True)
    return WholePlanView(
        **PlanView.model_validate(kept).model_dump(),
        schedule=[
            ComingView(step=step, occurrence=occurrence, due_at=due_at, late_at=late_at)
            for step, occurrence, due_at, late_at in coming
        ],
        tasks=[PlanTaskView.model_validate(task) for task in tasks],
    )
