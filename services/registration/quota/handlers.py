"""What can be asked of the alliance quota, and what happens to referrals with their appointments. The edge commits."""

from datetime import date, datetime
from uuid import UUID

from services.registration.booking import handlers as booking
from services.registration.booking.model import Appointment, CancelAppointment, CancelReason, Status
from services.registration.patients import handlers as patients
from services.registration.quota import model, store
from services.registration.quota.model import (
    CloseReason,
    Partner,
    Reason,
    Refer,
    Referral,
    State,
    WaitReason,
    Wanted,
    no,
)
from services.registration.quota.policy import shipped
from services.registration.schedules import handlers as schedules
from services.registration.schedules.model import Access, FindSlots, ReleaseSessions, Slot
from shared.decision import Refused
from shared.messages.registration.booking import AppointmentCancelled
from shared.messages.registration.schedules import PlacesAdded, SessionOpened
from shared.work import Work


async def keep_partner(partner: Partner, work: Work) -> Partner:
    """Write a partner with its quota; places that are taken stay taken."""
    await store.keep_partner(work, partner)
    return partner


async def partners(work: Work) -> list[Partner]:
    """All partners."""
    return await store.partners(work)


async def refer(command: Refer, work: Work) -> Referral | Refused:
    """Take a referral: the earliest kept place inside its promise, or the worklist. `Missing` without its patient."""
    if not (await store.partner(work, command.partner_id)).active:
        return no(Reason.PARTNER_INACTIVE)
    patient = await patients.living_patient(command.patient_id, work)
    if isinstance(patient, Refused):
        return patient
    referral = model.referred(command, shipped(), work.now)
    if not await store.add(work, referral):
        return no(Reason.REFERRAL_EXISTS)
    return await _place_or_wait(referral, work)


async def place(referral_id: UUID, appointment_id: UUID, work: Work) -> Referral | Refused:
    """Somebody has found a place for a waiting referral and booked it."""
    referral = await store.referral(work, referral_id)
    if referral.state is not State.WAITING:
        return no(Reason.REFERRAL_NOT_WAITING)
    appointment = await booking.appointment_for_change(appointment_id, work)
    if appointment.patient_id != referral.patient_id or appointment.status is not Status.BOOKED:
        return no(Reason.APPOINTMENT_DIFFERS)
    done, said = model.placed(referral, appointment, None)
    await store.save(work, done)
    work.publish(said)
    return done


async def close(referral_id: UUID, reason: CloseReason, work: Work) -> Referral | Refused:
    """End a referral; a place that it has is given back."""
    referral = await store.referral(work, referral_id)
    if referral.state is State.PLACED and referral.appointment_id is not None:
        command = CancelAppointment(appointment_id=referral.appointment_id, reason=CancelReason.PATIENT)
        cancelled = await booking.cancel_appointment(command, work)
        if isinstance(cancelled, Refused):
            return cancelled
    return await _close(referral, reason, work)


async def on_appointment_cancelled(event: AppointmentCancelled, work: Work) -> None:
    """A referral whose place the hospital took back gets one in another session, or waits; any other is over.

    The place that a patient or partner gave back may be what somebody waits for.
    """
    referral = await store.placed_in(work, event.appointment_id)
    if referral is not None and event.reason == CancelReason.HOSPITAL:
        await _give_back(referral, work)
        await _place_or_wait(referral, work, lost=event.session_id)
        return
    if referral is not None:
        reason = CloseReason.DECEASED if event.reason == CancelReason.DECEASED else CloseReason.PATIENT
        await _close(referral, reason, work)
    if event.reason != CancelReason.HOSPITAL and await store.anybody_waits(work):
        session = await schedules.session(event.session_id, work)
        if session.access is Access.ALLIANCE:
            await _serve_waiting(session.clinic_id, work)


async def on_places_opened(event: SessionOpened | PlacesAdded, work: Work) -> None:
    """New kept places are for those who wait, the nearest promise first."""
    if event.access == Access.ALLIANCE and await store.anybody_waits(work):
        await _serve_waiting(event.clinic_id, work)


