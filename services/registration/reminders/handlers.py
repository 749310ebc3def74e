"""What happens to reminders: planned with an appointment, dropped when it changes, claimed, settled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.registration.booking import handlers as booking
from services.registration.booking.model import Appointment, Status
from services.registration.booking.model import Wanted as WantedAppointments
from services.registration.patients import handlers as patients
from services.registration.reminders import model, store
from services.registration.reminders.message import Message, message
from services.registration.reminders.model import Notice, Reason, Reminder, Result, State, Wanted
from services.registration.reminders.policy import shipped
from services.registration.schedules import handlers as schedules
from shared.messages.registration.booking import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentDisplaced,
    AppointmentRescheduled,
)
from shared.messages.registration.patients import ContactChosen
from shared.work import Work

MOST_APPOINTMENTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A reminder that is ours to send, and what it says; the attempt is written down."""

    reminder: Reminder
    message: Message


async def on_appointment(event: AppointmentBooked | AppointmentCancelled, work: Work) -> None:
    """Plan the reminders of an appointment as it is now, and drop those of what it was."""
    if await patients.contact(event.patient_id, work):
        await _plan(await booking.appointment(event.appointment_id, work), work)


async def on_changed(event: AppointmentRescheduled | AppointmentDisplaced, work: Work) -> None:
    """The same, and tell the patient at once that the visit is at another time, or does not take place."""
    if await patients.contact(event.patient_id, work) is None:
        return
    appointment = await booking.appointment(event.appointment_id, work)
    await _plan(appointment, work)
    clinic = await schedules.clinic(appointment.clinic_id, work)
    notice = Notice.MOVED if isinstance(event, AppointmentRescheduled) else Notice.DISPLACED
    told = model.pending(appointment, notice, clinic.zone, work.now)
    if model.is_of(told, appointment):
        await store.add(work, [told])


async def on_contact_chosen(event: ContactChosen, work: Work) -> None:
    """Plan the reminders of what the patient has booked; who chose no contact has theirs dropped when they come up."""
    if await patients.contact(event.patient_id, work) is None:
        return
    wanted = WantedAppointments(patient_id=event.patient_id, status=Status.BOOKED, limit=MOST_APPOINTMENTS)
    for appointment in await booking.appointments(wanted, work):
        if appointment.slot_starts_at > work.now:
            await _plan(appointment, work)


async def claim(limit: int, work: Work) -> tuple[int, list[Claimed]]:
    """Look at those that have come up, at most `limit`. Returns how many, and those that are ours to send."""
    come_up = await store.come_up(work, limit)
    claimed = [one for reminder in come_up if (one := await _judge(reminder, work))]
    return len(come_up), claimed


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


async def _plan(appointment: Appointment, work: Work) -> None:
    await _drop(await store.open_of(work, appointment.appointment_id), appointment, work)
    if appointment.status is Status.BOOKED:
        clinic = await schedules.clinic(appointment.clinic_id, work)
        policy, _ = shipped()
        await store.add(work, model.planned(appointment, clinic.zone, policy, work.now))


async def _drop(present: Sequence[Reminder], appointment: Appointment, work: Work) -> None:
    """What is being sent at this moment cannot be called back; its attempt will say what came of it."""
    for one in present:
        if one.state is State.PENDING and not model.is_of(one, appointment):
            await store.save(work, model.ended(one, State.DROPPED, Reason.NOT_BOOKED, work.now))


async def _judge(reminder: Reminder, work: Work) -> Claimed | None:
    policy, texts = shipped()
    appointment = await booking.appointment(reminder.appointment_id, work)
    contact = await patients.contact(reminder.patient_id, work)
    later = await store.later_due(work, reminder)
    booked = model.is_of(reminder, appointment)
    judged = model.judged(reminder, later, policy, work.now, booked=booked, wanted=contact is not None)
    await store.save(work, judged)
    if judged.state is not State.SENDING or contact is None or contact.channel is None:
        return None
    await store.begin(work, judged, contact.channel)
    clinic = await schedules.clinic(appointment.clinic_id, work)
    return Claimed(reminder=judged, message=message(reminder, appointment, clinic, contact, texts, work.now))
