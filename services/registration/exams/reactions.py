"""What exam orders do by themselves: exams before admission (BED-7) follow the bed, and death ends all.

Invariant: an admission request has at most one exam order, under its own id, in whatever order and however often it and
its bed are heard of. Nobody is asked here, so an exam is done unless somebody has let a recognised result stand for it.
"""

from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.registration.admissions import handlers as admissions
from services.registration.admissions.model import AdmissionRequest
from services.registration.examcatalogue import handlers as catalogues
from services.registration.examcatalogue.model import day_starts
from services.registration.exams import model, placing, plans, store
from services.registration.exams.model import CancelReason, ExamOrder, OrderExams, Status
from services.registration.patients import handlers as patients
from shared.decision import Refused
from shared.messages.beds.stays import BedReserved, ReservationCancelled, ReservationExpired
from shared.messages.registration.admissions import AdmissionRequested
from shared.messages.registration.patients import PatientDeceased
from shared.work import Missing, Work


async def on_admission_requested(event: AdmissionRequested, work: Work) -> None:
    """Order what the request asks for, so that a clinician can decide about recognised results before a bed is free."""
    await _order_of(event.request_id, work)


async def on_bed_reserved(event: BedReserved, work: Work) -> None:
    """Book the exams of the admission, done by the end of the admission day; what has no place is a person's task.

    Places that somebody holds meanwhile are booked or bettered, places that are booked for later are brought forward;
    where that cannot be they stay, for late is better than never.
    """
    order = await _order_of(event.stay_id, work)
    if order is None or not order.to_do or not (order.open or order.placed):
        return
    patient = await patients.living_patient(order.patient_id, work)
    if isinstance(patient, Refused):
        return
    zone = ZoneInfo(await catalogues.zone(work))
    ends = day_starts(zone.key, event.held_until.astimezone(zone).date() + timedelta(days=1))
    if order.status is Status.BOOKED and order.exams[-1].ends_at <= ends:
        return
    due = model.until(order, ends)
    found = await placing.find_places(due, work, hold=False)
    if isinstance(found, Refused) and due.status is not Status.BOOKED:
        after, said = plans.unplanned(due, found.reason.value)
        await placing.keep(due, after, said, work)


async def on_reservation_expired(event: ReservationExpired | ReservationCancelled, work: Work) -> None:
    """Give the devices back; the exams are booked again with the next bed."""
    order = await store.order_or_none(work, event.stay_id)
    if order is not None:
        await _give_back(order, CancelReason.BED_GIVEN_BACK, work)


async def on_patient_deceased(event: PatientDeceased, work: Work) -> None:
    """Cancel what is not done."""
    for order in await store.unfinished_of(work, event.patient_id):
        await _give_back(order, CancelReason.DECEASED, work)


async def _order_of(request_id: UUID, work: Work) -> ExamOrder | None:
    """The exam order of an admission request, written now unless it is there; None where it asks for no exams."""
    order = await store.order_or_none(work, request_id)
    if order is not None:
        return order
    try:
        request = await admissions.admission_request(request_id, work)
    except Missing:
        return None
    if not request.exams:
        return None
    new = model.order(_command(request), work.now)
    if isinstance(new, Refused):
        return None
    await store.add(work, new)
    return await store.order_or_none(work, request_id)


async def _give_back(order: ExamOrder, reason: CancelReason, work: Work) -> None:
    decision = plans.cancel(order, reason)
    if not isinstance(decision, Refused):
        after, said = decision
        await placing.keep(order, after, said, work)


def _command(request: AdmissionRequest) -> OrderExams:
    return OrderExams(
        order_id=request.request_id,
        patient_id=request.patient_id,
        item_codes=request.exams,
        campus_ids=tuple(dict.fromkeys((request.need.campus_id, *request.need.reachable_campuses))),
        before_admission=True,
    )
