"""What can be asked of schedules: clinics, sessions, slots and their places. The edge commits."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.registration.calendars import handlers as calendars
from services.registration.schedules import lines, planning, session_store, slot_store, spans, store, telling
from services.registration.schedules.model import (
    Access,
    AddPlaces,
    Clinic,
    CutReason,
    FindSlots,
    OpenedSessions,
    OpenSessions,
    PutClinic,
    PutDay,
    Reason,
    ReleaseSessions,
    Session,
    Slot,
    SlotKey,
    SubstituteClinician,
)
from shared.decision import Refused
from shared.work import Missing, Work


async def put_clinic(command: PutClinic, work: Work) -> Clinic | Refused:
    """Write a clinic with its weekly template; the same again changes nothing. `Missing` without its calendar."""
    if command.calendar_id is not None:
        await calendars.calendar(command.calendar_id, work)
    present = await store.clinic(work, command.clinic_id)
    clinic = lines.put_clinic(command, present)
    if isinstance(clinic, Refused):
        return clinic
    if not await store.knows_zone(work, clinic.zone):
        return lines.zone_unknown()
    if clinic != present:
        await store.keep_clinic(work, clinic)
    return clinic


async def put_day(command: PutDay, work: Work) -> PutDay | Refused:
    """On that day the clinic does something else than its week says; what is open stays. `Missing` without a clinic."""
    found = await clinic(command.clinic_id, work)
    if refusal := lines.day_fault(command, _today(found, work)):
        return refusal
    await store.keep_day(work, command)
    return command


async def drop_day(clinic_id: str, on: date, work: Work) -> None:
    """On that day the clinic keeps its week again. `Missing` without a clinic."""
    await clinic(clinic_id, work)
    await store.drop_day(work, clinic_id, on)


async def open_sessions(command: OpenSessions, work: Work) -> OpenedSessions | Refused:
    """Open a clinic's sessions for a range of days; those that are open stay as they are. `Missing` without a clinic.

    Refused as a whole when somebody, a room, a vehicle or the clinic itself is in another sitting at the time. Whoever
    waits for a place in the clinic hears of it by `SessionOpened`, at once; whoever begins to wait meanwhile does so
    before or after. The clinic is kept from others meanwhile.
    """
    found = await clinic_alone(command.clinic_id, work)
    if refusal := planning.days_fault(command, _today(found, work)):
        return refusal
    calendar = None if found.calendar_id is None else await calendars.calendar(found.calendar_id, work)
    exceptions = await store.days(work, command.clinic_id, command.from_on, command.to_on)
    planned = planning.plan_sessions(command, found, calendar, exceptions)
    new = await session_store.open_sessions(work, planned)
    if isinstance(new, Reason):
        return lines.busy(new)
    opened = [session for session in planned if session.session_id in new]
    present = await session_store.sessions(work, command.clinic_id, command.from_on, command.to_on, but=new)
    if refusal := planning.overlap(opened, present):
        return refusal
    for session in opened:
        work.publish(telling.session_opened(session))
    in_order = sorted([*opened, *present], key=lambda session: (session.starts_at, session.session_id))
    beyond = planning.beyond(command, calendar)
    return OpenedSessions(opened=len(new), days_beyond_calendar=beyond, sessions=tuple(in_order))


async def release(command: ReleaseSessions, work: Work) -> list[Session]:
    """Let the public have what is free in sessions kept for others. Returns those that are public from now on.

    So is a place that is given back later. Whoever waits for a place in the clinic hears of it by `SessionReleased`, at
    once; whoever begins to wait, or gives a place back meanwhile, does so before or after. Raises `Stale` when somebody
    else was quicker.
    """
    kept = await session_store.kept(work, command)
    for clinic_id in sorted({session.clinic_id for session, _ in kept}):
        await clinic_alone(clinic_id, work)
    await slot_store.lock_sessions(work, [session.session_id for session, _ in kept])
    released = []
    for session, free in kept:
        public = replace(session, access=Access.PUBLIC, version=session.version + 1)
        await session_store.keep(work, public)
        work.publish(telling.session_released(public, session.access, free))
        released.append(public)
    return released


async def release_named(command: ReleaseSessions, work: Work) -> list[Session]:
    """The same for whoever asks. `Missing` when one of the sessions that are named does not exist."""
    for session_id in await session_store.unknown(work, command.session_ids or ()):
        raise Missing("session", session_id)
    return await release(command, work)


async def release_due(work: Work, limit: int) -> int:
    """Let the public have what is free in sessions kept for others until now, at most `limit`. Returns how many."""
    due = await session_store.due(work, limit)
    return len(await release(ReleaseSessions(session_ids=tuple(due)), work)) if due else 0


async def next_release_at(work: Work) -> datetime | None:
    """When the public may have the next of the sessions kept for others."""
    return await session_store.next_due_at(work)


async def add_places(command: AddPlaces, work: Work) -> Session | Refused:
    """Give slots of an open session more places. Who waits for one of its access hears of it by `PlacesAdded`."""
    await clinic_alone((await session(command.session_id, work)).clinic_id, work)
    await slot_store.lock_sessions(work, [command.session_id])
    present = await session(command.session_id, work)
    capacities = spans.more_places(command, present, await slots_of(command.session_id, work), work.now)
    if isinstance(capacities, Refused):
        return capacities
    changed = await _resized(present, capacities, work)
    work.publish(telling.places_added(changed, changed.places - present.places))
    return changed


async def substitute_clinician(command: SubstituteClinician, work: Work) -> Session | Refused:
    """Let another clinician sit in the session, and in every pool of its sitting; the bookings stay as they are."""
    present = await session(command.session_id, work)
    if refusal := lines.may_substitute(present, command, work.now):
        return refusal
    if reason := await session_store.substitute(work, present, command):
        return lines.busy(reason)
    for pool in await session_store.pools(work, present):
        changed = replace(pool, version=pool.version + 1)
        await session_store.keep(work, changed)
        work.publish(telling.substituted(changed, command))
    return await session(command.session_id, work)


async def cut(
    session: Session, capacities: dict[datetime, int], reason: CutReason, *, close: bool, work: Work
) -> Session:
    """Give slots of the session, which are locked, that many places each, close it if wished, and say so."""
    changed = await _resized(replace(session, closed_at=work.now if close else None), capacities, work)
    if close and session.sitting_id is not None:
        await session_store.disengage(work, session.sitting_id)
    work.publish(telling.session_cut(changed, reason))
    return changed


async def kept(access: Access, before: datetime, limit: int, work: Work) -> list[UUID]:
    """Sessions of that access with a free place that start before then, the earliest first."""
    return await session_store.unused(work, access, before, limit)


async def first_kept_at(access: Access, work: Work) -> datetime | None:
    """When the earliest session of that access with a free place starts."""
    return await session_store.first_unused_at(work, access)


async def clinic(clinic_id: str, work: Work) -> Clinic:
    """One clinic; `Missing` when there is none."""
    found = await store.clinic(work, clinic_id)
    if found is None:
        raise Missing("clinic", clinic_id)
    return found


async def clinics(campus_id: str | None, work: Work) -> list[Clinic]:
    """All clinics, or those of a campus."""
    return await store.clinics(work, campus_id)


async def days(clinic_id: str, from_on: date, to_on: date, work: Work) -> list[PutDay]:
    """Those of the days on which a clinic does not keep its week, in order. `Missing` without a clinic."""
    await clinic(clinic_id, work)
    found = await store.days(work, clinic_id, from_on, to_on)
    return [PutDay(clinic_id=clinic_id, on=on, lines=tuple(kept)) for on, kept in found.items()]


async def sessions(clinic_id: str, from_on: date, to_on: date, work: Work) -> list[Session]:
    """A clinic's sessions of those days, both included."""
    await clinic(clinic_id, work)
    return await session_store.sessions(work, clinic_id, from_on, to_on)


