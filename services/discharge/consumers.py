"""What discharge reacts to: the table of contents of its consumers."""

from services.discharge.accounts import handlers as accounts
from shared.messages.beds.stays import AdmissionCancelled, LeaveUndone, PatientAdmitted
from shared.messages.registration.patients import PatientRegistered
from shared.reactions import Drawn, Reactions

REACTIONS = Reactions(
    {
        PatientRegistered: accounts.on_patient_registered,
        PatientAdmitted: accounts.on_patient_admitted,
        AdmissionCancelled: accounts.on_admission_cancelled,
        LeaveUndone: accounts.on_leave_undone,
    },
    drawn=Drawn(("coverage",), {PatientRegistered: accounts.on_patient_registered}),
)
