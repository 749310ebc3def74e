"""What can be asked of schedules: clinics, sessions, slots and their places. The edge commits."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from services.registration.schedules import model, planning, store
from services.registration.schedules.model import (
    Access,
    Clinic,
    FindSlots,
    OpenedSessions,
    OpenSessions,
    PutClinic,
    ReleaseSessions,
    Session,
    Slot,
    SlotKey,
)
from shared.decision import Refused
from shared.work import Missing, Work


async def put_clinic(command: PutClinic, work: Work) -> Clinic | Refused:
    """Write a clinic with its weekly template; the same again changes nothing."""
    present = await store.clinic(work, command.clinic_id)
    clinic = model.put_clinic(command, present)
    if not isinstance(clinic, Refused) and clinic != present:
        await store.keep_clinic(work, clinic)
    return clinic


async def open_sessions(command: OpenSessions, work: Work) -> OpenedSessions | Refused:
    """Open a clinic's sessions for a range of days; those that are open stay as they are. `Missing` without a clinic.

    Whoever waits for a place in the clinic hears of it by `SessionOpened`.
    """
    planned = planning.plan_sessions(command, await clinic(command.clinic_id, work))
    if isinstance(planned, Refused):
        return planned
    new = await store.open_sessions(work, planned)
    for session, _ in planned:
        if session.session_id in new:
            work.publish(model.session_opened(session))
    sessions = await store.sessions(work, command.clinic_id, command.from_on, command.to_on)
    return OpenedSessions(opened=len(new), sessions=tuple(sessions))


async def release(command: ReleaseSessions, work: Work) -> list[Session]:
    """Let the public have what is free in sessions kept for others. Returns those that are public from now on.

    A session without a free place stays as it is. Whoever waits for a place in the clinic hears of it by
    `SessionReleased`.
    """
    released = await store.release_sessions(work, command)
    for session, access, places in released:
        work.publish(model.session_released(session, access, places))
    return [session for session, _, _ in released]


async def kept(access: Access, before: datetime, limit: int, work: Work) -> list[UUID]:
    """Sessions of that access with a free place that start before then, the earliest first."""
    return await store.kept(work, access, before, limit)


async def first_kept_at(access: Access, work: Work) -> datetime | None:
    """When the earliest session of that access with a free place starts."""
    return await store.first_kept_at(work, access)


async def clinic(clinic_id: str, work: Work) -> Clinic:
    """One clinic; `Missing` when there is none."""
    found = await store.clinic(work, clinic_id)
    if found is None:
        raise Missing("clinic", clinic_id)
    return found


async def clinics(campus_id: str | None, work: Work) -> list[Clinic]:
    """All clinics, or those of a campus."""
    return await store.clinics(work, campus_id)


async def sessions(clinic_id: str, from_on: date, to_on: date, work: Work) -> list[Session]:
    """A clinic's open sessions of those days, both included."""
    await clinic(clinic_id, work)
    return await store.sessions(work, clinic_id, from_on, to_on)


async def session(session_id: UUID, work: Work) -> Session:
    """One session; `Missing` when there is none."""
    return await store.session(work, session_id)


async def slot(key: SlotKey, work: Work) -> Slot:
    """One slot; `Missing` when there is none."""
    return await store.slot(work, key)


async def free_slots(find: FindSlots, work: Work) -> list[Slot]:
    """Slots with a free place, earliest first."""
    return await store.free_slots(work, find)


async def take_place(key: SlotKey, access: Access, work: Work) -> int | None:
    """Take one place of that access. Returns its ordinal in the slot, or None when none is free."""
    return await store.take_place(work, key, access)


async def release_places(keys: Sequence[SlotKey], work: Work) -> None:
    """Give back one place for each key, in the order that keeps two of these from waiting for each other."""
    if keys:
        await store.lock_slots(work, keys)
        await store.release_places(work, keys)


async def exchange_place(old: SlotKey, new: SlotKey, access: Access, work: Work) -> int | None:
    """Take a place in `new`, which is of that access, give back the one in `old`.

    Returns the new ordinal, or None (nothing done) when full.
    """
    await store.lock_slots(work, [old, new])
    ordinal = await store.take_place(work, new, access)
    if ordinal is not None:
        await store.release_places(work, [old])
    return ordinal
