"""Where visit requests are kept, and the only SQL about them.

Invariants: one request a task; one request an appointment; what is booked has its appointment.
"""

from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, and_, func, text, tuple_, update
from sqlmodel import Field, col, select

from services.followup.tables import Row
from services.followup.templates.model import Urgency
from services.followup.visits.model import VisitReason, VisitRequest, VisitStatus
from shared.work import Missing, Work

STATUSES = ", ".join(f"'{status}'" for status in VisitStatus)
REASONS = ", ".join(f"'{reason}'" for reason in VisitReason)
URGENCIES = ", ".join(f"'{urgency}'" for urgency in Urgency)
PLACED = "status IN ('booked', 'cancelled')"
FRESH = {"populate_existing": True}


class VisitRequestRow(Row, table=True):
    """A request in its latest state."""

    __tablename__ = "visit_request"
    __table_args__ = (
        CheckConstraint(f"status IN ({STATUSES})", name="visit_request_status"),
        CheckConstraint(f"reason IN ({REASONS})", name="visit_request_reason"),
        CheckConstraint(f"urgency IN ({URGENCIES})", name="visit_request_urgency"),
        CheckConstraint("latest_on >= earliest_on", name="visit_request_days"),
        CheckConstraint(
            "(status IN ('booked', 'cancelled')) = (appointment_id IS NOT NULL)", name="visit_request_place"
        ),
        Index("one_visit_request_a_task", "task_id", unique=True),
        Index("one_visit_request_an_appointment", "appointment_id", unique=True),
        Index("ix_visit_request_patient_id", "patient_id"),
        Index("ix_visit_request_plan_id", "plan_id"),
        Index("ix_visit_request_open", "latest_on", "visit_request_id", postgresql_where=text("status = 'requested'")),
    )

    visit_request_id: UUID = Field(primary_key=True)
    plan_id: UUID = Field(foreign_key="plan.plan_id")
    task_id: UUID = Field(foreign_key="task.task_id")
    patient_id: UUID
    clinic_id: str
    urgency: str
    reason: str
    earliest_on: date
    latest_on: date
    status: str
    appointment_id: UUID | None
    slot_starts_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    requested_at: datetime = Field(sa_type=DateTime(timezone=True))


async def add(work: Work, new: VisitRequest) -> str | None:
    """Write a new request. Returns the name of the constraint that refused it, or None."""
    return await work.insert(VisitRequestRow(**asdict(new)))


async def of_task(work: Work, task_id: UUID) -> VisitRequest | None:
    """The request that a task has brought, if any."""
    query = select(VisitRequestRow).where(col(VisitRequestRow.task_id) == task_id)
    row = (await work.session.exec(query, execution_options=FRESH)).one_or_none()
    return to_model(row) if row else None


async def oldest_open(work: Work, patient_id: UUID, clinic_id: str) -> VisitRequest | None:
    """The patient's oldest request at that clinic that is not booked, locked."""
    wanted = and_(
        col(VisitRequestRow.patient_id) == patient_id,
        col(VisitRequestRow.clinic_id) == clinic_id,
        col(VisitRequestRow.status) == VisitStatus.REQUESTED,
    )
    order = col(VisitRequestRow.requested_at), col(VisitRequestRow.visit_request_id)
    query = select(VisitRequestRow).where(wanted).order_by(*order).limit(1).with_for_update()
    row = (await work.session.exec(query, execution_options=FRESH)).first()
    return to_model(row) if row else None


async def save(work: Work, changed: VisitRequest) -> None:
    """Write a request that this transaction has locked."""
    same = col(VisitRequestRow.visit_request_id) == changed.visit_request_id
    await work.session.exec(update(VisitRequestRow).where(same).values(**asdict(changed)))


async def cancel(work: Work, appointment_id: UUID) -> None:
    """The appointment is no more."""
    same = col(VisitRequestRow.appointment_id) == appointment_id
    await work.session.exec(update(VisitRequestRow).where(same).values(status=VisitStatus.CANCELLED))


async def withdraw(work: Work, plan_id: UUID) -> None:
    """What is not booked need not be any more."""
    wanted = and_(col(VisitRequestRow.plan_id) == plan_id, col(VisitRequestRow.status) == VisitStatus.REQUESTED)
    await work.session.exec(update(VisitRequestRow).where(wanted).values(status=VisitStatus.WITHDRAWN))


async def page(
    work: Work, status: VisitStatus | None, patient_id: UUID | None, after: UUID | None, limit: int
) -> list[VisitRequest]:
    """Requests by latest day, then id; those behind the request `after`, which must be there."""
    place = tuple_(col(VisitRequestRow.latest_on), col(VisitRequestRow.visit_request_id))
    conditions = []
    if after is not None:
        last = await work.session.get(VisitRequestRow, after)
        if last is None:
            raise Missing("visit-request", after)
        conditions.append(place > (last.latest_on, last.visit_request_id))
    if status is not None:
        conditions.append(col(VisitRequestRow.status) == status)
    if patient_id is not None:
        conditions.append(col(VisitRequestRow.patient_id) == patient_id)
    query = select(VisitRequestRow).where(*conditions).order_by(*place).limit(limit)
    return [to_model(row) for row in await work.session.exec(query, execution_options=FRESH)]


async def counts(work: Work) -> dict[VisitStatus, int]:
    """How many requests there are by status."""
    query = select(VisitRequestRow.status, func.count()).group_by(VisitRequestRow.status)
    return {VisitStatus(status): count for status, count in await work.session.exec(query)}


def to_model(row: VisitRequestRow) -> VisitRequest:
    """A row as the rules see it."""
    codes = {
        "urgency": Urgency(row.urgency),
        "reason": VisitReason(row.reason),
        "status": VisitStatus(row.status),
    }
    return VisitRequest(**{**row.model_dump(), **codes})
