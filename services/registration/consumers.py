"""What registration reacts to: the table of contents of its consumers.

It hears its own events too, where a capability speaks to one that stands above it.
"""

from services.registration.admissions import handlers as admissions
from services.registration.booking import handlers as booking
from services.registration.displacement import handlers as displacement
from services.registration.visitrequests import handlers as visit_requests
from shared.messages.beds.referrals import ReferralAccepted
from shared.messages.followup.visits import VisitRequested
from shared.messages.registration.booking import AppointmentCancelled, AppointmentRescheduled
from shared.messages.registration.patients import PatientDeceased
from shared.messages.registration.schedules import SessionOpened, SessionReleased
from shared.reactions import Reactions
from shared.work import Work


async def on_patient_deceased(event: PatientDeceased, work: Work) -> None:
    """What the patient waits for is dropped, what is booked is cancelled."""
    await visit_requests.on_patient_deceased(event, work)
    await booking.on_patient_deceased(event, work)


REACTIONS = Reactions(
    {
        VisitRequested: visit_requests.on_visit_requested,
        SessionOpened: visit_requests.on_places_opened,
        SessionReleased: visit_requests.on_places_opened,
        PatientDeceased: on_patient_deceased,
        AppointmentRescheduled: displacement.on_settled,
        AppointmentCancelled: displacement.on_settled,
        ReferralAccepted: admissions.on_referral_accepted,
    }
)
