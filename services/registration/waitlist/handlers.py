"""What can be asked of the waitlist, and what it hears: one function a use case. The edge commits.

`on_…` of booking's events run in the transaction that says them: a place is free and offered on in one step.
Invariant: while somebody waits whom a free place suits and an offer can still be made, the place is offered.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.registration.booking import handlers as booking
from services.registration.booking.model import Appointment, CancelAppointment, CancelReason
from services.registration.booking.refusals import Reason as NoPlace
from services.registration.patients import handlers as patients
from services.registration.schedules import handlers as schedules
from services.registration.schedules.lines import MINUTES_A_DAY
from services.registration.schedules.model import FindSlots, SlotKey, instant
from services.registration.waitlist import model, store, transitions
from services.registration.waitlist.model import Entry, Goal, JoinWaitlist, LeaveReason, Reason, Status
from services.registration.waitlist.policy import POLICY
from shared.decision import Refused
from shared.ids import new_id
from shared.messages.registration.booking import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    AppointmentRescheduled,
    HoldExpired,
)
from shared.messages.registration.patients import PatientDeceased
from shared.messages.registration.schedules import SessionOpened, SessionReleased
from shared.work import Stale, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An entry, the place that it was offered, and its rank among those who wait for the same; 1 is next."""

    entry: Entry
    place: Appointment | None
    position: int | None


async def join(command: JoinWaitlist, work: Work) -> Entry | Refused:
    """Wait for a place, where there is none that the patient could book.

    The clinic and the slots are kept in share until the entry is written: whoever frees a place or opens a session in
    the meantime is seen here, or sees the entry. `Missing` for an unknown patient, session, clinic or appointment.
    """
    patient = await patients.living_patient(command.patient_id, work)
    if isinstance(patient, Refused):
        return patient
    goal = await _goal(command, work)
    if isinstance(goal, Refused):
        return goal
    if refusal := await _why_not(command, goal, work):
        return refusal
    entry, event = transitions.join(command, goal, work.now)
    if reason := await store.add(work, entry):
        return model.no(reason)
    work.publish(event)
    return entry


async def accept_offer(entry_id: UUID, work: Work) -> Entry | Refused:
    """Book the place that is offered, and give back the one that it replaces."""
    held = await _offer(entry_id, work)
    if isinstance(held, Refused):
        return held
    booked = await booking.confirm_hold(held.appointment_id, work)
    if isinstance(booked, Refused):
        return model.no(Reason.OFFER_EXPIRED) if booked.reason is NoPlace.HOLD_EXPIRED else booked
    await work.react()
    return await store.entry(work, entry_id)


async def decline_offer(entry_id: UUID, work: Work) -> Entry | Refused:
    """Let the place go to the next."""
    held = await _offer(entry_id, work)
    if isinstance(held, Refused):
        return held
    command = CancelAppointment(appointment_id=held.appointment_id, reason=CancelReason.PATIENT)
    cancelled = await booking.cancel_appointment(command, work)
    if isinstance(cancelled, Refused):
        return cancelled
    await work.react()
    return await store.entry(work, entry_id)


async def leave(entry_id: UUID, work: Work) -> Entry | Refused:
    """Wait no longer; what is offered is declined."""
    entry = await store.entry(work, entry_id)
    if entry.status is Status.OFFERED:
        return await decline_offer(entry_id, work)
    if entry.status is not Status.WAITING:
        return model.no(Reason.NOT_WAITING)
    waiting = await store.waiting(work, entry_id)
    if waiting is None:
        raise Stale("waitlist-entry", entry_id)
    return await _keep(transitions.left(waiting, LeaveReason.PATIENT), work)


async def standing(entry_id: UUID, work: Work) -> Standing:
    """Where an entry stands; `Missing` when there is none."""
    entry = await store.entry(work, entry_id)
    place = await booking.appointment(entry.appointment_id, work) if entry.appointment_id else None
    position = await store.ahead(work, entry) + 1 if entry.status is Status.WAITING else None
    return Standing(entry=entry, place=place, position=position)


