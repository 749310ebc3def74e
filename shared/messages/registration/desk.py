"""Requests at the one-stop desk, from asking to the answer. What was written about them stays at the desk."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketOpened:
    """A patient asks the one-stop desk for a service, which is to be done by `due_at`. `kind` is a code."""

    type: ClassVar = "registration.ticket-opened.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("ticket", "ticket_id")

    ticket_id: UUID
    patient_id: UUID
    kind: str
    due_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketClosed:
    """The service was carried out or not: `state` is completed, rejected or withdrawn, `reason` the code behind it."""

    type: ClassVar = "registration.ticket-closed.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("ticket", "ticket_id")

    ticket_id: UUID
    patient_id: UUID
    kind: str
    state: str
    reason: str | None
    aggregate_version: int


MESSAGES = (
    TicketOpened,
    TicketClosed,
)
