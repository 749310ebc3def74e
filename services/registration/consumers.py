"""What registration reacts to: the table of contents of its consumers.

It hears its own events too, where a capability speaks to one that stands above it: `REACTIONS` after they have been
told to everybody, `AT_ONCE` within the transaction that says them.
"""

from services.registration.admissions import handlers as admissions
from services.registration.applications import handlers as applications
from services.registration.booking import handlers as booking
from services.registration.displacement import handlers as displacement
from services.registration.exams import reactions as exams
from services.registration.passes import handlers as passes
from services.registration.queue import handlers as queue
from services.registration.quota import handlers as quota
from services.registration.reminders import reactions as reminders
from services.registration.visitrequests import handlers as visit_requests
from services.registration.waitlist import reactions as waitlist
from shared.messages.beds.referrals import ReferralAccepted
from shared.messages.beds.stays import BedReserved, ReservationCancelled, ReservationExpired
from shared.messages.followup.visits import VisitRequested
from shared.messages.registration.admissions import AdmissionRequested
from shared.messages.registration.arrivals import PatientArrived, VisitCompleted
from shared.messages.registration.booking import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentDisplaced,
    AppointmentMissed,
    AppointmentRescheduled,
    HoldExpired,
)
from shared.messages.registration.exams import ExamPlanBooked, ExamPlanCancelled, ExamPlanChanged
from shared.messages.registration.patients import ContactChosen, PatientDeceased
from shared.messages.registration.schedules import PlacesAdded, SessionCut, SessionOpened, SessionReleased
from shared.messages.registration.waitlist import OfferAccepted, WaitlistLapsed, WaitlistLeft
from shared.reactions import Reactions, in_turn
from shared.work import Hearers

REACTIONS = Reactions(
    {
        VisitRequested: visit_requests.on_visit_requested,
        SessionOpened: in_turn(visit_requests.on_places_opened, quota.on_places_opened, applications.on_places_opened),
        PlacesAdded: in_turn(visit_requests.on_places_opened, quota.on_places_opened, applications.on_places_opened),
        SessionReleased: visit_requests.on_places_opened,
        PatientDeceased: in_turn(
            booking.on_patient_deceased,
            waitlist.on_patient_deceased,
            visit_requests.on_patient_deceased,
            exams.on_patient_deceased,
            applications.on_patient_deceased,
        ),
        AppointmentBooked: reminders.on_booked,
        AppointmentDisplaced: reminders.on_changed,
        AppointmentRescheduled: in_turn(displacement.on_settled, reminders.on_changed, passes.on_appointment),
        AppointmentCancelled: in_turn(
            displacement.on_settled,
            reminders.on_cancelled,
            passes.on_appointment,
            quota.on_appointment_cancelled,
            applications.on_appointment_cancelled,
        ),
        ContactChosen: reminders.on_contact_chosen,
        ExamPlanBooked: reminders.on_exam_plan,
        ExamPlanChanged: reminders.on_exam_plan,
        ExamPlanCancelled: reminders.on_exam_plan,
        AdmissionRequested: exams.on_admission_requested,
        BedReserved: exams.on_bed_reserved,
        ReservationExpired: exams.on_reservation_expired,
        ReservationCancelled: exams.on_reservation_expired,
        ReferralAccepted: admissions.on_referral_accepted,
    }
)

AT_ONCE: Hearers = {
    AppointmentBooked: waitlist.on_appointment_booked,
    AppointmentCancelled: waitlist.on_appointment_cancelled,
    AppointmentMissed: in_turn(queue.on_appointment_missed, waitlist.on_appointment_missed),
    AppointmentRescheduled: waitlist.on_appointment_rescheduled,
    HoldExpired: waitlist.on_hold_expired,
    OfferAccepted: visit_requests.on_offer_accepted,
    PatientArrived: queue.on_patient_arrived,
    PlacesAdded: waitlist.on_places_added,
    SessionCut: waitlist.on_session_cut,
    SessionOpened: waitlist.on_session_opened,
    SessionReleased: waitlist.on_places_opened,
    VisitCompleted: queue.on_visit_completed,
    WaitlistLapsed: visit_requests.on_waitlist_lapsed,
    WaitlistLeft: visit_requests.on_waitlist_left,
}
