"""The HTTP side of the worklist: parse, authorise, run the handler, answer. No rule lives here."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.followup.plans.model import CloseReason, NotMade, Status, TaskStatus, TaskView
from services.followup.visits.model import VisitReason
from services.followup.worklist import handlers
from services.followup.worklist.handlers import Seen, Tally
from services.followup.worklist.model import Attempt, ContactKind, Outcome, Reason, RecordAttempt
from shared.auth import CurrentCaller, Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

router = APIRouter(prefix="/tasks", tags=["worklist"], responses=refusals(Reason))
READERS = may(Role.FOLLOWUP_NURSE, Role.CLINICIAN, Role.VIEWER)
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]


class AttemptView(BaseModel, from_attributes=True):
    """An attempt to reach the patient."""

    attempt_id: UUID
    outcome: Outcome
    contact_kind: ContactKind
    note_code: str | None
    answers: dict[str, int]
    attempted_at: AwareDatetime
    attempted_by: str


class WorkView(BaseModel):
    """A task as the day list shows it."""

    task_id: UUID
    plan_id: UUID
    patient_id: UUID
    step: str = Field(description="the step's code in the plan's template")
    occurrence: int
    due_at: AwareDatetime
    late_at: AwareDatetime = Field(description="from then on it is overdue")
    remind_at: AwareDatetime | None = Field(description="on hold until then")
    precedence: int = Field(description="0 urgent, 1 high risk, 2 the rest")
    status: TaskView = Field(description="what it is now, by the clock")
    reason: str | None
    outcome: str | None
    ended_at: AwareDatetime | None


class WholeWorkView(WorkView):
    """A task with its attempts, oldest first."""

    attempts: list[AttemptView]


class WorkPage(BaseModel):
    """Some tasks; `after` gives the following ones, null when these were the last."""

    tasks: list[WorkView]
    after: UUID | None


class WorkSummary(BaseModel):
    """Tasks by what became of them: due = done + failed + withdrawn + open; not made: nobody was asked to."""

    due: int = Field(description="fell due and were given out")
    done: int
    failed: int = Field(description="nobody could be reached")
    withdrawn: int = Field(description="taken back because the plan ended")
    open: int
    not_made: int = Field(description="skipped as stale, or joined with a later one")
    attempts: dict[Outcome, int]


class NewAttempt(BaseModel, extra="forbid"):
    """What came of trying. Codes only: no free text about a patient."""

    outcome: Outcome
    contact_kind: ContactKind = ContactKind.PHONE
    note_code: Code | None = None
    answers: dict[Code, int] = Field(default={}, max_length=50, description="question code of the template → score")


class AttemptAnswer(BaseModel, from_attributes=True):
    """What the attempt led to. A task on hold is to be tried again at `remind_at`."""

    attempt_id: UUID
    task_id: UUID
    task_status: TaskStatus
    remind_at: AwareDatetime | None
    visit_request_id: UUID | None
    visit_reason: VisitReason | None
    plan_id: UUID
    plan_status: Status
    plan_close_reason: CloseReason | None


@router.post(
    "/{task_id}/attempts", status_code=201, response_model=AttemptAnswer, dependencies=[may(Role.FOLLOWUP_NURSE)]
)
async def record_attempt(task_id: UUID, body: NewAttempt, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """Note an attempt; it may end the task, ask for a visit, end the plan, or put the task off."""
    command = RecordAttempt(task_id=task_id, attempted_by=caller.subject, **dict(body))
    return await commands.run(handlers.record_attempt, command, answer=AttemptAnswer)


@router.get("/summary", dependencies=[READERS])
async def summary(queries: QueryRunner) -> WorkSummary:
    """How much has been done and how much is still to do."""
    tally: Tally = await queries.run(handlers.tally)
    by_status = {status: sum(n for (kept, _), n in tally.tasks.items() if kept == status) for status in TaskStatus}
    not_made = sum(n for (_, reason), n in tally.tasks.items() if reason in set(NotMade))
    return WorkSummary(
        due=sum(by_status.values()) - not_made,
        done=by_status[TaskStatus.COMPLETED],
        failed=by_status[TaskStatus.FAILED],
        withdrawn=by_status[TaskStatus.CANCELLED] - not_made,
        open=by_status[TaskStatus.READY],
        not_made=not_made,
        attempts=tally.attempts,
    )


@router.get("", dependencies=[READERS])
async def tasks(
    queries: QueryRunner,
    status: Annotated[TaskView | None, Query(description="ready shows what is overdue too")] = None,
    patient_id: UUID | None = None,
    after: Annotated[UUID | None, Query(description="as the previous page gave it")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> WorkPage:
    """Tasks as a day list: urgent first, then high risk, then the rest; within these by due instant."""
    found: list[Seen] = await queries.run(handlers.tasks, status, patient_id, after, limit)
    return WorkPage(
        tasks=[WorkView(**_fields(seen)) for seen in found],
        after=found[-1].task.task_id if len(found) == limit else None,
    )


@router.get("/{task_id}", dependencies=[READERS])
async def task(task_id: UUID, queries: QueryRunner) -> WholeWorkView:
    """One task with its attempts."""
    found: tuple[Seen, list[Attempt]] = await queries.run(handlers.task, task_id)
    seen, attempts = found
    return WholeWorkView(**_fields(seen), attempts=[AttemptView.model_validate(attempt) for attempt in attempts])


def _fields(seen: Seen) -> dict[str, Any]:
    return {**asdict(seen.task), "status": seen.view}