async def entries_of_session(session_id: UUID, offset: int, limit: int, work: Work) -> list[Entry]:
    """Who waits for that session or has an offer, best first. `Missing` without a session."""
    session = await schedules.session(session_id, work)
    return await store.entries(work, session_id=session_id, clinic_id=session.clinic_id, offset=offset, limit=limit)


async def entries_of_clinic(clinic_id: str, offset: int, limit: int, work: Work) -> list[Entry]:
    """Who waits for anything in that clinic or has an offer, best first. `Missing` without a clinic."""
    await schedules.clinic(clinic_id, work)
    return await store.entries(work, session_id=None, clinic_id=clinic_id, offset=offset, limit=limit)


async def summary(work: Work) -> dict[str, int]:
    """How many ever joined, wait now, had an offer, and got a place."""
    return await store.counts(work)


async def lapse_entries(work: Work, limit: int) -> int:
    """End entries for which nothing can be offered any more, at most `limit`. Returns how many."""
    overdue = await store.overdue(work, limit)
    for entry in overdue:
        await _keep(transitions.lapsed(entry), work)
    return len(overdue)


async def next_lapse_at(work: Work) -> datetime | None:
    """When the next entry lapses."""
    return await store.next_lapse_at(work)


async def on_appointment_cancelled(event: AppointmentCancelled, work: Work) -> None:
    """The place goes to the next; where it was an offer, that has ended."""
    if entry := await store.offered(work, event.appointment_id):
        await _keep(transitions.hold_cancelled(entry, CancelReason(event.reason)), work)
    await _offer_on(SlotKey(session_id=event.session_id, starts_at=event.slot_starts_at), work, event.patient_id)


async def on_hold_expired(event: HoldExpired, work: Work) -> None:
    """The place goes to the next; where it was an offer, that has ended."""
    if entry := await store.offered(work, event.appointment_id):
        await _keep(transitions.hold_expired(entry), work)
    await _offer_on(SlotKey(session_id=event.session_id, starts_at=event.slot_starts_at), work, event.patient_id)


async def on_appointment_rescheduled(event: AppointmentRescheduled, work: Work) -> None:
    """The old place goes to the next."""
    old = SlotKey(session_id=event.previous_session_id, starts_at=event.previous_slot_starts_at)
    await _offer_on(old, work, event.patient_id)


async def on_appointment_missed(event: AppointmentMissed, work: Work) -> None:
    """The place goes to the next, where the policy still lets it be offered."""
    await _offer_on(SlotKey(session_id=event.session_id, starts_at=event.slot_starts_at), work, event.patient_id)


async def on_appointment_booked(event: AppointmentBooked, work: Work) -> None:
    """A hold that was an offer is confirmed, by whichever route: the offer is accepted."""
    if entry := await store.offered(work, event.appointment_id):
        await _accepted(entry, event.appointment_id, work)


async def on_places_opened(event: SessionOpened | SessionReleased, work: Work) -> None:
    """Those who wait for the clinic get the new places, in order, before the wish of somebody who asks later."""
    await schedules.clinic_alone(event.clinic_id, work)
    find = FindSlots(from_at=work.now, to_at=event.ends_at, session_id=event.session_id)
    for slot in await schedules.free_slots(find, work):
        await _offer_on(SlotKey(session_id=slot.session_id, starts_at=slot.starts_at), work)


async def on_patient_deceased(event: PatientDeceased, work: Work) -> None:
    """The patient waits for nothing any more; what is offered ends with its hold."""
    for entry in await store.waiting_of(work, event.patient_id):
        await _keep(transitions.left(entry, LeaveReason.DECEASED), work)


