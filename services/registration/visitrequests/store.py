"""Where visit requests are kept, and the only SQL about them.

Invariant: a booked request names its appointment, a dropped one its reason, a waitlisted one what it waits for.
"""

from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, DateTime, Index, text, update
from sqlmodel import Field, col, select

from services.registration.tables import Row, words
from services.registration.visitrequests.model import DropReason, Status, VisitRequest, Why
from shared.work import Missing, Work


class VisitRequestRow(Row, table=True):
    """A visit request and what became of it."""

    __tablename__ = "visit_request"
    __table_args__ = (
        CheckConstraint(f"status IN ({words(Status)})", name="visit_request_status"),
        CheckConstraint(f"why IN ({words(Why)})", name="visit_request_why"),
        CheckConstraint("status <> 'waitlisted' OR why IS NOT NULL", name="visit_request_waits_for"),
        CheckConstraint("(status = 'booked') = (appointment_id IS NOT NULL)", name="visit_request_booked"),
        CheckConstraint("(status = 'dropped') = (drop_reason IS NOT NULL)", name="visit_request_dropped"),
        Index("ix_visit_request_pending", "clinic_id", postgresql_where=text("status = 'pending'")),
        Index("ix_visit_request_patient_id", "patient_id"),
    )

    visit_request_id: UUID = Field(primary_key=True)
    patient_id: UUID
    clinic_id: str
    earliest_on: date
    latest_on: date
    reason: str
    status: str
    why: str | None
    drop_reason: str | None
    appointment_id: UUID | None
    requested_at: datetime = Field(sa_type=DateTime(timezone=True))


async def add(work: Work, new: VisitRequest) -> bool:
    """Write a new request. False when it is there already."""
    return await work.insert(VisitRequestRow(**asdict(new))) is None


async def save(work: Work, changed: VisitRequest) -> None:
    """Write what became of it."""
    mine = col(VisitRequestRow.visit_request_id) == changed.visit_request_id
    await work.session.exec(update(VisitRequestRow).where(mine).values(**asdict(changed)))


async def pending_in(work: Work, clinic_id: str) -> list[VisitRequest]:
    """Who waits for a place in the clinic, in the order of asking, for a change."""
    waiting = (col(VisitRequestRow.clinic_id) == clinic_id) & (col(VisitRequestRow.status) == Status.PENDING)
    return await _in_order(work, waiting)


async def pending_of(work: Work, patient_id: UUID) -> list[VisitRequest]:
    """What the patient waits for, for a change."""
    waiting = (col(VisitRequestRow.patient_id) == patient_id) & (col(VisitRequestRow.status) == Status.PENDING)
    return await _in_order(work, waiting)


async def waitlisted(work: Work, visit_request_id: UUID) -> VisitRequest | None:
    """The request that waits under this id, for a change."""
    mine = (col(VisitRequestRow.visit_request_id) == visit_request_id) & (
        col(VisitRequestRow.status) == Status.WAITLISTED
    )
    return next(iter(await _in_order(work, mine)), None)


async def visit_request(work: Work, visit_request_id: UUID) -> VisitRequest:
    """One request for a change, or `Missing`."""
    found = await _in_order(work, col(VisitRequestRow.visit_request_id) == visit_request_id)
    if not found:
        raise Missing("visit-request", visit_request_id)
    return found[0]


async def visit_requests(
    work: Work, status: Status | None, patient_id: UUID | None, after: UUID | None, limit: int
) -> list[VisitRequest]:
    """A page of requests by id."""
    query = select(VisitRequestRow).order_by(col(VisitRequestRow.visit_request_id)).limit(limit)
    if status is not None:
        query = query.where(col(VisitRequestRow.status) == status)
    if patient_id is not None:
        query = query.where(col(VisitRequestRow.patient_id) == patient_id)
    if after is not None:
        query = query.where(col(VisitRequestRow.visit_request_id) > after)
    return [_request(row) for row in await work.session.exec(query)]


async def _in_order(work: Work, waiting: ColumnElement[bool]) -> list[VisitRequest]:
    query = select(VisitRequestRow).where(waiting)
    query = query.order_by(col(VisitRequestRow.requested_at), col(VisitRequestRow.visit_request_id)).with_for_update()
    return [_request(row) for row in await work.session.exec(query.execution_options(populate_existing=True))]


def _request(row: VisitRequestRow) -> VisitRequest:
    return VisitRequest(
        **{
            **row.model_dump(),
            "status": Status(row.status),
            "why": Why(row.why) if row.why else None,
            "drop_reason": DropReason(row.drop_reason) if row.drop_reason else None,
        }
    )
