"""What the waitlist hears, within the transaction that says it: places that are free are offered on, offers end.

Invariants: while somebody waits whom a free place suits and an offer can still be made, the place is offered. What is
done here takes places and frees none but the one that a patient gives back for the new one they have just confirmed:
who frees a place waits for nobody's old booking. Slots are locked before entries, and a single slot's entries one by
one in their order, so two who each free one place do not wait for each other.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from services.registration.booking import handlers as booking
from services.registration.booking.model import Appointment, CancelAppointment, CancelReason
from services.registration.patients import handlers as patients
from services.registration.schedules import handlers as schedules
from services.registration.schedules.model import FindSlots, SlotKey
from services.registration.waitlist import model, store, transitions
from services.registration.waitlist.handlers import free_for, keep
from services.registration.waitlist.model import Entry, LapseReason, LeaveReason, Status
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
from shared.messages.registration.schedules import PlacesAdded, SessionCut, SessionOpened, SessionReleased
from shared.work import Work

A_DAY: Final = timedelta(days=1)
"""A clinic's day and the one of UTC differ by no more."""


async def on_appointment_cancelled(event: AppointmentCancelled, work: Work) -> None:
    """The place goes to the next; where it was an offer, that has ended."""
    entry = await store.offered(work, event.appointment_id)
    if entry is not None:
        entry = await keep(transitions.hold_cancelled(entry, CancelReason(event.reason)), work)
    await _offer_on(_slot(event), work, but_not=event.patient_id)
    await _look_elsewhere(entry, _slot(event), work)


async def on_hold_expired(event: HoldExpired, work: Work) -> None:
    """The place goes to the next; where it was an offer, that has ended.

    Who was to have it unasked has not missed anything: they wait on, and are the next.
    """
    entry = await store.offered(work, event.appointment_id)
    if entry is not None:
        entry = await keep(transitions.hold_expired(entry), work)
    waits_on = entry is not None and entry.status is Status.WAITING
    await _offer_on(_slot(event), work, but_not=None if waits_on else event.patient_id)
    await _look_elsewhere(entry, _slot(event), work)


async def on_appointment_rescheduled(event: AppointmentRescheduled, work: Work) -> None:
    """The old place goes to the next."""
    old = SlotKey(session_id=event.previous_session_id, starts_at=event.previous_slot_starts_at)
    await _offer_on(old, work, but_not=event.patient_id)


async def on_appointment_missed(event: AppointmentMissed, work: Work) -> None:
    """The place goes to the next, where the policy still lets it be offered."""
    await _offer_on(_slot(event), work, but_not=event.patient_id)


async def on_appointment_booked(event: AppointmentBooked, work: Work) -> None:
    """A hold that was an offer is confirmed, by whichever route: the offer is accepted.

    The new place is booked; only now the old one is given back.
    """
    entry = await store.offered(work, event.appointment_id)
    if entry is None:
        return
    await keep(transitions.accepted(entry, event.appointment_id), work)
    if entry.replaces_appointment_id is not None:
        old = CancelAppointment(appointment_id=entry.replaces_appointment_id, reason=CancelReason.PATIENT)
        await booking.cancel_appointment(old, work)


async def on_session_opened(event: SessionOpened, work: Work) -> None:
    """Those who wait for the clinic get the new places, in order, before anybody else can ask for one.

    A year of sessions is opened in one step: whether anybody waits at all is looked up once.
    """
    days = await store.days_waited_for(work, event.clinic_id)
    if days is not None and days[0] - A_DAY <= event.starts_at.date() <= days[1] + A_DAY:
        await on_places_opened(event, work)


async def on_places_opened(event: SessionOpened | SessionReleased | PlacesAdded, work: Work) -> None:
    """Those who wait get the new places, in order, before anybody else can ask for one."""
    if await store.anybody_waits(work, event.session_id):
        for slot in await schedules.free_slots(FindSlots(session_id=event.session_id), work):
            await _offer_on(SlotKey(session_id=slot.session_id, starts_at=slot.starts_at), work)


async def on_places_added(event: PlacesAdded, work: Work) -> None:
    """Those who wait get the new places, in order, and who waits on does so until the last slot that has any."""
    await _lapse_with_last_place(event.session_id, LapseReason.SESSION_CUT, work)
    await on_places_opened(event, work)


async def on_session_cut(event: SessionCut, work: Work) -> None:
    """Whoever waits for the session does so until its last slot that has places; without one they are told at once."""
    reason = LapseReason.SESSION_CLOSED if event.closed else LapseReason.SESSION_CUT
    await _lapse_with_last_place(event.session_id, reason, work)


async def on_patient_deceased(event: PatientDeceased, work: Work) -> None:
    """The patient waits for nothing any more; what is offered ends with its hold."""
    for entry in await store.waiting_of(work, event.patient_id):
        await keep(transitions.left(entry, LeaveReason.DECEASED), work)


async def _offer_on(key: SlotKey, work: Work, *, but_not: UUID | None = None) -> None:
    """Give what is free in the slot to the best who wait, one after the other, but not to that patient.

    Whoever has just given a place back is not asked whether they want it.
    """
    place = await store.freed(work, key)
    if place is None or (ends_at := model.offer_ends_at(place.slot.starts_at, work.now, POLICY)) is None:
        return
    passed_over = set() if but_not is None else {but_not}
    free = place.slot.capacity - place.slot.booked
    while free and (entry := await store.best(work, place, passed_over)):
        patient = await patients.living_patient(entry.patient_id, work)
        if isinstance(patient, Refused):
            await keep(transitions.left(entry, LeaveReason.DECEASED), work)
            continue
        taken = await booking.take_place(model.place_for(entry, place.slot, new_id(), ends_at), place.slot, work)
        if isinstance(taken, Refused):
            passed_over.add(entry.patient_id)
            continue
        await keep(_given(entry, taken), work)
        free -= 1


async def _look_elsewhere(entry: Entry | None, lost: SlotKey, work: Work) -> None:
    """Whoever waits again may have a place in another slot, which became free while they had an offer in the lost."""
    if entry is not None and entry.status is Status.WAITING:
        for slot in await free_for(entry, work):
            if (key := SlotKey(session_id=slot.session_id, starts_at=slot.starts_at)) != lost:
                await _offer_on(key, work)


async def _lapse_with_last_place(session_id: UUID, reason: LapseReason, work: Work) -> None:
    """Who waits for the session waits for nothing else: the entry ends when none of its places can be offered."""
    session = await schedules.session(session_id, work)
    lapses_at = model.last_offer_at(session, await schedules.slots_of(session_id, work), POLICY)
    if lapses_at is not None and lapses_at > work.now:
        await store.lapse_at(work, session_id, lapses_at)
        return
    for entry in await store.waiting_for(work, session_id):
        await keep(transitions.lapsed(entry, reason), work)


def _slot(event: AppointmentCancelled | AppointmentMissed | HoldExpired) -> SlotKey:
    return SlotKey(session_id=event.session_id, starts_at=event.slot_starts_at)


def _given(entry: Entry, taken: Appointment) -> transitions.Change:
    if entry.is_booked_unasked:
        return transitions.accepted(entry, taken.appointment_id)
    return transitions.offered(entry, taken, POLICY)
