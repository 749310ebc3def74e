"""What becomes of reminders when something is booked, changed or given up: planned, dropped, and told at once.

Invariant: whoever knows of a visit is told that it is off; of a patient who has died nobody is told anything.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from services.registration.booking import handlers as booking
from services.registration.booking.model import CancelReason, Status
from services.registration.booking.model import Wanted as WantedAppointments
from services.registration.examcatalogue import handlers as catalogues
from services.registration.exams import handlers as exams
from services.registration.exams import visits as exam_visits
from services.registration.exams.model import Status as ExamOrderStatus
from services.registration.patients import handlers as patients
from services.registration.reminders import changes, model, store
from services.registration.reminders.changes import ExamChange
from services.registration.reminders.model import Notice, Reason, Reminder, State, Visit
from services.registration.reminders.policy import shipped
from services.registration.reminders.visits import exams_off, visits
from services.registration.waitlist import handlers as waitlist
from shared.messages.registration.booking import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentDisplaced,
    AppointmentRescheduled,
)
from shared.messages.registration.exams import ExamPlanBooked, ExamPlanCancelled, ExamPlanChanged
from shared.messages.registration.patients import ContactChosen
from shared.work import Work

MOST_BOOKED = 1000
BY_THE_HOUSE = (Notice.CALLED_OFF, Notice.POSTPONED)
"""What somebody has to call about where nobody can be written to; who cancels by themselves knows."""


async def on_booked(event: AppointmentBooked, work: Work) -> None:
    """Plan the reminders of an appointment as it is now."""
    if await patients.contact(event.patient_id, work):
        await _plan(work, appointment_id=event.appointment_id)


async def on_changed(event: AppointmentRescheduled | AppointmentDisplaced, work: Work) -> None:
    """Plan anew, and tell the patient at once that the visit is at another time, or does not take place."""
    if await patients.contact(event.patient_id, work) is None:
        return
    notice = Notice.MOVED if isinstance(event, AppointmentRescheduled) else Notice.DISPLACED
    for visit in await _plan(work, appointment_id=event.appointment_id):
        told = model.pending(visit, notice, work.now, event.aggregate_version)
        if model.is_of(told, visit):
            await store.add(work, [told])


async def on_cancelled(event: AppointmentCancelled, work: Work) -> None:
    """Drop the reminders, and tell whoever knows of the visit that it is off, or where it is instead."""
    if await patients.contact(event.patient_id, work) is None:
        if event.reason == CancelReason.HOSPITAL:
            found = await visits(work, appointment_id=event.appointment_id)
            await _to_be_called(_notices(found, event, work), event.patient_id, work)
        return
    known = changes.told(await store.all_of(work, event.appointment_id, None))
    planned = await _plan(work, appointment_id=event.appointment_id)
    by_us = any(known.values())
    found = [visit for visit in planned if known.get(visit.starts_at, by_us or not visit.unasked)]
    instead = await waitlist.instead_of(event.patient_id, event.appointment_id, work) if found else None
    if instead is None:
        await store.add(work, _notices(found, event, work))
        return
    for visit in await visits(work, appointment_id=instead):
        if visit.off is None:
            await store.add(work, [model.pending(visit, Notice.MOVED, work.now, event.aggregate_version)])


async def on_exam_plan(event: ExamPlanBooked | ExamPlanChanged | ExamPlanCancelled, work: Work) -> None:
    """Plan the reminders of each visit of an exam plan as it is now, and drop those of what it was.

    What the house has chosen, and what begins at another time or not at all by a change, is told at once.
    """
    if await patients.contact(event.patient_id, work) is None:
        if isinstance(event, ExamPlanCancelled):
            change = await _change(event, await visits(work, order_id=event.order_id), work)
            unheard, _ = changes.notices(replace(change, shown=True), [], work.now)
            await _to_be_called(unheard, event.patient_id, work)
        return
    present = await store.all_of(work, None, event.order_id)
    new, over = changes.notices(
        await _change(event, await _plan(work, order_id=event.order_id), work), present, work.now
    )
    for one in over:
        await store.save(work, one)
    await store.add(work, new)


async def on_contact_chosen(event: ContactChosen, work: Work) -> None:
    """Plan the reminders of what the patient has booked; who chose no contact has theirs dropped when they come up."""
    if await patients.contact(event.patient_id, work) is None:
        return
    wanted = WantedAppointments(patient_id=event.patient_id, status=Status.BOOKED, limit=MOST_BOOKED)
    for appointment in await booking.appointments(wanted, work):
        if appointment.slot_starts_at > work.now:
            await _plan(work, appointment_id=appointment.appointment_id)
    for order in await exams.orders(event.patient_id, ExamOrderStatus.BOOKED, None, MOST_BOOKED, work):
        await _plan(work, order_id=order.order_id)


async def _plan(work: Work, *, appointment_id: UUID | None = None, order_id: UUID | None = None) -> list[Visit]:
    """Returns the visits that there are now, and an appointment that is off."""
    found = await visits(work, appointment_id=appointment_id, order_id=order_id)
    await _drop(await store.open_of(work, appointment_id, order_id), found, work)
    policy, _ = shipped()
    for visit in found:
        await store.add(work, model.planned(visit, policy, work.now))
    return found


async def _drop(present: Sequence[Reminder], found: Sequence[Visit], work: Work) -> None:
    """What is being sent at this moment cannot be called back; its attempt will say what came of it."""
    for one in present:
        if one.state is State.PENDING and model.visit_of(one, found) is None:
            await store.save(work, model.ended(one, State.DROPPED, Reason.NOT_BOOKED, work.now))


async def _change(
    event: ExamPlanBooked | ExamPlanChanged | ExamPlanCancelled, found: Sequence[Visit], work: Work
) -> ExamChange:
    order = await exam_visits.order_of(event.order_id, work)
    return ExamChange(
        order_id=event.order_id,
        patient_id=event.patient_id,
        version=event.aggregate_version,
        zone=await catalogues.zone(work),
        before=event.visits_before,
        visits=found,
        starts=frozenset(one.starts_at for one in order.ahead if order.status is ExamOrderStatus.BOOKED),
        off=exams_off(order),
        shown=not order.before_admission,
        moved_to=event.starts_at if isinstance(event, ExamPlanChanged) else None,
    )


def _notices(found: Sequence[Visit], event: AppointmentCancelled, work: Work) -> list[Reminder]:
    """That the appointment is off, unless it has begun."""
    off = [(visit, visit.off) for visit in found if visit.off and visit.starts_at > work.now]
    return [model.pending(visit, notice, work.now, event.aggregate_version) for visit, notice in off]


async def _to_be_called(notices: Sequence[Reminder], patient_id: UUID, work: Work) -> None:
    """Who has no contact is on the list of those to be called, where the house has given up what they had."""
    wanting = [one for one in notices if one.rung in BY_THE_HOUSE]
    if wanting and (await patients.patient(patient_id, work)).deceased_at is None:
        await store.add(work, [model.ended(one, State.FAILED, Reason.NOT_WANTED, work.now) for one in wanting])
