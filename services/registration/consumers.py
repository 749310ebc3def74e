"""What registration reacts to: the table of contents of its consumers.

It hears its own events too, where a capability speaks to one that stands above it.
"""

from services.registration.booking import handlers as booking
from services.registration.passes import handlers as passes
from services.registration.quota import handlers as quota
from services.registration.reminders import handlers as reminders
from services.registration.visitrequests import handlers as visit_requests
from shared.messages.followup.visits import VisitRequested
from shared.messages.registration.booking import AppointmentBooked, AppointmentCancelled, AppointmentRescheduled
from shared.messages.registration.patients import ContactChosen, PatientDeceased
from shared.messages.registration.schedules import SessionOpened, SessionReleased
from shared.reactions import Reactions
from shared.work import Work


async def on_patient_deceased(event: PatientDeceased, work: Work) -> None:
    """What the patient waits for is dropped, what is booked is cancelled."""
    await visit_requests.on_patient_deceased(event, work)
    await booking.on_patient_deceased(event, work)


async def on_appointment_changed(event: AppointmentRescheduled | AppointmentCancelled, work: Work) -> None:
    """Reminders and the parking place go with the appointment."""
    await reminders.on_appointment(event, work)
    await passes.on_appointment(event, work)


async def on_appointment_cancelled(event: AppointmentCancelled, work: Work) -> None:
    """What went with the appointment, and the referral behind it."""
    await on_appointment_changed(event, work)
    await quota.on_appointment_cancelled(event, work)


async def on_session_opened(event: SessionOpened, work: Work) -> None:
    """New places are for those who wait."""
    await visit_requests.on_places_opened(event, work)
    await quota.on_session_opened(event, work)


REACTIONS = Reactions(
    {
        VisitRequested: visit_requests.on_visit_requested,
        SessionOpened: on_session_opened,
        SessionReleased: visit_requests.on_places_opened,
        PatientDeceased: on_patient_deceased,
        AppointmentBooked: reminders.on_appointment,
        AppointmentRescheduled: on_appointment_changed,
        AppointmentCancelled: on_appointment_cancelled,
        ContactChosen: reminders.on_contact_chosen,
    }
)
