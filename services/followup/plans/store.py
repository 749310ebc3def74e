"""Where plans and tasks are kept: reading and writing them. `rows` has the tables, `due` the due engine's statement.

Invariant: whoever changes a plan or a task of it holds the plan's row lock, so that its events are numbered in order.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from services.followup.plans.model import CloseReason, Followed, Plan, Status, Task, TaskStatus, TaskView
from services.followup.plans.rows import ONE_PLAN_A_STAY, ONE_PLAN_AN_ID, FollowedRow, PlanRow, TaskRow
from services.followup.templates.model import Risk
from shared.outbox import shard_of
from shared.work import Missing, Stale, Work

IS_THERE = (ONE_PLAN_AN_ID, ONE_PLAN_A_STAY)
FRESH = {"populate_existing": True}


async def followed(work: Work, patient_id: UUID) -> Followed:
    """What is known of a patient, who is remembered from now on; locked until the end of the transaction."""
    mark = insert(FollowedRow).values(patient_id=patient_id).on_conflict_do_nothing()
    await work.session.exec(mark)
    query = select(FollowedRow).where(col(FollowedRow.patient_id) == patient_id).with_for_update()
    return Followed(**(await work.session.exec(query, execution_options=FRESH)).one().model_dump())


async def remember(work: Work, known: Followed) -> None:
    """Write what is known of a patient."""
    await work.session.exec(
        update(FollowedRow).where(col(FollowedRow.patient_id) == known.patient_id).values(**asdict(known))
    )


async def plan(work: Work, plan_id: UUID) -> Plan:
    """The latest version of a plan, or `Missing`."""
    row = await work.session.get(PlanRow, plan_id, populate_existing=True)
    if row is None:
        raise Missing("plan", plan_id)
    return to_plan(row)


async def locked_plan(work: Work, plan_id: UUID) -> Plan:
    """The plan, locked until the end of the transaction, or `Missing`."""
    row = await work.session.get(PlanRow, plan_id, populate_existing=True, with_for_update=True)
    if row is None:
        raise Missing("plan", plan_id)
    return to_plan(row)


async def plan_of_stay(work: Work, patient_id: UUID, stay_id: UUID, template: str) -> Plan | None:
    """The stay's plan by this template, locked until the end of the transaction, if there is one."""
    of_stay = and_(col(PlanRow.patient_id) == patient_id, col(PlanRow.stay_id) == stay_id)
    query = select(PlanRow).where(of_stay, col(PlanRow.template) == template).with_for_update()
    row = (await work.session.exec(query, execution_options=FRESH)).one_or_none()
    return None if row is None else to_plan(row)


async def running_plans(work: Work, patient_id: UUID) -> list[Plan]:
    """A patient's active plans, oldest first, locked."""
    active = and_(col(PlanRow.patient_id) == patient_id, col(PlanRow.status) == Status.ACTIVE)
    query = select(PlanRow).where(active).order_by(col(PlanRow.left_at), col(PlanRow.plan_id)).with_for_update()
    return [to_plan(row) for row in await work.session.exec(query, execution_options=FRESH)]


async def plans_of(work: Work, patient_id: UUID, limit: int) -> list[Plan]:
    """A patient's plans, newest first."""
    query = select(PlanRow).where(col(PlanRow.patient_id) == patient_id).order_by(col(PlanRow.left_at).desc())
    return [to_plan(row) for row in await work.session.exec(query.limit(limit), execution_options=FRESH)]


async def add_plan(work: Work, new: Plan) -> bool:
    """Write a new plan; False when the stay has it. Raises `Stale` while another of the patient's plans is running."""
    constraint = await work.insert(PlanRow(**plan_values(new)))
    if constraint not in (None, *IS_THERE):
        raise Stale("plan", new.plan_id)
    return constraint is None


async def save_plan(work: Work, changed: Plan, seen_version: int) -> None:
    """Write the plan as it is now. Raises `Stale` when somebody else wrote since `seen_version`."""
    seen = and_(col(PlanRow.plan_id) == changed.plan_id, col(PlanRow.version) == seen_version)
    result = await work.session.exec(update(PlanRow).where(seen).values(**plan_values(changed)))
    if result.rowcount != 1:
        raise Stale("plan", changed.plan_id)


async def task(work: Work, task_id: UUID) -> Task:
    """A task, or `Missing`."""
    row = await work.session.get(TaskRow, task_id, populate_existing=True)
    if row is None:
        raise Missing("task", task_id)
    return to_task(row)


