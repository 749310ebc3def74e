"""What can be asked of appointments, and what ends them: one function a use case. The edge commits.

Places are taken by the lane; here is what happens to an appointment afterwards.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.registration.booking import model, moving, noshows, store
from services.registration.booking.model import (
    Appointment,
    CancelAppointment,
    CancelReason,
    RescheduleAppointment,
    TakePlace,
    Wanted,
)
from services.registration.booking.refusals import Reason, no
from services.registration.limits import handlers as limits
from services.registration.limits.model import counted_since
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
    """Give a held or booked place back; what is displaced has none."""
    present = await store.appointment(work, command.appointment_id, for_change=True)
    if not command.by_staff and (refusal := model.patient_may_change(present, work.now, command.reason)):
        return refusal
    decision = model.cancel(present, command.reason)
    if isinstance(decision, Refused):
        return decision
    cancelled, event = decision
    await schedules.release_places(present.places, work)
    await store.save(work, cancelled)
    work.publish(event)
    return cancelled


async def reschedule_appointment(command: RescheduleAppointment, work: Work) -> Appointment | Refused:
    """Take the new place and give back the old one, in one step."""
    booked = await store.appointment(work, command.appointment_id, for_change=True)
    if not command.by_staff and (refusal := model.patient_may_change(booked, work.now)):
        return refusal
    target = await schedules.slot(command.slot, work)
    patient = await patients.living_patient(booked.patient_id, work)
    if isinstance(patient, Refused):
        return patient
    session = await schedules.session(target.session_id, work)
    if refusal := moving.may_move(booked, target, session, work.now):
        return refusal
    return await move_appointment(booked, target, session.access, work)


async def move_appointment(booked: Appointment, target: Slot, access: Access, work: Work) -> Appointment | Refused:
    """Take a place in the target, whose places are of that access, and give back the old one if there is one."""
    key = SlotKey(session_id=target.session_id, starts_at=target.starts_at)
    ordinal = await schedules.exchange_place(booked.places, key, access, work)
    if ordinal is None:
        return no(Reason.SLOT_FULL)
    moved, event = moving.move(booked, target, ordinal)
    if reason := await store.save(work, moved):
        return no(reason)
    work.publish(event)
    return moved


async def displace_appointment(booked: Appointment, reason: str, offer: Slot | None, work: Work) -> Appointment:
    """Take the place of a booked appointment away and give it back to its slot."""
    displaced, event = moving.displace(booked, reason, offer)
    await schedules.release_places(booked.places, work)
    await store.save(work, displaced)
    work.publish(event)
    return displaced


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
        taken = await take_place(command, slot, work, access=access)
        if isinstance(taken, Appointment):
            return taken
        if taken.reason is not Reason.SLOT_FULL:
            taken_sessions.add(slot.session_id)
    return no(Reason.SLOT_FULL)


async def take_place(
    command: TakePlace, slot: Slot, work: Work, *, access: Access = Access.PUBLIC
) -> Appointment | Refused:
    """Take a place of that access in `slot`; `command.slot` is not read. The patient must be alive.

    For what is decided here and not asked by a caller; callers go through the lane.
    """
    key = SlotKey(session_id=slot.session_id, starts_at=slot.starts_at)
    ordinal = await schedules.take_place(key, access, work)
    if ordinal is None:
        return no(Reason.SLOT_FULL)
    appointment, event = model.taken(
        model.placed(command, key),
        clinic_id=slot.clinic_id,
        slot_ends_at=slot.ends_at,
        ordinal=ordinal,
        now=work.now,
    )
    if reason := await store.add(work, appointment):
        await schedules.release_places([key], work)
        return no(reason)
    work.publish(event)
    return appointment


async def on_patient_deceased(event: PatientDeceased, work: Work) -> None:
    """Cancel what is held or booked from the instant of death on; what was before stays as it was."""
    patient = await patients.patient(event.patient_id, work)
    if patient.deceased_at is None:
        return
    open_ = await store.open_from(work, event.patient_id, patient.deceased_at)
    decisions = [model.cancel(one, CancelReason.DECEASED) for one in open_]
    cancelled = [decision for decision in decisions if not isinstance(decision, Refused)]
    await schedules.release_places([place for one in open_ for place in one.places], work)
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


async def note_no_shows(work: Work, limit: int) -> int:
    """Who was booked and did not come until the session was over has missed it, at most `limit`. Returns how many."""
    overdue = await noshows.overdue(work, limit)
    missed = [await miss_appointment(appointment_id, work) for appointment_id in overdue]
    if len(missed) < limit:
        await noshows.note(work)
    return len(missed)


async def next_session_over_at(work: Work) -> datetime | None:
    """When the earliest session is over in which somebody is expected."""
    return await noshows.next_over_at(work)


async def miss_appointment(appointment_id: UUID, work: Work) -> Appointment | Refused:
    """The patient did not come, or did not answer the call: the place is given back."""
    decision = model.miss(await store.appointment(work, appointment_id, for_change=True))
    if isinstance(decision, Refused):
        return decision
    missed, event = decision
    await schedules.release_places([missed.slot], work)
    await store.save(work, missed)
    work.publish(event)
    in_force = await limits.limits_in_force(work)
    if in_force is not None:
        counted = await store.missed_since(work, missed.patient_id, counted_since(in_force, work.now))
        await limits.note_missed(in_force, missed.patient_id, counted, work)
    return missed


async def appointment(appointment_id: UUID, work: Work) -> Appointment:
    """One appointment; `Missing` when there is none."""
    return await store.appointment(work, appointment_id)


async def appointment_for_change(appointment_id: UUID, work: Work) -> Appointment:
    """One appointment, kept from others until this work is done; `Missing` when there is none."""
    return await store.appointment(work, appointment_id, for_change=True)


async def expected_for_change(session_id: UUID, work: Work, *, at_once: bool = False) -> list[Appointment]:
    """What is held or booked in a session, by id, kept from others until this work is done.

    With `at_once` nobody is waited for. Raises `Stale` when somebody has one of them in hand.
    """
    return await store.expected_for_change(work, session_id, at_once=at_once)


async def expected_in(session_id: UUID, work: Work) -> list[Appointment]:
    """What is held or booked in a session, by id."""
    return await store.expected_in(work, session_id)


async def sessions_of(patient_id: UUID, work: Work) -> set[UUID]:
    """The sessions in which the patient has a place."""
    return await store.sessions_of(work, patient_id)


async def keep(changed: Appointment, work: Work) -> None:
    """Write the next version of an appointment whose place stays the same. Raises `Stale`."""
    await store.save(work, changed)


async def appointments(wanted: Wanted, work: Work) -> list[Appointment]:
    """A page of appointments by id."""
    return await store.appointments(work, wanted)


async def summary(work: Work) -> list[dict[str, Any]]:
    """How many were booked and what became of them, by channel and visit type."""
    return await store.counts(work)
