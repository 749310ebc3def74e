"""What can be asked of the devices' calendars: what is on them, closed, open again. The edge commits."""

from datetime import datetime

from services.registration.examcatalogue import handlers as catalogues
from services.registration.examcatalogue.model import ExamDevice
from services.registration.exams import model, store
from services.registration.exams.model import Closure, DeviceUse, Reason
from shared.decision import Refused
from shared.work import Missing, Work


async def uses(device_id: str, from_at: datetime, to_at: datetime, work: Work) -> list[DeviceUse]:
    """What is on a device's calendar from one instant to another, exams and closures; `Missing` without the device."""
    return await store.uses(work, await _device(device_id, work), from_at, to_at)


async def close(closure: Closure, work: Work) -> Closure | Refused:
    """Take a device out of its calendar for a time in which nothing is booked on it."""
    if closure.from_at >= closure.to_at:
        return model.no(Reason.WINDOW_BACKWARDS)
    device = await _device(closure.device_id, work)
    await store.one_at_a_time(work)
    kept = await store.close(work, closure, device)
    return closure if kept else model.no(Reason.DEVICE_IN_USE)


async def reopen(time: Closure, work: Work) -> Closure | Refused:
    """The device is in use again for a time; what lies before and after it stays closed."""
    if time.from_at >= time.to_at:
        return model.no(Reason.WINDOW_BACKWARDS)
    device = await _device(time.device_id, work)
    await store.one_at_a_time(work)
    return time if await store.reopen(work, time, device) else model.no(Reason.NOT_CLOSED)


async def _device(device_id: str, work: Work) -> ExamDevice:
    device = (await catalogues.devices_by_id([device_id], work)).get(device_id)
    if device is None:
        raise Missing("exam-device", device_id)
    return device
