"""What can be asked of admission requests: one function a use case. Load, decide, save, publish; the edge commits."""

from uuid import UUID

from services.registration.admissions import model, store
from services.registration.admissions.model import AdmissionRequest, Reason, RequestAdmission
from services.registration.examcatalogue import handlers as catalogues
from services.registration.examcatalogue.model import UNKNOWN_ITEM
from services.registration.patients import handlers as patients
from shared.decision import Refused
from shared.messages.beds.referrals import ReferralAccepted
from shared.work import Work

CONFLICTS = {
    Reason.REQUEST_EXISTS: "use a new request_id, or the request that is",
    Reason.ENCOUNTER_COVERED: "leave out the encounters that another admission request covers",
}


async def request_admission(command: RequestAdmission, work: Work) -> AdmissionRequest | Refused:
    """Write an admission request for a patient who lives."""
    patient = await patients.living_patient(command.patient_id, work)
    if isinstance(patient, Refused):
        return patient
    known = await catalogues.items_by_code(command.exams, work)
    if len(known) < len(set(command.exams)):
        return UNKNOWN_ITEM
    decision = model.request(command, patient, work.now)
    if isinstance(decision, Refused):
        return decision
    written, requested = decision
    if reason := await store.add(work, written):
        return Refused(reason=reason, remedy=CONFLICTS[reason])
    work.publish(requested)
    return written


async def on_referral_accepted(event: ReferralAccepted, work: Work) -> None:
    """Beds takes a partner's patient: the admission request is written under the referral's id, once.

    A patient who has died meanwhile needs none. Raises `Missing` for one who is not registered: the event is parked
    until the partner's gateway has said who it is.
    """
    await request_admission(model.of_referral(event), work)


async def admission_request(request_id: UUID, work: Work) -> AdmissionRequest:
    """One request; `Missing` when there is none."""
    return await store.admission_request(work, request_id)


async def admission_requests(after: UUID | None, limit: int, work: Work) -> list[AdmissionRequest]:
    """A page of requests by id."""
    return await store.admission_requests(work, after, limit)


async def summary(work: Work) -> tuple[dict[str, int], dict[str, int]]:
    """How many requests by source, and how many encounters they cover by class."""
    return await store.counts(work)
