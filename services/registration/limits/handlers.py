"""What can be asked of limits. The edge commits."""

from datetime import datetime
from uuid import UUID

from services.registration.limits import model, store
from services.registration.limits.model import CoolingOff, Limits
from services.registration.patients import handlers as patients
from shared.work import Missing, Work


async def put_limits(new: Limits, work: Work) -> Limits:
    """From now on these limits bind whoever asks for a place; what is booked stays."""
    await store.keep(work, new)
    return new


async def limits(work: Work) -> Limits:
    """The limits in force; `Missing` where there are none."""
    found = await store.limits(work)
    if found is None:
        raise Missing("limits")
    return found


async def limits_in_force(work: Work) -> Limits | None:
    """The limits in force, if there are any."""
    return await store.limits(work)


async def note_missed(limits: Limits, patient_id: UUID, missed: int, work: Work) -> None:
    """The patient has missed a visit, the last of so many that count: begin the cooling-off where it is due."""
    cooling = model.cooling_off(limits, patient_id, missed, work.now)
    if cooling is not None:
        await store.cool_off(work, cooling)


async def cooling_off(patient_id: UUID, work: Work) -> CoolingOff:
    """Until when the patient does not book; `Missing` where nothing keeps them, or without the patient."""
    await patients.patient(patient_id, work)
    found = await store.cooling_off(work, patient_id)
    if found is None:
        raise Missing("cooling-off")
    return found


async def kept_until(patient_id: UUID, work: Work) -> datetime | None:
    """Until when the patient does not book; None where nothing keeps them."""
    found = await store.cooling_off(work, patient_id)
    return found.until if found else None


async def lift_cooling_off(patient_id: UUID, by: str, work: Work) -> None:
    """Let the patient book again, for a good reason; who did it is kept. `Missing` without the patient."""
    await patients.patient(patient_id, work)
    await store.lift(work, patient_id, by)
