"""Where appointments are kept, and the SQL about them; the statement that takes places is in `taking`.

Invariant: a patient has at most one appointment with a place in a session, an encounter at most one, and no ordinal of
a slot belongs to two. What is changed is locked first, and its slots after it.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, SmallInteger, func, text, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, col, select

from services.registration.booking.model import (
    OPEN,
    TAKES_A_PLACE,
    Appointment,
    CancelReason,
    Channel,
    Status,
    Wanted,
)
from services.registration.booking.refusals import Reason
from services.registration.tables import Row, words
from shared.work import Missing, Stale, Work, constraint_name

PLACED = f"status IN ({words(TAKES_A_PLACE)})"
COUNTED = f"status IN ({words((Status.HELD, Status.BOOKED))})"
CONFLICTS = {
    "appointment_pkey": Reason.APPOINTMENT_EXISTS,
    "one_appointment_a_session": Reason.PATIENT_HAS_APPOINTMENT,
    "one_appointment_an_encounter": Reason.ENCOUNTER_HAS_APPOINTMENT,
}
COUNT = """
SELECT channel, visit_type,
    count(booked_at) AS booked,
    count(booked_at) FILTER (WHERE status = 'cancelled') AS cancelled,
    count(arrived_at) AS arrived,
    count(completed_at) AS completed,
    count(*) FILTER (WHERE status = 'held') AS held,
    count(*) FILTER (WHERE status = 'expired') AS expired,
    count(*) FILTER (WHERE status = 'missed') AS missed