async def session(session_id: UUID, work: Work) -> Session:
    """One session; `Missing` when there is none."""
    return await session_store.session(work, session_id)


async def pools(session_id: UUID, work: Work) -> list[Session]:
    """All sessions of its sitting, itself among them; `Missing` when there is none of that id."""
    found = await session_store.session(work, session_id)
    return [found] if found.sitting_id is None else await session_store.pools(work, found)


async def slot(key: SlotKey, work: Work) -> Slot:
    """One slot; `Missing` when there is none."""
    return await slot_store.slot(work, key)


async def slots_of(session_id: UUID, work: Work) -> list[Slot]:
    """The slots of a session, in order."""
    return await slot_store.slots_of(work, session_id)


async def lock_slots(keys: Sequence[SlotKey], work: Work) -> None:
    """Make others wait who want a place in these slots or give one back, until this work is done."""
    await slot_store.lock_slots(work, keys)


async def free_slots(find: FindSlots, work: Work) -> list[Slot]:
    """Slots with a free place, earliest first."""
    return await slot_store.free_slots(work, find)


async def public_slots(find: FindSlots, work: Work) -> list[Slot]:
    """Slots with a free place that can be asked for now, earliest first; of the next 24 hours unless days are given."""
    from_at = max(find.from_at or work.now, work.now)
    to_at = find.to_at or (None if find.on or find.session_id else from_at + timedelta(days=1))
    public_at = work.now if find.access is Access.PUBLIC else None
    return await slot_store.free_slots(work, replace(find, from_at=from_at, to_at=to_at, public_at=public_at))


