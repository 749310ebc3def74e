"""What happens on the day of the visit: one function a use case. The appointment itself is booking's to keep."""

from uuid import UUID

from services.registration.arrivals import model
from services.registration.arrivals.model import RecordArrival, Visit
from services.registration.arrivals.policy import OPENS
from services.registration.booking import handlers as booking
from services.registration.booking.model import Appointment
from services.registration.schedules import handlers as schedules
from shared.decision import Refused
from shared.work import Work


async def record_arrival(command: RecordArrival, work: Work) -> Appointment | Refused:
    """Check the patient in."""
    booked = await booking.appointment_for_change(command.appointment_id, work)
    session = await schedules.session(booked.session_id, work)
    return await _keep(model.arrive(booked, session, command.source, OPENS[command.source], work.now), work)


async def complete_visit(appointment_id: UUID, work: Work) -> Appointment | Refused:
    """Note that the patient has been seen."""
    arrived = await booking.appointment_for_change(appointment_id, work)
    return await _keep(model.complete(arrived, work.now), work)


async def _keep(decision: Visit | Refused, work: Work) -> Appointment | Refused:
    if isinstance(decision, Refused):
        return decision
    await booking.keep(decision.appointment, work)
    work.publish(decision.event)
    return decision.appointment
