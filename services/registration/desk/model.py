"""The rules of a ticket at the one-stop desk.

open → taken → completed or rejected; what is not closed can be handed over or withdrawn. A ticket is somebody's from
the moment it is taken, and only they close it; who has its role may hand it on, so that nobody's absence stops it.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.registration.desk.worktime import Calendar
from shared.decision import Refused
from shared.messages.registration.desk import TicketClosed, TicketOpened


class State(StrEnum):
    """The words of the state diagram and of the CHECK constraint."""

    OPEN = "open"
    TAKEN = "taken"
    COMPLETED = "completed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


UNFINISHED = (State.OPEN, State.TAKEN)
OPENED, CLOSED = 1, 2
"""The versions of a ticket's two events."""


class Outcome(StrEnum):
    """What came of a ticket that was completed."""

    ISSUED = "issued"
    REGISTERED = "registered"
    STAMPED = "stamped"
    PAID_BACK = "paid-back"
    CORRECTED = "corrected"
    LENT = "lent"
    ARRANGED = "arranged"
    ADVISED = "advised"


class RejectReason(StrEnum):
    """Why a ticket was not carried out."""

    DOCUMENTS_MISSING = "documents-missing"
    NOT_ENTITLED = "not-entitled"
    IDENTITY_UNPROVEN = "identity-unproven"
    NOT_OURS = "not-ours"
    DUPLICATE = "duplicate"


