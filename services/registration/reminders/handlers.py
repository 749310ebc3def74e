"""What happens to a reminder that has come up: claimed, settled; and what can be asked of reminders."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.registration.patients import handlers as patients
from services.registration.reminders import model, reach, store
from services.registration.reminders.message import Message, message
from services.registration.reminders.model import Reminder, Result, State, Wanted
from services.registration.reminders.policy import shipped
from services.registration.reminders.reach import Cause, Unreached, WantedUnreached
from services.registration.reminders.visits import visits
from shared.log import logger
from shared.work import Work

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A reminder that is ours to send, and what it says; the attempt is written down."""

    reminder: Reminder
    message: Message


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


async def unreached(wanted: WantedUnreached, work: Work) -> list[Unreached]:
    """A page of the patients whom no reminder of a coming visit can reach, by id."""
    return await reach.unreached(work, wanted)


async def count_unreached(work: Work) -> dict[Cause, int]:
    """How many patients those are, by cause."""
    return await reach.counts(work)


async def _judge_apart(reminder: Reminder, work: Work) -> Claimed | None:
    """In a part of the transaction of its own: what fails leaves the reminder to be put off in the rest of it."""
    async with store.apart(work):
        return await _judge(reminder, work)


async def _judge(reminder: Reminder, work: Work) -> Claimed | None:
    policy, texts = shipped()
    found = await visits(work, appointment_id=reminder.appointment_id, order_id=reminder.order_id)
    visit = model.visit_of(reminder, found)
    contact = await patients.contact(reminder.patient_id, work)
    later = await store.later_due(work, reminder)
    booked, wanted = visit is not None, contact is not None
    judged = model.judged(reminder, later, policy, work.now, booked=booked, wanted=wanted)
    await store.save(work, judged)
    if judged.state is not State.SENDING or visit is None or contact is None or contact.channel is None:
        return None
    await store.begin(work, judged, contact.channel)
    return Claimed(reminder=judged, message=message(reminder, visit, contact, texts, work.now))
