"""What can be asked of the queue, and what it hears: one function a use case. The edge commits.

`on_…` of arrivals' events run in the transaction that says them: who has checked in is in the queue.
"""

from uuid import UUID

from services.registration.booking import handlers as booking
from services.registration.queue import model, store
from services.registration.queue.model import CallNext, Queue, Reason, Status, Ticket
from services.registration.queue.policy import POLICY
from services.registration.queue.store import Counts
from services.registration.schedules import handlers as schedules
from services.registration.schedules.model import Session
from shared.decision import Refused
from shared.messages.registration.arrivals import PatientArrived, VisitCompleted
from shared.messages.registration.booking import AppointmentMissed
from shared.messages.registration.queue import PatientCalled, PatientReturned, PatientSkipped
from shared.work import Work


async def call_next(command: CallNext, work: Work) -> Ticket | Refused:
    """Call whose turn it is. Two desks that call at once get two patients."""
    pools = await schedules.pools(command.session_id, work)
    calls = await store.keep(work, _sitting(pools[0]))
    chosen = model.choose(await store.tickets(work, pools), calls, command.desk)
    if isinstance(chosen, Refused):
        return chosen
    await store.count_call(work, _sitting(pools[0]))
    return await _keep(model.call(chosen, command.desk, work.now), work)


async def recall(appointment_id: UUID, work: Work) -> Ticket | Refused:
    """Call the patient again to the same desk."""
    called = await store.ticket(work, appointment_id)
    if called.status is not Status.CALLED or called.desk is None:
        return model.no(Reason.NOT_CALLED)
    return await _keep(model.call(called, called.desk, work.now), work)


async def skip(appointment_id: UUID, work: Work) -> Ticket | Refused:
    """Nobody came (过号): call the next, and this patient again after a few."""
    called = await store.ticket(work, appointment_id)
    calls = await store.keep(work, _sitting(await schedules.session(called.session_id, work)))
    return await _keep(model.skip(await store.ticket(work, appointment_id), calls, POLICY), work)


async def miss(appointment_id: UUID, work: Work) -> Ticket | Refused:
    """The patient was called and is not there: the appointment is missed, its place given back.

    Whoever skips them at the same time comes before, and they wait, or after, and finds them gone.
    """
    called = await store.ticket(work, appointment_id)
    await store.keep(work, _sitting(await schedules.session(called.session_id, work)))
    called = await store.ticket(work, appointment_id)
    if called.status is not Status.CALLED:
        return model.no(Reason.NOT_CALLED)
    missed = await booking.miss_appointment(appointment_id, work)
    if isinstance(missed, Refused):
        return missed
    await work.react()
    return await store.ticket(work, appointment_id)


async def come_back(appointment_id: UUID, work: Work) -> Ticket | Refused:
    """Back with results (回诊)."""
    pools = await schedules.pools((await store.ticket(work, appointment_id)).session_id, work)
    calls = await store.keep(work, _sitting(pools[0]))
    away = await store.ticket(work, appointment_id)
    return await _keep(model.come_back(away, await store.waiting(work, pools), calls, POLICY), work)


async def end_return(appointment_id: UUID, work: Work) -> Ticket | Refused:
    """The patient who came back with results has been seen again; a first visit ends with its completion."""
    called = await store.ticket(work, appointment_id)
    if called.status is not Status.CALLED:
        return model.no(Reason.NOT_CALLED)
    if not called.returning:
        return model.no(Reason.NOT_RETURNING)
    ended = model.end(called, work.now)
    await store.save(work, ended)
    return ended


async def queue(session_id: UUID, work: Work) -> Queue:
    """The queue of a session and the other pools of its sitting as it stands; `Missing` without the session."""
    pools = await schedules.pools(session_id, work)
    calls = await store.calls(work, _sitting(pools[0]))
    return model.queue_of(await store.tickets(work, pools), calls, pools, POLICY, work.now)


async def ticket(appointment_id: UUID, work: Work) -> tuple[Ticket, Queue]:
    """One ticket and the queue that it is in; `Missing` for who has not checked in."""
    mine = await store.ticket(work, appointment_id)
    return mine, await queue(mine.session_id, work)


async def summary(work: Work) -> Counts:
    """What has come of all check-ins."""
    return await store.counts(work, POLICY.target_wait)


async def on_patient_arrived(event: PatientArrived, work: Work) -> None:
    """Who has checked in gets a number and a turn."""
    arrived = await booking.appointment(event.appointment_id, work)
    session = await schedules.session(event.session_id, work)
    number = await store.draw_number(work, _sitting(session))
    await store.add(work, model.check_in(arrived, session, number, POLICY))


async def on_visit_completed(event: VisitCompleted, work: Work) -> None:
    """Who has been seen is out of the queue, called or not; who had come before there was a queue is in none."""
    mine = await store.find(work, event.appointment_id)
    if mine and mine.status in (Status.WAITING, Status.CALLED):
        await store.save(work, model.end(mine, work.now))


async def on_appointment_missed(event: AppointmentMissed, work: Work) -> None:
    """Who is not there any more is out of the queue; who never came was not in it."""
    mine = await store.find(work, event.appointment_id)
    if mine and mine.status in (Status.WAITING, Status.CALLED):
        await store.save(work, model.miss(mine))


async def _keep(
    decision: tuple[Ticket, PatientCalled | PatientSkipped | PatientReturned] | Refused, work: Work
) -> Ticket | Refused:
    if isinstance(decision, Refused):
        return decision
    changed, event = decision
    if reason := await store.save(work, changed):
        return model.no(reason)
    work.publish(event)
    return changed


def _sitting(session: Session) -> UUID:
    """Whose pool it is. A session that is older than pools is a sitting of its own."""
    return session.sitting_id or session.session_id
