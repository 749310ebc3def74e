"""What can be asked of arrival passes, and what happens to them with their appointments. The edge commits."""

from datetime import date
from uuid import UUID

from services.registration.booking import handlers as booking
from services.registration.booking.model import Appointment
from services.registration.passes import model, store
from services.registration.passes.model import ArrivalPass, Lot, Place, Reason, ReleaseReason, State, Wanted, no
from services.registration.schedules import handlers as schedules
from shared.decision import Refused
from shared.messages.registration.booking import AppointmentCancelled, AppointmentRescheduled
from shared.work import Work


async def reserve(appointment_id: UUID, plate: str, work: Work) -> ArrivalPass | Refused:
    """Reserve a parking place for a booked appointment."""
    appointment = await booking.appointment_for_change(appointment_id, work)
    if refusal := model.may_reserve(appointment, await store.find(work, appointment_id), work.now):
        return refusal
    try:
        reserved = await store.reserve(
            work, appointment_id, appointment.patient_id, await _place(appointment, work), plate
        )
    except store.PlateHasPass:
        return no(Reason.CAR_EXPECTED)
    return await store.pass_of(work, appointment_id) if reserved else no(Reason.PARKING_FULL)


async def give_back(appointment_id: UUID, work: Work) -> ArrivalPass | Refused:
    """Give a reserved place back; `Missing` when there is no pass."""
    if (await store.pass_of(work, appointment_id)).state is not State.RESERVED:
        return no(Reason.NOT_RESERVED)
    await store.release(work, appointment_id, ReleaseReason.PATIENT)
    return await store.pass_of(work, appointment_id)


async def enter(campus_id: str, plate: str, work: Work) -> ArrivalPass | Refused:
    """A car stands at the gate: let it in if its pass is good now."""
    return await store.enter(work, campus_id, plate) or no(Reason.NOT_EXPECTED)


async def on_appointment(event: AppointmentCancelled | AppointmentRescheduled, work: Work) -> None:
    """Bring a reserved pass in line with what its appointment is now."""
    present = await store.find(work, event.appointment_id)
    if present is None or present.state is not State.RESERVED:
        return
    appointment = await booking.appointment(event.appointment_id, work)
    if model.is_over(appointment):
        await store.release(work, event.appointment_id, ReleaseReason.APPOINTMENT_OVER)
        return
    await _move(present, await _place(appointment, work), work)


async def set_capacity(campus_id: str, day: date, capacity: int, work: Work) -> Lot | Refused:
    """Say how many places a campus has on a day."""
    return await store.set_capacity(work, campus_id, day, capacity) or no(Reason.CAPACITY_BELOW_RESERVED)


async def lot(campus_id: str, day: date, work: Work) -> Lot:
    """A campus's places on a day."""
    return await store.lot(work, campus_id, day)


async def pass_of(appointment_id: UUID, work: Work) -> ArrivalPass:
    """An appointment's pass; `Missing` when it never had one."""
    return await store.pass_of(work, appointment_id)


async def passes(wanted: Wanted, work: Work) -> list[ArrivalPass]:
    """A page of passes by appointment."""
    return await store.passes(work, wanted)


async def _move(present: ArrivalPass, place: Place, work: Work) -> None:
    """To another day a pass goes while places last there; where none is left it is lost, and says so."""
    if (place.campus_id, place.day) == (present.campus_id, present.day):
        await store.set_times(work, present.appointment_id, place)
        return
    await store.lock_days(work, [(present.campus_id, present.day), (place.campus_id, place.day)])
    await store.release(work, present.appointment_id, ReleaseReason.NEW_DAY_FULL)
    try:
        await store.reserve(work, present.appointment_id, present.patient_id, place, present.plate or "")
    except store.PlateHasPass:
        return


async def _place(appointment: Appointment, work: Work) -> Place:
    clinic = await schedules.clinic(appointment.clinic_id, work)
    return model.place_of(appointment, clinic.campus_id, clinic.zone)
