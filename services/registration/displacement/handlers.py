"""What can be asked of displacement: look first, then cut or close in one step, then work the list off.

What is changed is locked first, and the slots after it, all in one go: those that are cut and those that orphans may go
to. Whoever books in between is seen, since the appointments are read again once nobody can book any more.
"""

from collections.abc import Sequence
from uuid import UUID

from services.registration.booking import handlers as booking
from services.registration.booking.model import Appointment, CancelAppointment, CancelReason, Status
from services.registration.displacement import model, store
from services.registration.displacement.model import Cut, CutOutcome, CutSession, Orphans, Plan, Rebooking, State
from services.registration.schedules import handlers as schedules
from services.registration.schedules.model import MOST_SLOTS, Access, FindSlots, Session, Slot, SlotKey
from shared.decision import Refused
from shared.messages.registration.booking import AppointmentCancelled, AppointmentRescheduled
from shared.work import Work


async def preview(cut: Cut, work: Work) -> Plan | Refused:
    """Who would lose the place; nothing is changed."""
    session = await schedules.session(cut.session_id, work)
    slots = await schedules.slots_of(cut.session_id, work)
    return model.plan(cut, session, slots, await booking.expected_in(cut.session_id, work), work.now)


async def cut_session(command: CutSession, work: Work) -> CutOutcome | Refused:
    """Cut or close a session, and give everybody who loses the place another one or an entry of the worklist."""
    session_id = command.cut.session_id
    session = await schedules.session(session_id, work)
    await booking.expected_for_change(session_id, work)
    elsewhere = [] if command.orphans is Orphans.NOTIFY else await _alternatives(session, work)
    await schedules.lock_slots(_keys([*await schedules.slots_of(session_id, work), *elsewhere]), work)
    offers = model.Offers(elsewhere)
    slots = await schedules.slots_of(session_id, work)
    expected = await booking.expected_for_change(session_id, work, at_once=True)
    plan = model.plan(command.cut, session, slots, expected, work.now)
    if isinstance(plan, Refused):
        return plan
    if not (plan.capacities or command.close):
        return model.NOTHING
    moved: list[Appointment] = []
    entries: list[Rebooking] = []
    holds: list[UUID] = []
    for orphan in plan.orphans:
        if orphan.status is Status.HELD:
            await booking.cancel_appointment(_given_up(orphan), work)
            holds.append(orphan.appointment_id)
            continue
        fitting = await _fitting(orphan, elsewhere, plan, work)
        if command.orphans is Orphans.MOVE and (there := await _move(orphan, fitting, work)):
            moved.append(there)
            continue
        offer = offers.next_of(fitting) if command.orphans is Orphans.OFFER else None
        await booking.displace_appointment(orphan, command.reason, offer, work)
        entries.append(model.rebooking(orphan, command.reason, offer, work.now))
        await store.put(work, entries[-1])
    changed = await schedules.cut(session, dict(plan.capacities), command.reason, close=command.close, work=work)
    return CutOutcome(session=changed, moved=tuple(moved), rebookings=tuple(entries), holds_given_up=tuple(holds))


async def rebookings(clinic_id: str | None, state: State | None, limit: int, work: Work) -> list[Rebooking]:
    """The worklist of those to be rebooked."""
    return await store.rebookings(work, clinic_id, state, limit)


async def on_settled(event: AppointmentRescheduled | AppointmentCancelled, work: Work) -> None:
    """Who has a place again, or wants none, leaves the worklist."""
    await store.settle(work, event.appointment_id)


async def _alternatives(session: Session, work: Work) -> list[Slot]:
    """Free public slots of the same clinic, kind, form of MDT and stop, from this session on, earliest first."""
    find = FindSlots(
        from_at=max(session.starts_at, work.now),
        clinic_id=session.clinic_id,
        kind=session.setting.kind,
        service_code=session.setting.service_code,
        mdt_form=session.setting.mdt_form,
        stop=session.setting.stop,
        access=Access.PUBLIC,
        limit=MOST_SLOTS,
    )
    return await schedules.free_slots(find, work)


async def _fitting(orphan: Appointment, slots: Sequence[Slot], plan: Plan, work: Work) -> list[Slot]:
    taken = await booking.sessions_of(orphan.patient_id, work) if slots else set()
    return [slot for slot in slots if model.fits(orphan, slot, taken, plan.capacities)]


async def _move(orphan: Appointment, slots: Sequence[Slot], work: Work) -> Appointment | None:
    """The appointment in the first of the slots that has a place left, or None."""
    for slot in slots:
        moved = await booking.move_appointment(orphan, slot, Access.PUBLIC, work)
        if isinstance(moved, Appointment):
            return moved
    return None


def _given_up(hold: Appointment) -> CancelAppointment:
    return CancelAppointment(appointment_id=hold.appointment_id, reason=CancelReason.HOSPITAL)


def _keys(slots: Sequence[Slot]) -> list[SlotKey]:
    return [SlotKey(session_id=slot.session_id, starts_at=slot.starts_at) for slot in slots]
