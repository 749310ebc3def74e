"""What the beds service reacts to: the table of contents of its consumers."""

from services.beds.requests.handlers import on_admission_requested, on_settled, remember_death
from services.beds.stays.handlers import on_patient_deceased, on_patient_left
from shared.messages.discharge.clearance import PatientLeft
from shared.messages.discharge.settlement import Settled
from shared.messages.registration.admissions import AdmissionRequested
from shared.messages.registration.patients import PatientDeceased
from shared.reactions import Drawn, Reactions

REACTIONS = Reactions(
    {
        AdmissionRequested: on_admission_requested,
        PatientDeceased: on_patient_deceased,
        PatientLeft: on_patient_left,
        Settled: on_settled,
    },
    drawn=Drawn(("deceased", "settled_case"), {PatientDeceased: remember_death, Settled: on_settled}),
)
