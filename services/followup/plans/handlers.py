"""What happens to plans, and what other capabilities may ask of them. Load, decide, save, publish; the edge commits."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.followup.plans import due, model, store
from services.followup.plans.model import CloseReason, Followed, Plan, Task, TaskStatus, TaskView
from services.followup.templates import handlers as templates
from services.followup.templates.model import Risk
from shared.envelope import correlation_id
from shared.ids import dated_id
from shared.messages.beds.stays import LeaveUndone, PatientAdmitted
from shared.messages.discharge.clearance import PatientLeft
from shared.messages.registration.patients import PatientDeceased
from shared.work import Work


async def on_patient_left(event: PatientLeft, work: Work) -> None:
    """Follow the stay up; an earlier stay's plan ends. What ended this one before it was heard of ends it at once."""
    followed = await store.followed(work, event.patient_id)
    for running in await store.running_plans(work, event.patient_id):
        if reason := model.ended_by_leaving(running, event):
            await close_plan(running, reason, work)
    await store.remember(work, followed.after_leaving(event))
    template = await templates.template_on(templates.AFTER_DISCHARGE, event.left_at.date(), work)
    if template is None or not model.opens_plan(event, followed):
        return
    before = await store.plan_of_stay(work, event.patient_id, event.stay_id, template.name)
    plan_id = before.plan_id if before else dated_id(event.left_at, event.stay_id, template.name)
    correlation = model.token(correlation_id(), otherwise=str(plan_id))
    plan, opened = model.open_plan(
        event, template, Risk.STANDARD, plan_id=plan_id, correlation_id=correlation, now=work.now
    )
    if before is not None:
        if not model.opens_again(before, event):
            return
        made = await store.tasks_of(work, before.plan_id)
        plan = replace(plan, version=before.version + 1, occurrences=_counted_on(plan, made))
        opened = replace(opened, aggregate_version=plan.version)
    over = model.over_already(event, followed)
    plan, closed = model.close(plan, over, work.now) if over else (plan, None)
    if before is not None:
        await store.save_plan(work, plan, before.version)
    elif not await store.add_plan(work, plan):
        return
    work.publish(opened)
    if closed is not None:
        work.publish(closed)


async def on_patient_admitted(event: PatientAdmitted, work: Work) -> None:
    """A readmission ends the plan of the earlier stay; the new discharge will bring its own (§5.9)."""
    followed = await store.followed(work, event.patient_id)
    await store.remember(work, followed.lying(event.stay_id, event.admitted_at))
    for running in await store.running_plans(work, event.patient_id):
        if model.ended_by_admission(running, event):
            await close_plan(running, CloseReason.READMITTED, work)


async def on_leave_undone(event: LeaveUndone, work: Work) -> None:
    """The patient has not left after all: the plan ends, and the real leaving opens it anew."""
    followed = await store.followed(work, event.patient_id)
    await store.remember(work, followed.lying(event.stay_id, event.undone_at))
    for running in await store.running_plans(work, event.patient_id):
        if model.ended_by_undoing(running, event):
            await close_plan(running, CloseReason.READMITTED, work)


async def on_patient_deceased(event: PatientDeceased, work: Work) -> None:
    """Nobody calls the dead: every plan ends, and the day is kept for discharges that are heard of later."""
    followed = await store.followed(work, event.patient_id)
    await store.remember(work, followed.after_death(event))
    for running in await store.running_plans(work, event.patient_id):
        await close_plan(running, CloseReason.DECEASED, work)


async def remember_leaving(event: PatientLeft, work: Work) -> None:
    """What is known of the patient, and no plan: for whoever draws it anew."""
    await store.remember(work, (await store.followed(work, event.patient_id)).after_leaving(event))


async def remember_admission(event: PatientAdmitted, work: Work) -> None:
    """What is known of the patient, and no plan: for whoever draws it anew."""
    await store.remember(work, (await store.followed(work, event.patient_id)).lying(event.stay_id, event.admitted_at))


async def remember_undoing(event: LeaveUndone, work: Work) -> None:
    """What is known of the patient, and no plan: for whoever draws it anew."""
    await store.remember(work, (await store.followed(work, event.patient_id)).lying(event.stay_id, event.undone_at))