async def tasks_of(work: Work, plan_id: UUID) -> list[Task]:
    """A plan's tasks in the order they fell due."""
    query = select(TaskRow).where(col(TaskRow.plan_id) == plan_id).order_by(col(TaskRow.due_at), col(TaskRow.step))
    return [to_task(row) for row in await work.session.exec(query, execution_options=FRESH)]


async def save_task(work: Work, changed: Task) -> None:
    """Write a task; its plan is locked."""
    await work.session.exec(update(TaskRow).where(col(TaskRow.task_id) == changed.task_id).values(**asdict(changed)))


async def cancel_open_tasks(work: Work, plan_id: UUID, reason: CloseReason) -> None:
    """Take back what is still to be done for a plan."""
    still_open = and_(col(TaskRow.plan_id) == plan_id, col(TaskRow.status) == TaskStatus.READY)
    changes = {"status": TaskStatus.CANCELLED, "reason": reason, "remind_at": None, "ended_at": work.now}
    await work.session.exec(update(TaskRow).where(still_open).values(**changes))


async def open_tasks(work: Work, plan_id: UUID) -> int:
    """How many tasks of a plan are still to be done."""
    still_open = and_(col(TaskRow.plan_id) == plan_id, col(TaskRow.status) == TaskStatus.READY)
    return (await work.session.exec(select(func.count()).select_from(TaskRow).where(still_open))).one()


async def tasks(
    work: Work, view: TaskView | None, patient_id: UUID | None, after: UUID | None, limit: int
) -> list[Task]:
    """Tasks in the order of the day list: precedence, due instant, id; those behind the task `after`, if given."""
    conditions = [_seen_as(view, work.now)] if view else []
    if patient_id is not None:
        plans = select(PlanRow.plan_id).where(col(PlanRow.patient_id) == patient_id)
        conditions.append(col(TaskRow.plan_id).in_(plans))
    place = tuple_(col(TaskRow.precedence), col(TaskRow.due_at), col(TaskRow.task_id))
    if after is not None:
        last = await task(work, after)
        conditions.append(place > (last.precedence, last.due_at, last.task_id))
    query = select(TaskRow).where(*conditions).order_by(*place).limit(limit)
    return [to_task(row) for row in await work.session.exec(query, execution_options=FRESH)]


async def plan_counts(work: Work) -> dict[tuple[str, str | None], int]:
    """How many plans there are by status and close reason."""
    query = select(PlanRow.status, PlanRow.close_reason, func.count()).group_by(
        col(PlanRow.status), col(PlanRow.close_reason)
    )
    return {(status, reason): count for status, reason, count in await work.session.exec(query)}


async def task_counts(work: Work) -> dict[tuple[str, str | None], int]:
    """How many tasks there are by status and reason."""
    kept = col(TaskRow.status), col(TaskRow.reason)
    query = select(*kept, func.count()).group_by(*kept)
    return {(status, reason): count for status, reason, count in await work.session.exec(query)}


def _seen_as(view: TaskView, now: datetime) -> ColumnElement[bool]:
    """`model.seen_as` as a condition. What is overdue is ready too: both lists show it."""
    if view in (TaskView.COMPLETED, TaskView.FAILED, TaskView.CANCELLED):
        return col(TaskRow.status) == view.value
    still_open = col(TaskRow.status) == TaskStatus.READY
    on_hold = col(TaskRow.remind_at) > now
    if view is TaskView.ON_HOLD:
        return and_(still_open, on_hold)
    ready = and_(still_open, or_(col(TaskRow.remind_at).is_(None), col(TaskRow.remind_at) <= now))
    return and_(ready, col(TaskRow.late_at) <= now) if view is TaskView.OVERDUE else ready


def plan_values(plan: Plan) -> dict[str, Any]:
    """A plan as its row."""
    arrays = {
        "steps": list(plan.steps),
        "occurrences": list(plan.occurrences),
        "due_ats": list(plan.due_ats),
        "late_ats": list(plan.late_ats),
    }
    return {**asdict(plan), **arrays, "next_due_at": plan.next_due_at, "shard": shard_of(str(plan.patient_id))}


def to_plan(row: PlanRow) -> Plan:
    """A row as the rules see it."""
    values = row.model_dump(exclude={"next_due_at", "shard"})
    for name in ("steps", "occurrences", "due_ats", "late_ats"):
        values[name] = tuple(values[name])
    values["risk"] = Risk(row.risk)
    values["status"] = Status(row.status)
    values["close_reason"] = CloseReason(row.close_reason) if row.close_reason else None
    return Plan(**values)


def to_task(row: TaskRow) -> Task:
    """A row as the rules see it."""
    return Task(**{**row.model_dump(), "status": TaskStatus(row.status)})
