"""What the desk keeps of its own, and the one statement that reads it together with everything else.

Invariant: only this list reads tables of other capabilities, and it writes none of them: five hundred lines with their
proposals, reservations, preparations and calls are one question to the database (decision 88). What the desk has
been told of a request is one row; events of different services write different columns of it.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col, select

from services.beds.coordination.model import Answer, Attention, Figures, Told, WithdrawalReason
from services.beds.tables import Row
from shared.work import Work

INSTANT = DateTime(timezone=True)


def one_of(codes: type[Attention | Answer | WithdrawalReason]) -> str:
    """The codes as an SQL list."""
    return ", ".join(f"'{code}'" for code in codes)


class DeskEntryRow(Row, table=True):
    """What the desk has been told of a request (`model.Told`)."""

    __tablename__ = "desk_entry"
    __table_args__ = (
        CheckConstraint(f"attention IN ({one_of(Attention)})", name="desk_entry_attention"),
        CheckConstraint("(attention IS NULL) = (attention_at IS NULL)", name="desk_entry_attention_at"),
        CheckConstraint(f"answer IN ({one_of(Answer)})", name="desk_entry_answer"),
        CheckConstraint("call_status IN ('ready', 'completed', 'failed')", name="desk_entry_call_status"),
        CheckConstraint("exams_state IN ('booked', 'unplanned')", name="desk_entry_exams_state"),
        CheckConstraint(f"withdrawn_reason IN ({one_of(WithdrawalReason)})", name="desk_entry_withdrawn_reason"),
        CheckConstraint("(withdrawn_reason IS NULL) = (withdrawn_by IS NULL)", name="desk_entry_withdrawn_by"),
    )

    request_id: UUID = Field(primary_key=True)
    call_status: str | None = None
    call_due_at: datetime | None = Field(default=None, sa_type=INSTANT)
    call_late_at: datetime | None = Field(default=None, sa_type=INSTANT)
    call_outcome: str | None = None
    call_recorded_at: datetime | None = Field(default=None, sa_type=INSTANT)
    call_next_due_at: datetime | None = Field(default=None, sa_type=INSTANT)
    exams_state: str | None = None
    exams: int | None = None
    exams_end_at: datetime | None = Field(default=None, sa_type=INSTANT)
    exams_reason: str | None = None
    attention: str | None = None
    attention_at: datetime | None = Field(default=None, sa_type=INSTANT)
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = Field(default=None, sa_type=INSTANT)
    answer: str | None = None
    answered_version: int | None = None
    answered_at: datetime | None = Field(default=None, sa_type=INSTANT)
    confirmed_by_app: bool = Field(default=False)
    withdrawn_reason: str | None = None
    withdrawn_by: str | None = None
    version: int = Field(default=0)


AT_THE_DESK = """
SELECT request.request_id, request.patient_id, request.source, request.specialty, request.campus_id, request.triage,
    request.immediate, request.phase, request.requested_at,
    proposal.bed_id AS proposed_bed_id, proposal.ward_id AS proposed_ward_id, proposal.score, proposal.proposed_at,
    unplaced.reasons, stay.bed_id AS reserved_bed_id, stay.ward_id AS reserved_ward_id, stay.held_until,
    stay.version AS stay_version, preparation.items_version, preparation.states, preparation.consents,
    desk.call_status, desk.call_due_at, desk.call_late_at, desk.call_outcome, desk.call_recorded_at,
    desk.call_next_due_at, desk.exams_state, desk.exams, desk.exams_end_at, desk.exams_reason,
    desk.attention, desk.attention_at, desk.answer, desk.answered_version
FROM admission_request AS request
LEFT JOIN proposal USING (request_id)
LEFT JOIN unplaced USING (request_id)
LEFT JOIN stay ON stay.stay_id = request.request_id AND stay.phase = 'reserved'
LEFT JOIN preparation USING (request_id)
LEFT JOIN desk_entry AS desk USING (request_id)
WHERE request.phase IN ('waiting', 'reserved') AND ($1::uuid IS NULL OR request.request_id = $1)
"""
FIGURES = """
SELECT count(*) AS reserved, count(*) FILTER (WHERE confirmed_by_app) AS confirmed_by_app,
    count(*) FILTER (WHERE answer = 'declined' AND answered_version IS NOT NULL) AS declined
FROM stay JOIN admission_request ON request_id = stay_id LEFT JOIN desk_entry USING (request_id)
WHERE admission_request.source <> 'emergency' AND ($1::timestamptz IS NULL OR stay.reserved_at >= $1)
"""


async def at_the_desk(work: Work, request_id: UUID | None = None) -> list[Mapping[str, Any]]:
    """A row of columns for each request that waits or has a bed reserved, or for one of them."""
    found: list[Mapping[str, Any]] = await (await work.sql()).fetch(AT_THE_DESK, request_id)
    return found


async def figures(work: Work, since: datetime | None) -> Figures:
    """How many confirmed by themselves, of reservations since an instant or ever."""
    return Figures(**await (await work.sql()).fetchrow(FIGURES, since))


async def told(work: Work, request_id: UUID) -> Told:
    """What is known of a request, which is known from now on; nobody else's until this work is done."""
    await work.session.exec(insert(DeskEntryRow).values(request_id=request_id).on_conflict_do_nothing())
    query = select(DeskEntryRow).where(col(DeskEntryRow.request_id) == request_id).with_for_update()
    row = (await work.session.exec(query, execution_options={"populate_existing": True})).one()
    codes = {
        "attention": Attention(row.attention) if row.attention else None,
        "answer": Answer(row.answer) if row.answer else None,
        "withdrawn_reason": WithdrawalReason(row.withdrawn_reason) if row.withdrawn_reason else None,
    }
    return Told(**{**row.model_dump(), **codes})


async def save(work: Work, changed: Told) -> None:
    """Write what is known of a request; its row is locked."""
    same = col(DeskEntryRow.request_id) == changed.request_id
    await work.session.exec(update(DeskEntryRow).where(same).values(**asdict(changed)))
