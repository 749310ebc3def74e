"""What happens to visit requests: booked, put on the waitlist, booked from there, or dropped with the patient's death.

`on_…` of the waitlist's events run in the transaction that says them.
"""

from uuid import UUID

from services.registration.booking import handlers as booking
from services.registration.booking.model import Appointment
from services.registration.booking.refusals import Reason as BookingReason
from services.registration.booking.refusals import no
from services.registration.patients import handlers as patients
from services.registration.patients.model import Patient
from services.registration.schedules import handlers as schedules
from services.registration.schedules.model import SlotKey
from services.registration.visitrequests import model, store
from services.registration.visitrequests.model import DropReason, Status, VisitRequest, Why
from services.registration.waitlist import handlers as waitlist
from services.registration.waitlist.model import LeaveReason, Reason
from shared.decision import Refused
from shared.messages.followup.visits import VisitRequested
from shared.messages.registration.patients import PatientDeceased
from shared.messages.registration.schedules import PlacesAdded, SessionOpened, SessionReleased
from shared.messages.registration.waitlist import OfferAccepted, WaitlistLapsed, WaitlistLeft
from shared.work import Missing, Stale, Work


async def on_visit_requested(event: VisitRequested, work: Work) -> None:
    """Book the earliest free slot of the days asked for; without one the request waits for the next."""
    request = model.asked(event, work.now)
    if await store.add(work, request):
        await _settle(request, work)


async def on_places_opened(event: SessionOpened | SessionReleased | PlacesAdded, work: Work) -> None:
    """Try again for those of the clinic that could not even wait, in the order of asking."""
    for request in await store.pending_in(work, event.clinic_id):
        await _settle(request, work)


async def on_patient_deceased(event: PatientDeceased, work: Work) -> None:
    """Drop what the patient still needs a place for; what is on the waitlist goes with its entry."""
    for request in await store.pending_of(work, event.patient_id):
        await store.save(work, model.dropped(request, DropReason.DECEASED))


async def on_offer_accepted(event: OfferAccepted, work: Work) -> None:
    """The waitlist has booked a place for it."""
    if request := await store.waitlisted(work, event.entry_id):
        await store.save(work, model.booked(request, event.appointment_id))


async def on_waitlist_left(event: WaitlistLeft, work: Work) -> None:
    """The patient does not want it any more, or has died."""
    if request := await store.waitlisted(work, event.entry_id):
        deceased = event.reason == LeaveReason.DECEASED
        await store.save(work, model.dropped(request, DropReason.DECEASED if deceased else DropReason.DECLINED))


async def on_waitlist_lapsed(event: WaitlistLapsed, work: Work) -> None:
    """No place came in those days: a person has to decide."""
    if request := await store.waitlisted(work, event.entry_id):
        await store.save(work, model.pending(request, Why.TOO_LATE))


async def book(visit_request_id: UUID, key: SlotKey, work: Work) -> VisitRequest | Refused:
    """Somebody has found a place for a request that needs a person; followup hears of the booking."""
    request = await store.visit_request(work, visit_request_id)
    if refusal := model.may_settle(request):
        return refusal
    patient = await patients.living_patient(request.patient_id, work)
    if isinstance(patient, Refused):
        return patient
    slot = await schedules.slot(key, work)
    if slot.starts_at <= work.now:
        return no(BookingReason.SLOT_OVER)
    appointment = await booking.take_place(model.place_for(request, slot), slot, work)
    if isinstance(appointment, Refused):
        return appointment
    settled = model.booked(request, appointment.appointment_id)
    await store.save(work, settled)
    return settled


async def close(visit_request_id: UUID, work: Work) -> VisitRequest | Refused:
    """The patient does not want the visit: nothing is looked for any more."""
    request = await store.visit_request(work, visit_request_id)
    if refusal := model.may_settle(request):
        return refusal
    closed = model.dropped(request, DropReason.DECLINED)
    await store.save(work, closed)
    return closed


async def visit_requests(
    status: Status | None, patient_id: UUID | None, after: UUID | None, limit: int, work: Work
) -> list[VisitRequest]:
    """A page of requests by id."""
    return await store.visit_requests(work, status, patient_id, after, limit)


async def _settle(request: VisitRequest, work: Work) -> None:
    """Book it, drop it, or let it wait."""
    try:
        patient = await patients.living_patient(request.patient_id, work)
    except Missing:
        await store.save(work, model.dropped(request, DropReason.UNKNOWN_PATIENT))
        return
    if not isinstance(patient, Patient):
        await store.save(work, model.dropped(request, DropReason.DECEASED))
        return
    try:
        clinic = await schedules.clinic(request.clinic_id, work)
    except Missing:
        await store.save(work, model.pending(request, Why.CLINIC_UNKNOWN))
        return
    slots = await schedules.free_slots(model.slots_for(request, clinic.zone, work.now), work)
    if slots:
        appointment = await booking.book_first_free(model.place_for(request, slots[0]), slots, work)
        if isinstance(appointment, Appointment):
            await store.save(work, model.booked(request, appointment.appointment_id))
            return
    await _wait(request, work)


async def _wait(request: VisitRequest, work: Work) -> None:
    """Join the waitlist. Raises `Stale` when a place has become free since it was looked for."""
    entry = await waitlist.join(model.entry_for(request), work)
    if not isinstance(entry, Refused):
        await store.save(work, model.waitlisted(request))
    elif entry.reason is Reason.PLACE_IS_FREE:
        raise Stale("slot")
    else:
        await store.save(work, model.pending(request, Why(entry.reason)))
