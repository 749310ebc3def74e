"""Where applications are kept, and the only SQL about them.

Invariant: one decision an application, whoever is quicker; a patient has one open application in a clinic.
"""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, DateTime, Index, UniqueConstraint, case, text, update
from sqlmodel import Field, col, select

from services.registration.applications.model import (
    OPEN,
    Application,
    DeclineReason,
    Need,
    Reason,
    State,
    Urgency,
    Wanted,
)
from services.registration.booking.model import Channel
from services.registration.tables import Row, words
from shared.work import Missing, Work

ONE_OPEN = "one_open_application_a_clinic"


class ApplicationRow(Row, table=True):
    """An application and what became of it."""

    __tablename__ = "application"
    __table_args__ = (
        CheckConstraint(f"state IN ({words(State)})", name="application_state"),
        CheckConstraint(f"urgency IN ({words(Urgency)})", name="application_urgency"),
        CheckConstraint(f"need IN ({words(Need)})", name="application_need"),
        CheckConstraint("(state = 'booked') = (appointment_id IS NOT NULL)", name="application_booked"),
        CheckConstraint("(state = 'declined') = (decline_reason IS NOT NULL)", name="application_declined"),
        CheckConstraint("(state = 'redirected') = (redirected_to IS NOT NULL)", name="application_redirected"),
        CheckConstraint("state NOT IN ('accepted', 'booked') OR urgency IS NOT NULL", name="application_accepted"),
        UniqueConstraint("application_id", "patient_id", name="application_of_patient"),
        Index(ONE_OPEN, "patient_id", "clinic_id", unique=True, postgresql_where=text(f"state IN ({words(OPEN)})")),
        Index("ix_application_appointment_id", "appointment_id", postgresql_where=text("appointment_id IS NOT NULL")),
        Index("ix_application_open", "clinic_id", "decide_by", postgresql_where=text(f"state IN ({words(OPEN)})")),
    )

    application_id: UUID = Field(primary_key=True)
    patient_id: UUID = Field(foreign_key="patient.patient_id")
    clinic_id: str = Field(foreign_key="clinic.clinic_id")
    need: str
    channel: str
    state: str
    urgency: str | None
    decline_reason: str | None
    redirected_from: UUID | None
    redirected_to: UUID | None
    appointment_id: UUID | None
    submitted_at: datetime = Field(sa_type=DateTime(timezone=True))
    decide_by: datetime = Field(sa_type=DateTime(timezone=True))
    decided_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    decided_by: str | None
    version: int


async def add(work: Work, new: Application) -> Reason | None:
    """Write an application. Returns why it cannot be, or None."""
    refusal = await work.insert(ApplicationRow(**asdict(new)))
    if refusal is None:
        return None
    return Reason.APPLICATION_OPEN if refusal == ONE_OPEN else Reason.APPLICATION_EXISTS


async def application(work: Work, application_id: UUID, *, for_change: bool = False) -> Application:
    """One application, with `for_change` kept from others until this work is done, or `Missing`."""
    query = select(ApplicationRow).where(col(ApplicationRow.application_id) == application_id)
    row = (await work.session.exec(query.with_for_update() if for_change else query)).one_or_none()
    if row is None:
        raise Missing("application", application_id)
    return _application(row)


async def save(work: Work, changed: Application) -> None:
    """Write its next version."""
    mine = col(ApplicationRow.application_id) == changed.application_id
    await work.session.exec(update(ApplicationRow).where(mine).values(**asdict(changed)))


async def applications(work: Work, wanted: Wanted) -> list[Application]:
    """Those that are wanted, whichever is to be decided first first."""
    state = col(ApplicationRow.state)
    query = select(ApplicationRow).where(state.in_(OPEN) if wanted.state is None else state == wanted.state)
    if wanted.clinic_id is not None:
        query = query.where(col(ApplicationRow.clinic_id) == wanted.clinic_id)
    if wanted.overdue:
        query = query.where(state == State.SUBMITTED, col(ApplicationRow.decide_by) <= work.now)
    query = query.order_by(col(ApplicationRow.decide_by), col(ApplicationRow.application_id)).limit(wanted.limit)
    return [_application(row) for row in await work.session.exec(query)]


async def waiting_in(work: Work, clinic_id: str) -> list[Application]:
    """Who waits for a place in the clinic, the most urgent first, then in the order of acceptance, for a change."""
    waiting = (col(ApplicationRow.clinic_id) == clinic_id) & (col(ApplicationRow.state) == State.ACCEPTED)
    urgency = case({word: place for place, word in enumerate(Urgency)}, value=col(ApplicationRow.urgency))
    return await _for_change(work, waiting, urgency)


async def open_of(work: Work, patient_id: UUID) -> list[Application]:
    """What the patient has open, for a change."""
    mine = (col(ApplicationRow.patient_id) == patient_id) & col(ApplicationRow.state).in_(OPEN)
    return await _for_change(work, mine)


async def _for_change(work: Work, which: ColumnElement[bool], *first: ColumnElement[int]) -> list[Application]:
    query = select(ApplicationRow).where(which)
    query = query.order_by(*first, col(ApplicationRow.decided_at), col(ApplicationRow.application_id))
    rows = await work.session.exec(query.with_for_update().execution_options(populate_existing=True))
    return [_application(row) for row in rows]


def _application(row: ApplicationRow) -> Application:
    return Application(
        **{
            **row.model_dump(),
            "need": Need(row.need),
            "channel": Channel(row.channel),
            "state": State(row.state),
            "urgency": Urgency(row.urgency) if row.urgency else None,
            "decline_reason": DeclineReason(row.decline_reason) if row.decline_reason else None,
        }
    )