async def _offer(entry_id: UUID, work: Work) -> Appointment | Refused:
    """The hold that is offered to the entry, kept from others: what is decided of it is decided once."""
    entry = await store.entry(work, entry_id)
    if entry.appointment_id is None:
        return model.no(Reason.NOT_OFFERED)
    held = await booking.appointment_for_change(entry.appointment_id, work)
    match (await store.entry(work, entry_id)).status:
        case Status.OFFERED:
            return held
        case Status.EXPIRED:
            return model.no(Reason.OFFER_EXPIRED)
        case _:
            return model.no(Reason.NOT_OFFERED)


async def _goal(command: JoinWaitlist, work: Work) -> Goal | Refused:
    if command.session_id is not None:
        return model.session_goal(await schedules.session(command.session_id, work), POLICY)
    assert command.clinic_id and command.earliest_on and command.latest_on  # noqa: S101, PT018 - what the edge lets in
    clinic = await schedules.clinic_in_share(command.clinic_id, work)
    return model.days_goal(clinic.clinic_id, clinic.zone, command.earliest_on, command.latest_on, POLICY)


async def _why_not(command: JoinWaitlist, goal: Goal, work: Work) -> Refused | None:
    replaces = command.replaces_appointment_id
    replaced = await booking.appointment(replaces, work) if replaces else None
    if refusal := model.may_join(command, goal, replaced, work.now):
        return refusal
    has_place_in = await booking.sessions_of(command.patient_id, work)
    if goal.session_id in has_place_in:
        return model.no(Reason.PATIENT_HAS_APPOINTMENT)
    slots = await schedules.slots_in_share(await _find(goal, work), work)
    if any(slot.booked < slot.capacity and slot.session_id not in has_place_in for slot in slots):
        return model.no(Reason.PLACE_IS_FREE)
    return None


async def _find(goal: Goal, work: Work) -> FindSlots:
    """The slots in which a place may be."""
    zone = (await schedules.clinic(goal.clinic_id, work)).zone
    return FindSlots(
        from_at=max(work.now, instant(zone, goal.earliest_on)),
        to_at=instant(zone, goal.latest_on, MINUTES_A_DAY),
        clinic_id=goal.clinic_id,
        session_id=goal.session_id,
    )


async def _offer_on(key: SlotKey, work: Work, *but_not: UUID) -> None:
    """Give what is free in the slot to the best who wait, one after the other, but to none of `but_not`.

    Whoever has just given a place back is not asked whether they want it.
    """
    place = await store.freed(work, key)
    ends_at = model.offer_ends_at(place.slot.starts_at, work.now, POLICY)
    if ends_at is None:
        return
    passed_over = set(but_not)
    while entry := await store.best(work, place, passed_over):
        patient = await patients.living_patient(entry.patient_id, work)
        if isinstance(patient, Refused):
            await _keep(transitions.left(entry, LeaveReason.DECEASED), work)
            continue
        command = model.place_for(entry, place.slot, new_id(), ends_at)
        taken = await booking.take_place(command, place.slot, work)
        if isinstance(taken, Appointment):
            await _give(entry, taken, work)
        elif taken.reason is NoPlace.SLOT_FULL:
            return
        else:
            passed_over.add(entry.patient_id)


async def _give(entry: Entry, taken: Appointment, work: Work) -> None:
    if entry.auto_accept:
        await _accepted(entry, taken.appointment_id, work)
    else:
        await _keep(transitions.offered(entry, taken, POLICY), work)


async def _accepted(entry: Entry, appointment_id: UUID, work: Work) -> None:
    """The new place is booked; only now the old one is given back, which may feed a waitlist in turn."""
    await _keep(transitions.accepted(entry, appointment_id), work)
    if entry.replaces_appointment_id is not None:
        old = CancelAppointment(appointment_id=entry.replaces_appointment_id, reason=CancelReason.PATIENT)
        await booking.cancel_appointment(old, work)


async def _keep(changed: transitions.Change, work: Work) -> Entry:
    entry, event = changed
    await store.save(work, entry)
    work.publish(event)
    return entry
