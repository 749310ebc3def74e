"""What happens to visit requests: booked when asked for or when a session opens, dropped with the patient's death."""

from uuid import UUID

from services.registration.booking import handlers as booking
from services.registration.booking.model import Appointment
from services.registration.patients import handlers as patients
from services.registration.patients.model import Patient
from services.registration.schedules import handlers as schedules
from services.registration.visitrequests import model, store
from services.registration.visitrequests.model import DropReason, Status, VisitRequest
from shared.messages.followup.visits import VisitRequested
from shared.messages.registration.patients import PatientDeceased
from shared.messages.registration.schedules import SessionOpened, SessionReleased
from shared.work import Missing, Work


async def on_visit_requested(event: VisitRequested, work: Work) -> None:
    """Book the earliest free slot of the days asked for; without one the request waits on the worklist."""
    request = model.asked(event, work.now)
    if await store.add(work, request):
        await _book(request, work)


async def on_places_opened(event: SessionOpened | SessionReleased, work: Work) -> None:
    """Give the new places to those who wait for the clinic, in the order of asking."""
    for request in await store.pending_in(work, event.clinic_id):
        await _book(request, work)


async def on_patient_deceased(event: PatientDeceased, work: Work) -> None:
    """Drop what the patient still waits for."""
    for request in await store.pending_of(work, event.patient_id):
        await store.save(work, model.dropped(request, DropReason.DECEASED))


async def visit_requests(status: Status | None, after: UUID | None, limit: int, work: Work) -> list[VisitRequest]:
    """A page of requests by id; those `pending` are the worklist."""
    return await store.visit_requests(work, status, after, limit)


async def _book(request: VisitRequest, work: Work) -> None:
    """Book it, drop it, or leave it waiting."""
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
        return
    slots = await schedules.free_slots(model.slots_for(request, clinic.zone, work.now), work)
    if slots:
        appointment = await booking.book_first_free(model.place_for(request, slots[0]), slots, work)
        if isinstance(appointment, Appointment):
            await store.save(work, model.booked(request, appointment.appointment_id))