async def slots_in_share(find: FindSlots, work: Work) -> list[Slot]:
    """Those slots, full ones too: until this work is done nobody takes a place in them or gives one back."""
    return await slot_store.slots_in_share(work, find)


async def clinic_in_share(clinic_id: str, work: Work) -> Clinic:
    """One clinic; `Missing` when there is none. `clinic_alone` waits until this work is done."""
    return await store.locked_clinic(work, clinic_id, alone=False)


async def clinic_alone(clinic_id: str, work: Work) -> Clinic:
    """One clinic, when all are done who have it in share; `Missing` when there is none."""
    return await store.locked_clinic(work, clinic_id, alone=True)


async def take_place(key: SlotKey, access: Access, work: Work) -> int | None:
    """Take one place of that access. Returns its ordinal in the slot, or None when none is free."""
    return await slot_store.take_place(work, key, access)


async def release_places(keys: Sequence[SlotKey], work: Work) -> None:
    """Give back one place for each key, in the order that keeps two of these from waiting for each other."""
    if keys:
        await slot_store.lock_slots(work, keys)
        await slot_store.release_places(work, keys)


async def exchange_place(old: Sequence[SlotKey], new: SlotKey, access: Access, work: Work) -> int | None:
    """Take a place in `new`, which is of that access, and give back those in `old`.

    Returns the new ordinal, or None (nothing done) when full.
    """
    await slot_store.lock_slots(work, [*old, new])
    ordinal = await slot_store.take_place(work, new, access)
    if ordinal is not None and old:
        await slot_store.release_places(work, old)
    return ordinal


def _today(clinic: Clinic, work: Work) -> date:
    """The day on the clinic's calendar."""
    return work.now.astimezone(ZoneInfo(clinic.zone)).date()


async def _resized(session: Session, capacities: dict[datetime, int], work: Work) -> Session:
    """The next version of a session of which these slots, which are locked, have that many places."""
    await slot_store.resize(work, session.session_id, capacities)
    slots = await slot_store.slots_of(work, session.session_id)
    changed = replace(session, places=sum(one.capacity for one in slots), version=session.version + 1)
    await session_store.keep(work, changed)
    return changed
