"""What can be asked of appointments, and what ends them: one function a use case. The edge commits.

Places are taken by the lane; here is what happens to an appointment afterwards.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.registration.booking import model, store
from services.registration.booking.model import (
    Appointment,
    CancelAppointment,
    CancelReason,
    RescheduleAppointment,
    TakePlace,
    Wanted,
)
from services.registration.booking.refusals import Reason, no
from services.registration.patients import handlers as patients
from services.registration.schedules import handlers as schedules
from services.registration.schedules.model import Access, Slot, SlotKey
from shared.decision import Refused
from shared.messages.registration.patients import PatientDeceased
from shared.work import Work


async def confirm_hold(appointment_id: UUID, work: Work) -> Appointment | Refused:
    """Make a hold a booking."""
    held = await store.appointment(work, appointment_id, for_change=True)
    patient = await patients.living_patient(held.patient_id, work)
    if isinstance(patient, Refused):
        return patient
    decision = model.confirm(held, work.now)
    if isinstance(decision, Refused):
        return decision
    booked, event = decision
    await store.save(work, booked)
    work.publish(event)
    return booked


async def cancel_appointment(command: CancelAppointment, work: Work) -> Appointment | Refused:
    """Give a held or booked place back."""
    decision = model.cancel(await store.appointment(work, command.appointment_id, for_change=True), command.reason)
    if isinstance(decision, Refused):
        return decision
    cancelled, event = decision
    await schedules.release_places([cancelled.slot], work)
    await store.save(work, cancelled)
    work.publish(event)
    return cancelled


async def reschedule_appointment(command: RescheduleAppointment, work: Work) -> Appointment | Refused:
    """Take the new place and give back the old one, in one step."""
    booked = await store.appointment(work, command.appointment_id, for_change=True)
    target = await schedules.slot(command.slot, work)
    patient = await patients.living_patient(booked.patient_id, work)
    if isinstance(patient, Refused):
        return patient
    access = (await schedules.session(target.session_id, work)).access
    if refusal := model.may_move(booked, target, access, work.now):
        return refusal
    ordinal = await schedules.exchange_place(booked.slot, command.slot, access, work)
    if ordinal is None:
        return no(Reason.SLOT_FULL)
    moved, event = model.move(booked, target, ordinal)
    if reason := await store.save(work, moved):
        return no(reason)
    work.publish(event)
    return moved


async def book_first_free(
    command: TakePlace, slots: Sequence[Slot], work: Work, *, access: Access = Access.PUBLIC
) -> Appointment | Refused:
    """Take a place of that access in the first of `slots` that has one and whose session the patient is not in yet.

    For capabilities that give out places; the public cannot ask for any but the public ones. `command.slot` is not
    read. The patient must be alive.
    """
    taken_sessions = await store.sessions_of(work, command.patient_id)
    for slot in slots:
        if slot.session_id in taken_sessions:
            continue
        key = SlotKey(session_id=slot.session_id, starts_at=slot.starts_at)
        ordinal = await schedules.take_place(key, access, work)
        if ordinal is None:
            continue
        chosen = model.placed(command, key)
        appointment, event = model.taken(
            chosen, clinic_id=slot.clinic_id, slot_ends_at=slot.ends_at, ordinal=ordinal, now=work.now
        )
        if await store.add(work, appointment):
            await schedules.release_places([key], work)
            taken_sessions.add(slot.session_id)
            continue
        work.publish(event)
        return appointment
    return no(Reason.SLOT_FULL)


async def on_patient_deceased(event: PatientDeceased, work: Work) -> None:
    """Cancel what is held or booked from the instant of death on; what was before stays as it was."""
    patient = await patients.patient(event.patient_id, work)
    if patient.deceased_at is None:
        return
    decisions = [
        model.cancel(one, CancelReason.DECEASED)
        for one in await store.open_from(work, event.patient_id, patient.deceased_at)
    ]
    cancelled = [decision for decision in decisions if not isinstance(decision, Refused)]
    await schedules.release_places([one.slot for one, _ in cancelled], work)
    for one, said in cancelled:
        await store.save(work, one)
        work.publish(said)


async def expire_holds(work: Work, limit: int) -> int:
    """Give up holds whose time is over, at most `limit`. Returns how many."""
    expired = [model.expire(held) for held in await store.overdue(work, limit)]
    await schedules.release_places([one.slot for one, _ in expired], work)
    for one, event in expired:
        await store.save(work, one)
        work.publish(event)
    return len(expired)


async def next_hold_ends_at(work: Work) -> datetime | None:
    """When the earliest hold is over."""
    return await store.next_hold_ends_at(work)


async def appointment(appointment_id: UUID, work: Work) -> Appointment:
    """One appointment; `Missing` when there is none."""
    return await store.appointment(work, appointment_id)


async def appointment_for_change(appointment_id: UUID, work: Work) -> Appointment:
    """One appointment, kept from others until this work is done; `Missing` when there is none."""
    return await store.appointment(work, appointment_id, for_change=True)


async def keep(changed: Appointment, work: Work) -> None:
    """Write the next version of an appointment whose place stays the same. Raises `Stale`."""
    await store.save(work, changed)


async def appointments(wanted: Wanted, work: Work) -> list[Appointment]:
    """A page of appointments by id."""
    return await store.appointments(work, wanted)


async def summary(work: Work) -> list[dict[str, Any]]:
    """How many were booked and what became of them, by channel and visit type."""
    return await store.counts(work)
