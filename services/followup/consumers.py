"""What followup reacts to: the table of contents of its consumers."""

from services.followup.callbacks import handlers as callbacks
from services.followup.plans import handlers as plans
from services.followup.visits import handlers as visits
from shared.messages.beds.requests import AdmissionQueued, AdmissionWithdrawn
from shared.messages.beds.stays import PatientAdmitted
from shared.messages.discharge.clearance import PatientLeft
from shared.messages.followup.plans import PlanClosed
from shared.messages.registration.booking import AppointmentBooked, AppointmentCancelled
from shared.messages.registration.patients import PatientDeceased
from shared.reactions import Drawn, Reactions, in_turn

REACTIONS = Reactions(
    {
        PatientLeft: plans.on_patient_left,
        AdmissionQueued: callbacks.on_admission_queued,
        AdmissionWithdrawn: callbacks.on_admission_withdrawn,
        PatientAdmitted: in_turn(plans.on_patient_admitted, callbacks.on_patient_admitted),
        PatientDeceased: in_turn(plans.on_patient_deceased, callbacks.on_patient_deceased),
        PlanClosed: visits.on_plan_closed,
        AppointmentBooked: visits.on_appointment_booked,
        AppointmentCancelled: visits.on_appointment_cancelled,
    },
    drawn=Drawn(
        ("followed",),
        {
            PatientLeft: plans.remember_leaving,
            PatientAdmitted: plans.remember_admission,
            PatientDeceased: plans.remember_death,
        },
    ),
)
