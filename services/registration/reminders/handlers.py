"""What happens to reminders: planned with a visit, dropped when it changes, claimed, settled."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.registration.booking import handlers as booking
from services.registration.booking.model import Status
from services.registration.booking.model import Wanted as WantedAppointments
from services.registration.exams import handlers as exams
from services.registration.exams.model import Status as ExamOrderStatus
from services.registration.patients import handlers as patients
from services.registration.reminders import model, store
from services.registration.reminders.message import Message, message
from services.registration.reminders.model import Notice, Reason, Reminder, Result, State, Visit, Wanted
from services.registration.reminders.policy import shipped
from services.registration.reminders.visits import visits
from shared.log import logger
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

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A reminder that is ours to send, and what it says; the attempt is written down."""

    reminder: Reminder
    message: Message


async def on_appointment(event: AppointmentBooked | AppointmentCancelled, work: Work) -> None:
    """Plan the reminders of an appointment as it is now, and drop those of what it was."""
    if await patients.contact(event.patient_id, work):
        await _plan(work, appointment_id=event.appointment_id)


async def on_changed(event: AppointmentRescheduled | AppointmentDisplaced, work: Work) -> None:
    """The same, and tell the patient at once that the visit is at another time, or does not take place."""
    if await patients.contact(event.patient_id, work) is None:
        return
    notice = Notice.MOVED if isinstance(event, AppointmentRescheduled) else Notice.DISPLACED
    for visit in await _plan(work, appointment_id=event.appointment_id):
        told = model.pending(visit, notice, work.now)
        if model.is_of(told, visit):
            await store.add(work, [told])


async def on_exam_plan(event: ExamPlanBooked | ExamPlanChanged | ExamPlanCancelled, work: Work) -> None:
    """Plan the reminders of each visit of an exam plan as it is now, and drop those of what it was.

    A visit that the house has chosen, and one that begins at another time by a change, is told of at once.
    """
    if await patients.contact(event.patient_id, work) is None:
        return
    known = await store.known_starts(work, event.order_id)
    for visit in await _plan(work, order_id=event.order_id):
        changed = isinstance(event, ExamPlanChanged) and visit.starts_at not in known
        if (visit.unasked or changed) and visit.starts_at > work.now:
            await store.add(work, [model.pending(visit, Notice.PLACED, work.now)])


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


async def claim(work: Work) -> tuple[bool, Claimed | None]:
    """Look at the next that has come up. Returns whether there was one, and it where it is ours to send.

    One that cannot be read or written is put off, or it would come up first for ever.
    """
    reminder = await store.come_up(work)
    if reminder is None:
        return False, None
    (claimed,) = await asyncio.gather(_judge_apart(reminder, work), return_exceptions=True)
    if not isinstance(claimed, BaseException):
        return True, claimed
    log.warning("reminder-put-off", error=type(claimed).__name__)
    policy, _ = shipped()
    await store.save(work, model.put_off(reminder, policy, work.now))
    return True, None


async def settle(reminder_id: UUID, number: int, result: Result, work: Work) -> None:
    """Write down what came of an attempt, and what that means."""
    policy, _ = shipped()
    await store.end(work, reminder_id, number, result)
    await store.save(work, model.settled(await store.reminder(work, reminder_id), result, policy, work.now))


async def next_due_at(work: Work) -> datetime | None:
    """When the next reminder comes up."""
    return await store.next_at(work)


async def reminders(wanted: Wanted, work: Work) -> list[Reminder]:
    """A page of reminders by id."""
    return await store.reminders(work, wanted)


async def summary(work: Work) -> list[dict[str, Any]]:
    """How many reminders there are by state and reason."""
    return await store.counts(work)


async def _plan(work: Work, *, appointment_id: UUID | None = None, order_id: UUID | None = None) -> list[Visit]:
    """Returns the visits that there are now."""
    found = await visits(work, appointment_id=appointment_id, order_id=order_id)
    await _drop(await store.open_of(work, appointment_id, order_id), found, work)
    policy, _ = shipped()
    for visit in found:
        await store.add(work, model.planned(visit, policy, work.now))
    return found


async def _drop(present: Sequence[Reminder], found: Sequence[Visit], work: Work) -> None:
    """What is being sent at this moment cannot be called back; its attempt will say what came of it."""
    for one in present:
        if one.state is State.PENDING and not any(model.is_of(one, visit) for visit in found):
            await store.save(work, model.ended(one, State.DROPPED, Reason.NOT_BOOKED, work.now))


async def _judge_apart(reminder: Reminder, work: Work) -> Claimed | None:
    """In a part of the transaction of its own: what fails leaves the reminder to be put off in the rest of it."""
    async with store.apart(work):
        return await _judge(reminder, work)


async def _judge(reminder: Reminder, work: Work) -> Claimed | None:
    policy, texts = shipped()
    found = await visits(work, appointment_id=reminder.appointment_id, order_id=reminder.order_id)
    visit = next((one for one in found if model.is_of(reminder, one)), None)
    contact = await patients.contact(reminder.patient_id, work)
    later = await store.later_due(work, reminder)
    booked, wanted = visit is not None, contact is not None
    judged = model.judged(reminder, later, policy, work.now, booked=booked, wanted=wanted)
    await store.save(work, judged)
    if judged.state is not State.SENDING or visit is None or contact is None or contact.channel is None:
        return None
    await store.begin(work, judged, contact.channel)
    return Claimed(reminder=judged, message=message(reminder, visit, contact, texts, work.now))