FROM appointment GROUP BY channel, visit_type ORDER BY channel, visit_type
"""


class AppointmentRow(Row, table=True):
    """An appointment in its latest version."""

    __tablename__ = "appointment"
    __table_args__ = (
        CheckConstraint(f"status IN ({words(Status)})", name="appointment_status"),
        CheckConstraint(f"channel IN ({words(Channel)})", name="appointment_channel"),
        CheckConstraint(f"cancel_reason IN ({words(CancelReason)})", name="appointment_cancel_reason"),
        CheckConstraint("(status = 'held') = (held_until IS NOT NULL)", name="appointment_hold_ends"),
        CheckConstraint("(status = 'cancelled') = (cancel_reason IS NOT NULL)", name="appointment_cancelled_why"),
        CheckConstraint("status NOT IN ('arrived', 'completed') OR arrived_at IS NOT NULL", name="appointment_arrival"),
        CheckConstraint("(status = 'completed') = (completed_at IS NOT NULL)", name="appointment_completion"),
        CheckConstraint("ordinal > 0", name="appointment_ordinal"),
        Index("one_appointment_a_session", "session_id", "patient_id", unique=True, postgresql_where=text(PLACED)),
        Index(
            "one_appointment_an_encounter",
            "encounter_id",
            unique=True,
            postgresql_where=text(f"encounter_id IS NOT NULL AND {PLACED}"),
        ),
        Index("one_appointment_an_ordinal", "session_id", "slot_starts_at", "ordinal", unique=True),
        Index("one_booking_an_allowance", "patient_id", "allowance", unique=True, postgresql_where=text(COUNTED)),
        Index("ix_appointment_patient_id", "patient_id"),
        Index("ix_appointment_held_until", "held_until", postgresql_where=text("status = 'held'")),
    )

    appointment_id: UUID = Field(primary_key=True)
    patient_id: UUID
    session_id: UUID
    clinic_id: str
    slot_starts_at: datetime = Field(sa_type=DateTime(timezone=True))
    slot_ends_at: datetime = Field(sa_type=DateTime(timezone=True))
    ordinal: int
    status: str
    visit_type: str
    channel: str
    encounter_id: str | None
    booked_by: UUID | None
    allowance: int | None = Field(default=None, sa_type=SmallInteger)
    """Which of the bookings ahead that the patient may have it is; none where the hospital gave the place."""
    held_until: datetime | None = Field(sa_type=DateTime(timezone=True))
    booked_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    arrived_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    completed_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    cancel_reason: str | None
    version: int


async def appointment(work: Work, appointment_id: UUID, *, for_change: bool = False) -> Appointment:
    """The latest version of an appointment, or `Missing`. For a change the row is kept from others."""
    query = select(AppointmentRow).where(col(AppointmentRow.appointment_id) == appointment_id)
    if for_change:
        query = query.with_for_update(key_share=True)
    fresh = query.execution_options(populate_existing=True)
    row = (await work.session.exec(fresh)).one_or_none()
    if row is None:
        raise Missing("appointment", appointment_id)
    return _appointment(row)


async def overdue(work: Work, limit: int) -> list[Appointment]:
    """Holds whose time is over, oldest first; those that somebody else has in hand are left to them."""
    over = (col(AppointmentRow.status) == Status.HELD) & (col(AppointmentRow.held_until) <= work.now)
    query = select(AppointmentRow).where(over).order_by(col(AppointmentRow.held_until)).limit(limit)
    return [_appointment(row) for row in await work.session.exec(query.with_for_update(skip_locked=True))]


async def next_hold_ends_at(work: Work) -> datetime | None:
    """When the earliest hold is over; None without holds."""
    query = select(func.min(AppointmentRow.held_until)).where(col(AppointmentRow.status) == Status.HELD)
    return (await work.session.exec(query)).one()


async def open_from(work: Work, patient_id: UUID, at: datetime) -> list[Appointment]:
    """What the patient has held or booked that starts at `at` or later, for a change."""
    mine = (col(AppointmentRow.patient_id) == patient_id) & (col(AppointmentRow.slot_starts_at) >= at)
    query = select(AppointmentRow).where(mine, col(AppointmentRow.status).in_(OPEN))
    query = query.order_by(col(AppointmentRow.appointment_id)).with_for_update(key_share=True)
    return [_appointment(row) for row in await work.session.exec(query)]


async def expected_in(work: Work, session_id: UUID) -> list[Appointment]:
    """What is held or booked in a session, by id."""
    return [_appointment(row) for row in await work.session.exec(_expected(session_id))]


async def expected_for_change(work: Work, session_id: UUID, *, at_once: bool) -> list[Appointment]:
    """The same for a change; `at_once` waits for nobody and raises `Stale` when somebody has one of them in hand."""
    query = _expected(session_id).with_for_update(key_share=True, skip_locked=at_once)
    found = [_appointment(row) for row in await work.session.exec(query)]
    if at_once and len(found) < len(await expected_in(work, session_id)):
        raise Stale("session", session_id)
    return found


def _expected(session_id: UUID) -> Any:  # noqa: ANN401 - a statement of SQLAlchemy's
    mine = (col(AppointmentRow.session_id) == session_id) & col(AppointmentRow.status).in_((Status.HELD, Status.BOOKED))
    query = select(AppointmentRow).where(mine).order_by(col(AppointmentRow.appointment_id))
    return query.execution_options(populate_existing=True)


async def sessions_of(work: Work, patient_id: UUID) -> set[UUID]:
    """The sessions in which the patient has a place."""
    placed = (col(AppointmentRow.patient_id) == patient_id) & col(AppointmentRow.status).in_(TAKES_A_PLACE)
    return set(await work.session.exec(select(AppointmentRow.session_id).where(placed)))


async def add(work: Work, new: Appointment) -> Reason | None:
    """Write a new appointment. Returns why it cannot be, or None."""
    constraint = await work.insert(AppointmentRow(**asdict(new)))
    return None if constraint is None else CONFLICTS[constraint]


async def save(work: Work, changed: Appointment) -> Reason | None:
    """Write the next version. Returns why it cannot be, or None; `Stale` when somebody else wrote it first."""
    mine = col(AppointmentRow.appointment_id) == changed.appointment_id
    previous = mine & (col(AppointmentRow.version) == changed.version - 1)
    try:
        async with work.session.begin_nested():
            result = await work.session.exec(update(AppointmentRow).where(previous).values(**_values(changed)))
    except IntegrityError as refusal:
        return CONFLICTS[constraint_name(refusal)]
    if result.rowcount != 1:
        raise Stale("appointment", changed.appointment_id)
    return None


async def appointments(work: Work, wanted: Wanted) -> list[Appointment]:
    """A page of appointments by id."""
    query = select(AppointmentRow).order_by(col(AppointmentRow.appointment_id)).limit(wanted.limit)
    for column in ("patient_id", "session_id", "status", "channel"):
        if (value := getattr(wanted, column)) is not None:
            query = query.where(getattr(AppointmentRow, column) == value)
    if wanted.after is not None:
        query = query.where(col(AppointmentRow.appointment_id) > wanted.after)
    return [_appointment(row) for row in await work.session.exec(query)]


async def counts(work: Work) -> list[dict[str, Any]]:
    """How many were ever booked, and what became of them, by channel and visit type."""
    return [dict(row) for row in await (await work.sql()).fetch(COUNT)]


async def missed_since(work: Work, patient_id: UUID, at: datetime) -> int:
    """How many visits the patient has missed that were to begin at `at` or later."""
    mine = (col(AppointmentRow.patient_id) == patient_id) & (col(AppointmentRow.status) == Status.MISSED)
    query = select(func.count()).select_from(AppointmentRow).where(mine, col(AppointmentRow.slot_starts_at) >= at)
    return (await work.session.exec(query)).one()


def _values(changed: Appointment) -> dict[str, Any]:
    """What is neither held nor booked does not count among the bookings ahead any more."""
    counted = changed.status in {Status.HELD, Status.BOOKED}
    return asdict(changed) if counted else {**asdict(changed), "allowance": None}


def _appointment(row: AppointmentRow) -> Appointment:
    return Appointment(
        **{
            **row.model_dump(exclude={"allowance"}),
            "status": Status(row.status),
            "channel": Channel(row.channel),
            "cancel_reason": CancelReason(row.cancel_reason) if row.cancel_reason else None,
        }
    )
