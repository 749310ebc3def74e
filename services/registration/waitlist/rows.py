"""Where the waitlist is kept.

Invariant: a patient waits once for the same thing, and a place that was offered belongs to one entry.
"""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, text
from sqlmodel import Field

from services.registration.booking.model import Channel
from services.registration.tables import Row, words
from services.registration.waitlist.model import OPEN, LapseReason, LeaveReason, Status

IS_OPEN: Final = f"status IN ({words(OPEN)})"
IS_WAITING: Final = f"status = '{Status.WAITING}'"
IS_UNASKED: Final = f"status = '{Status.OFFERED}' AND auto_accept"


class WaitlistEntryRow(Row, table=True):
    """An entry of the waitlist in its latest version."""

    __tablename__ = "waitlist_entry"
    __table_args__ = (
        CheckConstraint(f"status IN ({words(Status)})", name="waitlist_entry_status"),
        CheckConstraint(f"channel IN ({words(Channel)})", name="waitlist_entry_channel"),
        CheckConstraint(f"leave_reason IN ({words(LeaveReason)})", name="waitlist_entry_leave_reason"),
        CheckConstraint(f"lapse_reason IN ({words(LapseReason)})", name="waitlist_entry_lapse_reason"),
        CheckConstraint("lapse_reason IS NULL OR status = 'lapsed'", name="waitlist_entry_lapsed_why"),
        CheckConstraint("urgency BETWEEN 1 AND 4", name="waitlist_entry_urgency"),
        CheckConstraint("earliest_on <= latest_on", name="waitlist_entry_days"),
        CheckConstraint("(status = 'offered') = (offered_until IS NOT NULL)", name="waitlist_entry_offer_ends"),
        CheckConstraint("(status = 'left') = (leave_reason IS NOT NULL)", name="waitlist_entry_left_why"),
        CheckConstraint(
            "(status NOT IN ('offered', 'accepted', 'declined', 'expired') OR appointment_id IS NOT NULL)"
            " AND (status NOT IN ('waiting', 'lapsed') OR appointment_id IS NULL)",
            name="waitlist_entry_place",
        ),
        Index("one_entry_an_appointment", "appointment_id", unique=True),
        Index(
            "one_entry_a_session",
            "session_id",
            "patient_id",
            unique=True,
            postgresql_where=text(f"session_id IS NOT NULL AND {IS_OPEN}"),
        ),
        Index(
            "one_entry_a_clinic_and_days",
            "clinic_id",
            "patient_id",
            "earliest_on",
            "latest_on",
            unique=True,
            postgresql_where=text(f"session_id IS NULL AND {IS_OPEN}"),
        ),
        Index(
            "ix_waitlist_entry_session_rank",
            "session_id",
            "urgency",
            "joined_at",
            "entry_id",
            postgresql_where=text(IS_WAITING),
        ),
        Index(
            "ix_waitlist_entry_clinic_rank",
            "clinic_id",
            "urgency",
            "joined_at",
            "entry_id",
            postgresql_where=text(f"session_id IS NULL AND {IS_WAITING}"),
        ),
        Index("ix_waitlist_entry_clinic_id", "clinic_id", postgresql_where=text(IS_OPEN)),
        Index("ix_waitlist_entry_patient_id", "patient_id"),
        Index("ix_waitlist_entry_lapses_at", "lapses_at", postgresql_where=text(IS_WAITING)),
        Index("ix_waitlist_entry_unasked", "joined_at", postgresql_where=text(IS_UNASKED)),
    )

    entry_id: UUID = Field(primary_key=True)
    patient_id: UUID
    clinic_id: str
    session_id: UUID | None
    earliest_on: date
    latest_on: date
    visit_type: str
    channel: str
    urgency: int
    auto_accept: bool
    replaces_appointment_id: UUID | None
    status: str
    joined_at: datetime = Field(sa_type=DateTime(timezone=True))
    lapses_at: datetime = Field(sa_type=DateTime(timezone=True))
    appointment_id: UUID | None
    offered_until: datetime | None = Field(sa_type=DateTime(timezone=True))
    leave_reason: str | None
    lapse_reason: str | None
    version: int
