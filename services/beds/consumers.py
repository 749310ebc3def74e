"""What the beds service reacts to: the table of contents of its consumers."""

from services.beds.requests.handlers import on_admission_requested, remember_death
from services.beds.stays.handlers import on_discharge_ordered, on_patient_deceased, on_patient_left
from shared.messages.discharge.clearance import DischargeOrdered, PatientLeft
from shared.messages.registration.admissions import AdmissionRequested
from shared.messages.registration.patients import PatientDeceased
from shared.reactions import Drawn, Reactions

REACTIONS = Reactions(
    {
        AdmissionRequested: on_admission_requested,
        PatientDeceased: on_patient_deceased,
        DischargeOrdered: on_discharge_ordered,
        PatientLeft: on_patient_left,
    },
    drawn=Drawn(("deceased",), {PatientDeceased: remember_death}),
)
