"""What can be asked of the waitlist: one function a use case. The edge commits.

What becomes of the entry when its offer is confirmed or given back is in `reactions`, whichever route was used.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.registration.booking import handlers as booking
from services.registration.booking.model import Appointment, CancelAppointment, CancelReason
from services.registration.booking.refusals import Reason as NoPlace
from services.registration.booking.refusals import no as no_place
from services.registration.limits import handlers as limits
from services.registration.patients import handlers as patients
from services.registration.patients.model import DECEASED
from services.registration.schedules import handlers as schedules
from services.registration.schedules.lines import MINUTES_A_DAY
from services.registration.schedules.model import FindSlots, Slot, instant
from services.registration.waitlist import model, store, transitions
from services.registration.waitlist.model import Entry, Goal, JoinWaitlist, LapseReason, LeaveReason, Reason, Status
from services.registration.waitlist.policy import POLICY
from shared.decision import Refused
from shared.work import Stale, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An entry, the place that it was offered, and its rank among those who wait for the same; 1 is next."""

    entry: Entry
    place: Appointment | None
    position: int | None


async def join(command: JoinWaitlist, work: Work) -> Entry | Refused:
    """Wait for a place, where there is none that the patient could book.

    The clinic and the slots are kept in share until the entry is written: whoever frees a place, opens a session or
    cuts one in the meantime is seen here, or sees the entry. `Missing` for an unknown patient, session, clinic or
    appointment.
    """
    patient = await patients.living_patient(command.patient_id, work)
    if isinstance(patient, Refused):
        return patient
    if until := await limits.kept_until(command.patient_id, work):
        return no_place(NoPlace.COOLING_OFF, until)
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
        return model.no(Reason.ALREADY_ACCEPTED if entry.status is Status.ACCEPTED else Reason.NOT_WAITING)
    waiting = await store.waiting(work, entry_id)
    if waiting is None:
        raise Stale("waitlist-entry", entry_id)
    return await keep(transitions.left(waiting, LeaveReason.PATIENT), work)


async def unasked(limit: int, work: Work) -> list[UUID]:
    """Entries that have an offer and wished to be booked without being asked, the oldest first."""
    return await store.unasked(work, limit)


async def next_unasked_at(work: Work) -> datetime | None:
    """Now, if there is such an entry."""
    return work.now if await store.unasked(work, 1) else None


async def accept_unasked(entry_id: UUID, work: Work) -> None:
    """Accept what is offered, as was wished. Nothing where somebody was quicker; who has died gives the place back."""
    accepted = await accept_offer(entry_id, work)
    if accepted == DECEASED:
        offered = await store.entry(work, entry_id)
        assert offered.appointment_id is not None  # noqa: S101 - what was refused is an offer
        hold = CancelAppointment(appointment_id=offered.appointment_id, reason=CancelReason.DECEASED)
        await booking.cancel_appointment(hold, work)


async def standing(entry_id: UUID, work: Work) -> Standing:
    """Where an entry stands; `Missing` when there is none."""
    entry = await store.entry(work, entry_id)
    place = await booking.appointment(entry.appointment_id, work) if entry.appointment_id else None
    position = await store.ahead(work, entry) + 1 if entry.status is Status.WAITING else None
    return Standing(entry=entry, place=place, position=position)


async def entries_of_session(session_id: UUID, offset: int, limit: int, work: Work) -> list[Entry]:
    """Whom a place of that session would be offered to, and who has an offer, best first. `Missing` without a session.

    That are those who wait for it, and those who wait for its clinic on its day.
    """
    session = await schedules.session(session_id, work)
    return await store.entries(work, session.clinic_id, offset, limit, session=session)


async def entries_of_clinic(clinic_id: str, offset: int, limit: int, work: Work) -> list[Entry]:
    """Who waits for anything in that clinic or has an offer, best first. `Missing` without a clinic."""
    await schedules.clinic(clinic_id, work)
    return await store.entries(work, clinic_id, offset, limit)


async def entries_of_patient(patient_id: UUID, limit: int, work: Work) -> list[Entry]:
    """What the patient waits or waited for, the latest first. `Missing` without a patient."""
    await patients.patient(patient_id, work)
    return await store.entries_of(work, patient_id, limit)


async def instead_of(patient_id: UUID, replaced_appointment_id: UUID, work: Work) -> UUID | None:
    """The appointment for which an accepted offer has given back that one of the patient's; None where none has."""
    return await store.instead_of(work, patient_id, replaced_appointment_id)


async def summary(work: Work) -> dict[str, int]:
    """How many ever joined, wait now, had an offer, and got a place."""
    return await store.counts(work)


async def lapse_entries(work: Work, limit: int) -> int:
    """End entries for which nothing can be offered any more, at most `limit`. Returns how many."""
    overdue = await store.overdue(work, limit)
    for entry in overdue:
        await keep(transitions.lapsed(entry, LapseReason.TOO_LATE), work)
    return len(overdue)


async def next_lapse_at(work: Work) -> datetime | None:
    """When the next entry lapses."""
    return await store.next_lapse_at(work)


async def keep(changed: transitions.Change, work: Work) -> Entry:
    """Write the next version of an entry and say so."""
    entry, event = changed
    await store.save(work, entry)
    work.publish(event)
    return entry


async def free_for(goal: Goal | Entry, work: Work) -> list[Slot]:
    """Slots with a free place that would suit. Nobody takes or frees one of the goal's until this work is done."""
    zone = (await schedules.clinic(goal.clinic_id, work)).zone
    find = FindSlots(
        from_at=max(work.now, instant(zone, goal.earliest_on)),
        to_at=instant(zone, goal.latest_on, MINUTES_A_DAY),
        clinic_id=goal.clinic_id,
        session_id=goal.session_id,
    )
    return [slot for slot in await schedules.slots_in_share(find, work) if slot.booked < slot.capacity]


async def _offer(entry_id: UUID, work: Work) -> Appointment | Refused:
    """The hold that is offered to the entry, kept from others: what is decided of it is decided once."""
    entry = await store.entry(work, entry_id)
    if entry.appointment_id is None:
        return model.no_offer(entry.status)
    held = await booking.appointment_for_change(entry.appointment_id, work)
    status = (await store.entry(work, entry_id)).status
    return held if status is Status.OFFERED else model.no_offer(status)


async def _goal(command: JoinWaitlist, work: Work) -> Goal | Refused:
    if command.session_id is not None:
        await schedules.slots_in_share(FindSlots(session_id=command.session_id), work)
        session = await schedules.session(command.session_id, work)
        return model.session_goal(session, await schedules.slots_of(command.session_id, work), POLICY)
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
    if any(slot.session_id not in has_place_in for slot in await free_for(goal, work)):
        return model.no(Reason.PLACE_IS_FREE)
    return None
