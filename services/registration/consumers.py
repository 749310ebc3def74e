"""What registration reacts to: the table of contents of its consumers.

It hears its own events too, where a capability speaks to one that stands above it: `REACTIONS` after they have been
told to everybody, `AT_ONCE` within the transaction that says them.
"""

from services.registration.booking import handlers as booking
from services.registration.displacement import handlers as displacement
from services.registration.queue import handlers as queue
from services.registration.visitrequests import handlers as visit_requests
from services.registration.waitlist import handlers as waitlist
from shared.messages.followup.visits import VisitRequested
from shared.messages.registration.arrivals import PatientArrived, VisitCompleted
from shared.messages.registration.booking import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    AppointmentRescheduled,
    HoldExpired,
)
from shared.messages.registration.patients import PatientDeceased
from shared.messages.registration.schedules import SessionOpened, SessionReleased
from shared.messages.registration.waitlist import OfferAccepted, WaitlistLapsed, WaitlistLeft
from shared.reactions import Reactions
from shared.work import Hearers, Work


async def on_patient_deceased(event: PatientDeceased, work: Work) -> None:
    """What is booked is cancelled; what the patient waits for is dropped before anything is offered on."""
    await booking.on_patient_deceased(event, work)
    await waitlist.on_patient_deceased(event, work)
    await visit_requests.on_patient_deceased(event, work)


async def on_places_opened(event: SessionOpened | SessionReleased, work: Work) -> None:
    """Who waits for the clinic gets the new places."""
    await waitlist.on_places_opened(event, work)
    await visit_requests.on_places_opened(event, work)


async def on_appointment_missed(event: AppointmentMissed, work: Work) -> None:
    """Who was called and not there is out of the queue; a place that is free early enough is offered on."""
    await queue.on_appointment_missed(event, work)
    await waitlist.on_appointment_missed(event, work)


REACTIONS = Reactions(
    {
        VisitRequested: visit_requests.on_visit_requested,
        SessionOpened: on_places_opened,
        SessionReleased: on_places_opened,
        PatientDeceased: on_patient_deceased,
        AppointmentRescheduled: displacement.on_settled,
        AppointmentCancelled: displacement.on_settled,
    }
)

AT_ONCE: Hearers = {
    AppointmentBooked: waitlist.on_appointment_booked,
    AppointmentCancelled: waitlist.on_appointment_cancelled,
    AppointmentMissed: on_appointment_missed,
    AppointmentRescheduled: waitlist.on_appointment_rescheduled,
    HoldExpired: waitlist.on_hold_expired,
    OfferAccepted: visit_requests.on_offer_accepted,
    PatientArrived: queue.on_patient_arrived,
    VisitCompleted: queue.on_visit_completed,
    WaitlistLapsed: visit_requests.on_waitlist_lapsed,
    WaitlistLeft: visit_requests.on_waitlist_left,
}
