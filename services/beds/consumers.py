"""What the beds service reacts to: the table of contents of its consumers."""

from services.beds.daysurgery import handlers as daysurgery
from services.beds.referrals import handlers as referrals
from services.beds.requests.handlers import on_admission_requested, remember_death
from services.beds.stays import handlers as stays
from shared.messages.discharge.clearance import PatientLeft
from shared.messages.registration.admissions import AdmissionRequested
from shared.messages.registration.patients import PatientDeceased
from shared.reactions import Drawn, Reactions
from shared.work import Work


async def on_patient_deceased(event: PatientDeceased, work: Work) -> None:
    """A reservation is given up, what the patient waits for is dropped, day surgery and referrals are cancelled."""
    await stays.on_patient_deceased(event, work)
    await daysurgery.on_patient_deceased(event, work)
    await referrals.on_patient_deceased(event, work)


REACTIONS = Reactions(
    {
        AdmissionRequested: on_admission_requested,
        PatientDeceased: on_patient_deceased,
        PatientLeft: stays.on_patient_left,
    },
    drawn=Drawn(("deceased",), {PatientDeceased: remember_death}),
)
