"""What there is to be reminded of: a clinic's appointment, or the exams of an order, as visits.

Invariant: a visit says where, and what to prepare, in each language; never who comes or why.
"""

from collections.abc import Sequence
from uuid import UUID

from services.registration.booking import handlers as booking
from services.registration.booking.model import Appointment, Channel, Status
from services.registration.booking.model import CancelReason as AppointmentCancelReason
from services.registration.exams import visits as exam_visits
from services.registration.exams.model import CancelReason, ExamOrder
from services.registration.exams.model import Status as ExamOrderStatus
from services.registration.exams.visits import ExamVisit
from services.registration.reminders.message import Preparation
from services.registration.reminders.model import Notice, Visit
from services.registration.reminders.policy import shipped
from services.registration.schedules import handlers as schedules
from services.registration.schedules.model import Clinic
from shared.work import Work

CHOSEN_BY_THE_HOUSE = (Channel.FOLLOWUP, Channel.ALLIANCE)


async def visits(work: Work, *, appointment_id: UUID | None = None, order_id: UUID | None = None) -> list[Visit]:
    """The visits of this appointment or this order as they are now; an appointment that is off is one, exams are none.

    What was only held was no visit, and who has died is not told of any.
    """
    if appointment_id is not None:
        return await _of_appointment(appointment_id, work)
    if order_id is not None:
        return [for_exams(one) for one in await exam_visits.visits(order_id, work)]
    return []


def at_clinic(appointment: Appointment, clinic: Clinic, preparations: Sequence[Preparation]) -> Visit:
    """An appointment, booked or off, at its clinic; the first fitting of the preparations is told."""
    name = clinic.name_zh or clinic.name_en or clinic.clinic_id
    fitting = (one.words for one in preparations if one.is_for(appointment.visit_type, clinic.specialty))
    return Visit(
        appointment_id=appointment.appointment_id,
        patient_id=appointment.patient_id,
        starts_at=appointment.slot_starts_at,
        zone=clinic.zone,
        place={"zh": name, "en": clinic.name_en or name},
        preparation=next(fitting, {}),
        off=_off(appointment),
        unasked=appointment.channel in CHOSEN_BY_THE_HOUSE,
    )


def for_exams(visit: ExamVisit) -> Visit:
    """One coming for exams; what precedes an admission was booked by the house and not by the patient."""
    place = f"{visit.campus_id} {visit.room}"
    return Visit(
        order_id=visit.order_id,
        patient_id=visit.patient_id,
        starts_at=visit.starts_at,
        zone=visit.zone,
        place={"zh": place, "en": place},
        preparation={
            "zh": "".join(one.text_zh for one in visit.preparations),
            "en": " ".join(one.text_en for one in visit.preparations),
        },
        unasked=visit.before_admission,
    )


def exams_off(order: ExamOrder) -> Notice | None:
    """What is told of visits for exams that are off, by what has become of their order."""
    match order.status, order.reason:
        case ExamOrderStatus.CANCELLED, CancelReason.PATIENT:
            return Notice.CANCELLED
        case ExamOrderStatus.CANCELLED, CancelReason.HOSPITAL:
            return Notice.CALLED_OFF
        case ((ExamOrderStatus.CANCELLED | ExamOrderStatus.DONE), _):
            return None
        case _:
            return Notice.POSTPONED


def _off(appointment: Appointment) -> Notice | None:
    match appointment.status, appointment.cancel_reason:
        case Status.DISPLACED, _:
            return Notice.DISPLACED
        case Status.CANCELLED, AppointmentCancelReason.PATIENT:
            return Notice.CANCELLED
        case Status.CANCELLED, AppointmentCancelReason.HOSPITAL:
            return Notice.CALLED_OFF
        case _:
            return None


async def _of_appointment(appointment_id: UUID, work: Work) -> list[Visit]:
    appointment = await booking.appointment(appointment_id, work)
    if appointment.booked_at is None or (appointment.status is not Status.BOOKED and not _off(appointment)):
        return []
    _, texts = shipped()
    return [at_clinic(appointment, await schedules.clinic(appointment.clinic_id, work), texts.preparations)]
