"""What can be asked of the register: one function a use case. Load, decide, save, publish; the edge commits."""

from uuid import UUID

from services.registration.patients import model, store
from services.registration.patients.model import (
    DECEASED,
    ChooseContact,
    Contact,
    Patient,
    Reason,
    RecordDeath,
    RegisterPatient,
)
from shared.decision import Refused
from shared.work import Missing, Work

CONFLICTS = {
    store.ONE_PATIENT_AN_ID: Refused(reason=Reason.PATIENT_EXISTS, remedy="use a new patient_id, or the one that is"),
}


async def register_patient(command: RegisterPatient, work: Work) -> Patient | Refused:
    """Take a person into the register."""
    decision = model.register(command, work.now)
    if isinstance(decision, Refused):
        return decision
    patient, registered = decision
    if constraint := await store.add(work, patient):
        return CONFLICTS[constraint]
    work.publish(registered)
    return patient


async def record_death(command: RecordDeath, work: Work) -> Patient | Refused:
    """Note a death. What was booked is cancelled by whoever hears of it."""
    decision = model.record_death(await store.patient(work, command.patient_id), command.deceased_at, work.now)
    if isinstance(decision, Refused):
        return decision
    patient, deceased = decision
    await store.save(work, patient)
    work.publish(deceased)
    return patient


async def choose_contact(command: ChooseContact, work: Work) -> Contact:
    """Keep where a patient wants to be written to; `Missing` when there is no such patient."""
    await store.patient(work, command.patient_id)
    contact, chosen = model.choose_contact(command, await store.contact(work, command.patient_id), work.now)
    await store.keep_contact(work, contact)
    work.publish(chosen)
    return contact


async def chosen_contact(patient_id: UUID, work: Work) -> Contact:
    """What a patient chose; `Missing` where they never did."""
    found = await store.contact(work, patient_id)
    if found is None:
        raise Missing("contact", patient_id)
    return found


async def contact(patient_id: UUID, work: Work) -> Contact | None:
    """Where the patient wants to be written to; None where they do not, or have died."""
    found = await store.contact(work, patient_id)
    if found is None or found.channel is None or (await store.patient(work, patient_id)).deceased_at:
        return None
    return found


async def patient(patient_id: UUID, work: Work) -> Patient:
    """One patient; `Missing` when there is none."""
    return await store.patient(work, patient_id)


async def summary(work: Work) -> tuple[int, int]:
    """How many patients there are, and how many of them have died."""
    return await store.counts(work)


async def living_patient(patient_id: UUID, work: Work) -> Patient | Refused:
    """The patient, who cannot be recorded as deceased until this work is done; `Missing` when there is none."""
    found = await store.patient_in_share(work, patient_id)
    return DECEASED if found.deceased_at else found