async def remember_death(event: PatientDeceased, work: Work) -> None:
    """What is known of the patient, and no plan: for whoever draws it anew."""
    await store.remember(work, (await store.followed(work, event.patient_id)).after_death(event))


async def known_of(patient_id: UUID, work: Work) -> Followed:
    """What is known of a patient, whom no other reaction decides about until the end of the transaction."""
    return await store.followed(work, patient_id)


async def make_due_tasks(work: Work, limit: int) -> int:
    """Make a task of every step that has come up, for at most `limit` plans. Returns how many plans moved on."""
    moved = await due.make_due(work, limit)
    for one in moved:
        if one.was_last and not one.was_made:
            await conclude(await store.locked_plan(work, one.plan_id), None, work)
    return len(moved)


async def next_due_at(work: Work) -> datetime | None:
    """When the next step of any plan comes up."""
    return await due.next_due_at(work)


async def close_plan(plan: Plan, reason: CloseReason, work: Work) -> Plan:
    """End a plan that this transaction has locked, with all that is still to be done for it."""
    closed, event = model.close(plan, reason, work.now)
    await store.cancel_open_tasks(work, plan.plan_id, reason)
    await store.save_plan(work, closed, plan.version)
    work.publish(event)
    return closed


async def task_in_hand(task_id: UUID, work: Work) -> tuple[Plan, Task]:
    """A task and its plan, nobody else's until the end of the transaction; `Missing` when there is none."""
    plan = await store.locked_plan(work, (await store.task(work, task_id)).plan_id)
    return plan, await store.task(work, task_id)


async def end_task(
    plan: Plan, task: Task, status: TaskStatus, outcome: str, *, reason: str | None, work: Work
) -> tuple[Plan, Task]:
    """The task is over, and says so. The plan is as it was kept but for its version: `conclude` keeps it."""
    plan, task, completed = model.end_task(plan, task, status, outcome, reason=reason, now=work.now)
    await store.save_task(work, task)
    work.publish(completed)
    return plan, task


async def put_back(task: Task, work: Work) -> None:
    """Keep a task that goes on."""
    await store.save_task(work, task)


async def keep_plan(plan: Plan, seen_version: int, work: Work) -> None:
    """Keep what happened to a plan since `seen_version`."""
    if plan.version != seen_version:
        await store.save_plan(work, plan, seen_version)


async def conclude(plan: Plan, reason: CloseReason | None, work: Work) -> Plan:
    """End a kept plan for `reason`, or as completed when nothing is left to do; otherwise leave it."""
    if reason is None and model.is_done(plan, await store.open_tasks(work, plan.plan_id)):
        reason = CloseReason.COMPLETED
    return await close_plan(plan, reason, work) if reason else plan


async def plan(plan_id: UUID, work: Work) -> tuple[Plan, list[Task]]:
    """One plan with its tasks."""
    return await store.plan(work, plan_id), await store.tasks_of(work, plan_id)


async def plans_of(patient_id: UUID, limit: int, work: Work) -> list[Plan]:
    """A patient's plans, newest first."""
    return await store.plans_of(work, patient_id, limit)


async def task(task_id: UUID, work: Work) -> Task:
    """One task."""
    return await store.task(work, task_id)


async def tasks(
    view: TaskView | None, patient_id: UUID | None, after: UUID | None, limit: int, work: Work
) -> list[Task]:
    """Tasks in the order of the day list."""
    return await store.tasks(work, view, patient_id, after, limit)


async def plan_counts(work: Work) -> dict[tuple[str, str | None], int]:
    """How many plans there are by status and close reason."""
    return await store.plan_counts(work)


async def task_counts(work: Work) -> dict[tuple[str, str | None], int]:
    """How many tasks there are by status and reason."""
    return await store.task_counts(work)


def _counted_on(plan: Plan, made: list[Task]) -> tuple[int, ...]:
    """Its occurrences behind those that came up for the leaving that was undone: each becomes a task of its own."""
    last: dict[str, int] = {}
    for task in made:
        last[task.step] = max(task.occurrence, last.get(task.step, 0))
    return tuple(number + last.get(step, 0) for step, number in zip(plan.steps, plan.occurrences, strict=True))
