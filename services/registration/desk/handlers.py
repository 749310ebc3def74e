"""What can be asked of the one-stop desk: one function a use case. The edge commits."""

from typing import Any
from uuid import UUID

from services.registration.desk import model, store
from services.registration.desk.catalogue import catalogue
from services.registration.desk.model import Kind, OpenTicket, Outcome, RejectReason, Ticket, Wanted, Worker
from services.registration.patients import handlers as patients
from shared.decision import Refused
from shared.messages.registration.desk import TicketClosed
from shared.work import Work

EXISTS = Refused(reason=model.Reason.TICKET_EXISTS, remedy="use a new ticket_id, or read the ticket that has this one")


def kinds() -> list[Kind]:
    """Every kind of service, in the catalogue's order."""
    return list(catalogue().kinds.values())


async def open_ticket(command: OpenTicket, work: Work) -> Ticket | Refused:
    """Open a ticket for a patient of the register, who need not be alive; `Missing` when there is none."""
    await patients.patient(command.patient_id, work)
    decision = model.open_ticket(command, catalogue(), work.now)
    if isinstance(decision, Refused):
        return decision
    ticket, opened = decision
    if await store.add(work, ticket):
        return EXISTS
    work.publish(opened)
    return ticket


async def take(ticket_id: UUID, worker: Worker, work: Work) -> Ticket | Refused:
    """Make a ticket the caller's."""
    ticket = await store.ticket(work, ticket_id, for_change=True)
    return await _keep(model.take(ticket, worker, work.now), work)


async def hand_over(ticket_id: UUID, worker: Worker, owner: str | None, work: Work) -> Ticket | Refused:
    """Make a ticket another's, or anybody's of its role."""
    ticket = await store.ticket(work, ticket_id, for_change=True)
    return await _keep(model.hand_over(ticket, worker, owner, work.now), work)


async def complete(
    ticket_id: UUID, worker: Worker, outcome: Outcome, answer: str | None, work: Work
) -> Ticket | Refused:
    """Close a ticket as done."""
    ticket = await store.ticket(work, ticket_id, for_change=True)
    return await _close(model.complete(ticket, worker, outcome, answer, work.now), work)


async def reject(
    ticket_id: UUID, worker: Worker, reason: RejectReason, answer: str | None, work: Work
) -> Ticket | Refused:
    """Close a ticket as not to be done, with the reason."""
    ticket = await store.ticket(work, ticket_id, for_change=True)
    return await _close(model.reject(ticket, worker, reason, answer, work.now), work)


async def withdraw(ticket_id: UUID, work: Work) -> Ticket | Refused:
    """Close a ticket that is no longer wanted."""
    return await _close(model.withdraw(await store.ticket(work, ticket_id, for_change=True), work.now), work)


async def ticket(ticket_id: UUID, work: Work) -> Ticket:
    """One ticket; `Missing` when there is none."""
    return await store.ticket(work, ticket_id)


async def tickets(wanted: Wanted, work: Work) -> list[Ticket]:
    """A page of tickets, the earliest due first."""
    return await store.tickets(work, wanted)


async def summary(work: Work) -> list[dict[str, Any]]:
    """How many tickets there are by kind, and how they fared."""
    return await store.counts(work)


async def _keep(decision: Ticket | Refused, work: Work) -> Ticket | Refused:
    if not isinstance(decision, Refused):
        await store.save(work, decision)
    return decision


async def _close(decision: tuple[Ticket, TicketClosed] | Refused, work: Work) -> Ticket | Refused:
    if isinstance(decision, Refused):
        return decision
    ticket, closed = decision
    await store.save(work, ticket)
    work.publish(closed)
    return ticket
