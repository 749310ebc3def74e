"""What can be asked of visits, and what registration says of them."""

from uuid import UUID

from services.followup.plans.model import CloseReason, Plan, Task
from services.followup.templates.model import Template
from services.followup.visits import model, store
from services.followup.visits.model import VisitRequest, VisitStatus, Wish
from shared.ids import derived_id
from shared.messages.followup.plans import PlanClosed
from shared.messages.registration.booking import AppointmentBooked, AppointmentCancelled
from shared.work import Work

CHANNEL = "followup"
"""The channel of bookings that registration makes for a visit request."""


async def request_visit(
    plan: Plan, task: Task, template: Template, wish: Wish, work: Work
) -> tuple[Plan, VisitRequest]:
    """Ask for a visit because of a task whose plan is locked; a second wish of one task is the first one again."""
    if asked := await store.of_task(work, task.task_id):
        return plan, asked
    ids = derived_id(task.task_id, "visit-request"), task.task_id
    plan, visit, requested = model.request(plan, template, wish, ids=ids, now=work.now)
    await store.add(work, visit)
    work.publish(requested)
    return plan, visit


async def on_appointment_booked(event: AppointmentBooked, work: Work) -> None:
    """Registration has booked a visit: it is for the patient's oldest open request at that clinic."""
    if event.channel != CHANNEL:
        return
    if visit := await store.oldest_open(work, event.patient_id, event.clinic_id):
        await store.save(work, model.booked(visit, event))


async def on_appointment_cancelled(event: AppointmentCancelled, work: Work) -> None:
    """The visit will not take place; whether another is wanted is a person's decision."""
    await store.cancel(work, event.appointment_id)


async def on_plan_closed(event: PlanClosed, work: Work) -> None:
    """For the dead no visit is sought any more; every other patient keeps theirs."""
    if event.reason == CloseReason.DECEASED:
        await store.withdraw(work, event.plan_id)


async def visit_requests(
    status: VisitStatus | None, patient_id: UUID | None, after: UUID | None, limit: int, work: Work
) -> list[VisitRequest]:
    """Requests by latest day."""
    return await store.page(work, status, patient_id, after, limit)


async def visit_counts(work: Work) -> dict[VisitStatus, int]:
    """How many requests there are by status."""
    return await store.counts(work)