async def release(work: Work, limit: int) -> int:
    """Let everybody have what partners have not used of sessions that are near, at most `limit` of them."""
    before = work.now + shipped().release_before
    near = await schedules.kept(Access.ALLIANCE, before, limit, work)
    if near:
        await schedules.release(ReleaseSessions(session_ids=tuple(near)), work)
    return len(near)


async def next_release_at(work: Work) -> datetime | None:
    """When the next session with unused places is near."""
    starts_at = await schedules.first_kept_at(Access.ALLIANCE, work)
    return None if starts_at is None else starts_at - shipped().release_before


async def referral(referral_id: UUID, work: Work) -> Referral:
    """One referral; `Missing` when there is none."""
    return await store.referral(work, referral_id)


async def referrals(wanted: Wanted, work: Work) -> list[Referral]:
    """A page of referrals; those `waiting` are the worklist."""
    return await store.referrals(work, wanted)


async def _place_or_wait(referral: Referral, work: Work, *, lost: UUID | None = None) -> Referral:
    """Take a place, or put it on the worklist and say why. `lost` is the session that it has lost its place in."""
    found = await _take(referral, work, lost)
    decided, said = model.waits(referral, found) if isinstance(found, WaitReason) else model.placed(referral, *found)
    await store.save(work, decided)
    work.publish(said)
    return decided


async def _serve_waiting(clinic_id: str, work: Work) -> None:
    clinic = await schedules.clinic(clinic_id, work)
    for referral in await store.waiting_for(work, clinic.specialty, clinic.campus_id):
        if isinstance(await patients.living_patient(referral.patient_id, work), Refused):
            await _close(referral, CloseReason.DECEASED, work)
            continue
        found = await _take(referral, work, None)
        if isinstance(found, tuple):
            done, said = model.placed(referral, *found)
            await store.save(work, done)
            work.publish(said)


async def _take(referral: Referral, work: Work, lost: UUID | None) -> tuple[Appointment, date] | WaitReason:
    """The earliest kept place inside the promise, with the week it counts in; or why there is none."""
    refused = WaitReason.NO_PLACE if lost is None else WaitReason.PLACE_LOST
    slots, zones = await _kept_slots(referral, work)
    for week_on, weeks_slots in model.by_week((slot for slot in slots if slot.session_id != lost), zones):
        if not await store.take_quota(work, referral.partner_id, week_on):
            refused = WaitReason.QUOTA_USED
            continue
        wish = model.wish(referral, weeks_slots[0])
        appointment = await booking.book_first_free(wish, weeks_slots, work, access=Access.ALLIANCE)
        if isinstance(appointment, Appointment):
            return appointment, week_on
        await store.give_back_quota(work, referral.partner_id, week_on)
    return refused


async def _kept_slots(referral: Referral, work: Work) -> tuple[list[Slot], dict[str, str]]:
    """Kept slots with a free place inside the promise, and the zone of each clinic that has one."""
    clinics = [one for one in await schedules.clinics(referral.campus_id, work) if one.specialty == referral.specialty]
    slots: list[Slot] = []
    for clinic in clinics:
        window = FindSlots(from_at=work.now, to_at=referral.due_at, clinic_id=clinic.clinic_id, access=Access.ALLIANCE)
        slots += [slot for slot in await schedules.free_slots(window, work) if slot.starts_at > work.now]
    return slots, {clinic.clinic_id: clinic.zone for clinic in clinics}


async def _close(referral: Referral, reason: CloseReason, work: Work) -> Referral | Refused:
    decision = model.closed(referral, reason)
    if isinstance(decision, Refused):
        return decision
    await _give_back(referral, work)
    over, said = decision
    await store.save(work, over)
    work.publish(said)
    return over


async def _give_back(referral: Referral, work: Work) -> None:
    if referral.week_on is not None:
        await store.give_back_quota(work, referral.partner_id, referral.week_on)
