"""What can be asked of consents. The edge commits; whether one is good is asked by the statement that takes places."""

from uuid import UUID

from services.registration.consents import model, store
from services.registration.consents.model import Consent, GiveConsent
from services.registration.patients import handlers as patients
from shared.decision import Refused
from shared.work import Work


async def give_consent(command: GiveConsent, work: Work) -> Consent | Refused:
    """Record that the patient lets somebody else book. `Missing` unless both are in the register."""
    patient = await patients.living_patient(command.patient_id, work)
    if isinstance(patient, Refused):
        return patient
    await patients.patient(command.proxy_id, work)
    consent = model.give(command, work.now)
    if isinstance(consent, Refused):
        return consent
    reason = await store.add(work, consent)
    return model.no(reason) if reason else consent


async def withdraw_consent(consent_id: UUID, work: Work) -> Consent | Refused:
    """The proxy books no more; what is booked stays."""
    withdrawn = model.withdraw(await store.consent_for_change(work, consent_id), work.now)
    if not isinstance(withdrawn, Refused):
        await store.withdraw(work, withdrawn)
    return withdrawn


async def consents(patient_id: UUID, work: Work) -> list[Consent]:
    """All that the patient has ever given, the latest first. `Missing` without the patient."""
    await patients.patient(patient_id, work)
    return await store.consents(work, patient_id)