class Reason(StrEnum):
    """Why a command was refused."""

    TICKET_EXISTS = "ticket-exists"
    KIND_UNKNOWN = "kind-unknown"
    ROLE_NOT_RESPONSIBLE = "role-not-responsible"
    TICKET_TAKEN = "ticket-taken"
    TICKET_CLOSED = "ticket-closed"
    NOT_OWNER = "not-owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of service. Due after `work` of working time, else at the end of the `days`-th working day after."""

    code: str
    name_zh: str
    name_en: str
    role: str
    work: timedelta | None
    days: int | None

    def due_at(self, opened_at: datetime, calendar: Calendar) -> datetime:
        """When a ticket of this kind is to be done."""
        if self.work is not None:
            return calendar.after(opened_at, self.work)
        return calendar.end_of_day(opened_at, self.days or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Every kind of service by its code, and the calendar that their times are counted on."""

    version: str
    calendar: Calendar
    kinds: dict[str, Kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTicket:
    """A patient, or somebody for them, asks for a service. `note` stays at the desk."""

    ticket_id: UUID
    patient_id: UUID
    kind: str
    note: str | None
    opened_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Who works on a ticket: the token's subject, an account and no name, and its roles."""

    subject: str
    roles: AbstractSet[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A request at the desk. `note` and `answer` are free text, and leave the table only to those who may see it."""

    ticket_id: UUID
    patient_id: UUID
    kind: str
    catalogue_version: str
    role: str
    state: State
    owner: str | None
    note: str | None
    answer: str | None
    outcome: Outcome | None
    reject_reason: RejectReason | None
    opened_by: str
    opened_at: datetime
    due_at: datetime
    taken_at: datetime | None
    closed_at: datetime | None

    def is_overdue(self, now: datetime) -> bool:
        """Whether it should have been done by now."""
        return self.state in UNFINISHED and self.due_at <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which tickets to list; `after` is the last id of the page before."""

    state: State | None = None
    role: str | None = None
    kind: str | None = None
    owner: str | None = None
    patient_id: UUID | None = None
    overdue: bool = False
    after: UUID | None = None
    limit: int


def open_ticket(command: OpenTicket, catalogue: Catalogue, now: datetime) -> tuple[Ticket, TicketOpened] | Refused:
    """A new ticket with its due time."""
    kind = catalogue.kinds.get(command.kind)
    if kind is None:
        return Refused(reason=Reason.KIND_UNKNOWN, remedy="give a kind that GET /desk/kinds lists")
    ticket = Ticket(
        ticket_id=command.ticket_id,
        patient_id=command.patient_id,
        kind=kind.code,
        catalogue_version=catalogue.version,
        role=kind.role,
        state=State.OPEN,
        owner=None,
        note=command.note,
        answer=None,
        outcome=None,
        reject_reason=None,
        opened_by=command.opened_by,
        opened_at=now,
        due_at=kind.due_at(now, catalogue.calendar),
        taken_at=None,
        closed_at=None,
    )
    return ticket, TicketOpened(
        ticket_id=ticket.ticket_id,
        patient_id=ticket.patient_id,
        kind=ticket.kind,
        due_at=ticket.due_at,
        aggregate_version=OPENED,
    )


def take(ticket: Ticket, worker: Worker, now: datetime) -> Ticket | Refused:
    """It is this worker's from now on; what is theirs already stays as it is."""
    if refusal := _refuse(ticket, worker):
        return refusal
    if ticket.owner not in {None, worker.subject}:
        return Refused(reason=Reason.TICKET_TAKEN, remedy="leave it to its owner, or hand it over first")
    return replace(ticket, state=State.TAKEN, owner=worker.subject, taken_at=ticket.taken_at or now)


def hand_over(ticket: Ticket, worker: Worker, owner: str | None, now: datetime) -> Ticket | Refused:
    """It is `owner`'s from now on, or anybody's of its role where there is none."""
    if refusal := _refuse(ticket, worker):
        return refusal
    if owner is None:
        return replace(ticket, state=State.OPEN, owner=None, taken_at=None)
    return replace(ticket, state=State.TAKEN, owner=owner, taken_at=now)


def complete(
    ticket: Ticket, worker: Worker, outcome: Outcome, answer: str | None, now: datetime
) -> tuple[Ticket, TicketClosed] | Refused:
    """It is done."""
    if refusal := _refuse(ticket, worker) or _not_owner(ticket, worker):
        return refusal
    return _closed(replace(ticket, state=State.COMPLETED, outcome=outcome, answer=answer, closed_at=now), outcome)


def reject(
    ticket: Ticket, worker: Worker, reason: RejectReason, answer: str | None, now: datetime
) -> tuple[Ticket, TicketClosed] | Refused:
    """It will not be done, and the patient is told why."""
    if refusal := _refuse(ticket, worker) or _not_owner(ticket, worker):
        return refusal
    return _closed(replace(ticket, state=State.REJECTED, reject_reason=reason, answer=answer, closed_at=now), reason)


def withdraw(ticket: Ticket, now: datetime) -> tuple[Ticket, TicketClosed] | Refused:
    """The patient no longer wants it."""
    if refusal := _closed_already(ticket):
        return refusal
    return _closed(replace(ticket, state=State.WITHDRAWN, closed_at=now), None)


def _refuse(ticket: Ticket, worker: Worker) -> Refused | None:
    if refusal := _closed_already(ticket):
        return refusal
    if ticket.role not in worker.roles:
        return Refused(reason=Reason.ROLE_NOT_RESPONSIBLE, remedy=f"leave it to somebody of the role {ticket.role}")
    return None


def _closed_already(ticket: Ticket) -> Refused | None:
    if ticket.state in UNFINISHED:
        return None
    return Refused(reason=Reason.TICKET_CLOSED, remedy=f"the ticket is {ticket.state}: open a new one")


def _not_owner(ticket: Ticket, worker: Worker) -> Refused | None:
    if ticket.owner == worker.subject:
        return None
    return Refused(reason=Reason.NOT_OWNER, remedy="take the ticket first, or have it handed over to you")


def _closed(ticket: Ticket, why: str | None) -> tuple[Ticket, TicketClosed]:
    return ticket, TicketClosed(
        ticket_id=ticket.ticket_id,
        patient_id=ticket.patient_id,
        kind=ticket.kind,
        state=ticket.state,
        reason=why,
        aggregate_version=CLOSED,
    )
