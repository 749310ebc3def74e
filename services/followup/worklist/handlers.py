"""What can be asked of the worklist: what is to be done, and what came of trying."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.followup.plans import handlers as plans
from services.followup.plans.model import URGENT, CloseReason, Plan, Status, Task, TaskStatus, TaskView, seen_as
from services.followup.templates import handlers as templates
from services.followup.visits import handlers as visits
from services.followup.visits.model import VisitReason, VisitRequest
from services.followup.worklist import model, store
from services.followup.worklist.model import UNREACHABLE, Attempt, Outcome, RecordAttempt, Verdict
from shared.decision import Refused
from shared.ids import new_id
from shared.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What an attempt led to."""

    attempt_id: UUID
    task_id: UUID
    task_status: TaskStatus
    remind_at: datetime | None
    visit_request_id: UUID | None
    visit_reason: VisitReason | None
    plan_id: UUID
    plan_status: Status
    plan_close_reason: CloseReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A task and what it is at this instant."""

    task: Task
    view: TaskView


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many tasks there are by status and reason, and attempts by outcome."""

    tasks: dict[tuple[str, str | None], int]
    attempts: dict[Outcome, int]


async def record_attempt(command: RecordAttempt, work: Work) -> Recorded | Refused:
    """Note an attempt and do what its outcome asks for: the task, a visit, the plan's end."""
    kept, task = await plans.task_in_hand(command.task_id, work)
    template = await templates.template(kept.template, kept.template_version, work)
    verdict = model.weigh(command, task, await store.of_task(work, task.task_id), template, work.now)
    if isinstance(verdict, Refused):
        return verdict
    attempt = _attempt(command, work)
    await store.add(work, attempt)
    plan, task = await _carry_out(verdict, kept, task, work)
    visit = None
    if verdict.wish:
        plan, visit = await visits.request_visit(plan, task, template, verdict.wish, work)
    await plans.keep_plan(plan, kept.version, work)
    plan = await plans.conclude(plan, verdict.closes, work)
    return _recorded(attempt, task, visit, plan)


async def task(task_id: UUID, work: Work) -> tuple[Seen, list[Attempt]]:
    """One task with its attempts; `Missing` when there is none."""
    found = await plans.task(task_id, work)
    return Seen(task=found, view=seen_as(found, work.now)), await store.of_task(work, task_id)


async def tasks(
    view: TaskView | None, patient_id: UUID | None, after: UUID | None, limit: int, work: Work
) -> list[Seen]:
    """Tasks in the order of the day list."""
    found = await plans.tasks(view, patient_id, after, limit, work)
    return [Seen(task=task, view=seen_as(task, work.now)) for task in found]


async def tally(work: Work) -> Tally:
    """How much has been done and how much is still to do."""
    return Tally(tasks=await plans.task_counts(work), attempts=await store.counts(work))


async def _carry_out(verdict: Verdict, plan: Plan, task: Task, work: Work) -> tuple[Plan, Task]:
    """End the task, or let it go on later."""
    if verdict.status is not TaskStatus.READY:
        reason = UNREACHABLE if verdict.status is TaskStatus.FAILED else None
        return await plans.end_task(plan, task, verdict.status, verdict.outcome, reason=reason, work=work)
    precedence = URGENT if verdict.urgent else task.precedence
    task = replace(task, remind_at=verdict.remind_at, precedence=precedence)
    await plans.put_back(task, work)
    return plan, task


def _attempt(command: RecordAttempt, work: Work) -> Attempt:
    return Attempt(
        attempt_id=new_id(),
        task_id=command.task_id,
        outcome=command.outcome,
        contact_kind=command.contact_kind,
        note_code=command.note_code,
        answers=dict(command.answers),
        attempted_at=work.now,
        attempted_by=command.attempted_by,
    )


def _recorded(attempt: Attempt, task: Task, visit: VisitRequest | None, plan: Plan) -> Recorded:
    return Recorded(
        attempt_id=attempt.attempt_id,
        task_id=task.task_id,
        task_status=task.status,
        remind_at=task.remind_at,
        visit_request_id=visit.visit_request_id if visit else None,
        visit_reason=visit.reason if visit else None,
        plan_id=plan.plan_id,
        plan_status=plan.status,
        plan_close_reason=plan.close_reason,
    )
