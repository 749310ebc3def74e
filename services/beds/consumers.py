"""What the beds service reacts to: the table of contents of its consumers."""

from services.beds.coordination import handlers as desk
from services.beds.daysurgery import handlers as daysurgery
from services.beds.emergency import handlers as emergency
from services.beds.referrals import handlers as referrals
from services.beds.requests.handlers import on_admission_requested, on_settled, remember_death
from services.beds.stays.handlers import on_discharge_ordered, on_patient_deceased, on_patient_left
from shared.messages.discharge.clearance import DischargeOrdered, PatientLeft
from shared.messages.discharge.settlement import Settled
from shared.messages.followup.callbacks import CallBackDue, CallBackRecorded
from shared.messages.registration.admissions import AdmissionRequested
from shared.messages.registration.exams import AdmissionExamsBooked, AdmissionExamsUnplanned
from shared.messages.registration.patients import PatientDeceased
from shared.reactions import Drawn, Reactions, in_turn

REACTIONS = Reactions(
    {
        AdmissionRequested: in_turn(on_admission_requested, emergency.on_admission_requested),
        AdmissionExamsBooked: desk.on_exams_booked,
        AdmissionExamsUnplanned: desk.on_exams_unplanned,
        PatientDeceased: in_turn(on_patient_deceased, daysurgery.on_patient_deceased, referrals.on_patient_deceased),
        DischargeOrdered: on_discharge_ordered,
        PatientLeft: on_patient_left,
        Settled: on_settled,
        CallBackDue: desk.on_call_back_due,
        CallBackRecorded: desk.on_call_back_recorded,
    },
    drawn=Drawn(("deceased", "settled_case"), {PatientDeceased: remember_death, Settled: on_settled}),
)
