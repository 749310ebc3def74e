"""Where partners, their results and the decisions about them are kept, and the only SQL about them.

Invariant: one decision for an item of an order; an override has its reason, a reuse has none.
"""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col, select

from services.registration.recognition.model import (
    Choice,
    Decision,
    ExamResult,
    Figures,
    OverrideReason,
    Partner,
    Quality,
    Reason,
)
from services.registration.tables import Row
from shared.work import Work

CONFLICTS = {
    "exam_result_pkey": Reason.RESULT_EXISTS,
    "fk_exam_result_partner_id": Reason.PARTNER_UNKNOWN,
    "fk_exam_result_item_code": Reason.ITEM_UNKNOWN,
    "fk_exam_result_patient_id": Reason.PATIENT_UNKNOWN,
    "exam_decision_pkey": Reason.DECIDED,
}
LATEST = """
SELECT DISTINCT ON (item_code) result_id, partner_id, patient_id, item_code, performed_at, quality
FROM exam_result JOIN exam_partner USING (partner_id)
WHERE patient_id = $1 AND item_code = ANY($2) AND quality = 'passed' AND recognised
ORDER BY item_code, performed_at DESC, result_id
"""
COUNT = """
SELECT choice, reason, count(*) AS decisions, sum(price_fen)::bigint AS fen FROM exam_decision
WHERE decided_at >= $1 AND decided_at < $2 AND withdrawn_at IS NULL GROUP BY choice, reason ORDER BY choice, reason
"""


class ExamPartnerRow(Row, table=True):
    """A partner hospital."""

    __tablename__ = "exam_partner"

    partner_id: str = Field(primary_key=True)
    recognised: bool


class ExamResultRow(Row, table=True):
    """A partner's result; it does not change."""

    __tablename__ = "exam_result"
    __table_args__ = (
        CheckConstraint("quality IN ('passed', 'failed')", name="exam_result_quality"),
        Index("ix_exam_result_patient_id", "patient_id", "item_code"),
    )

    result_id: UUID = Field(primary_key=True)
    partner_id: str = Field(foreign_key="exam_partner.partner_id")
    patient_id: UUID = Field(foreign_key="patient.patient_id")
    item_code: str = Field(foreign_key="exam_item.item_code")
    performed_at: datetime = Field(sa_type=DateTime(timezone=True))
    quality: str


class ExamDecisionRow(Row, table=True):
    """What was decided about a recognised result."""

    __tablename__ = "exam_decision"
    __table_args__ = (
        CheckConstraint("choice IN ('reuse', 'override')", name="exam_decision_choice"),
        CheckConstraint("(choice = 'override') = (reason IS NOT NULL)", name="exam_decision_reason"),
        Index("ix_exam_decision_decided_at", "decided_at"),
    )

    order_id: UUID = Field(primary_key=True)
    item_code: str = Field(primary_key=True)
    result_id: UUID = Field(foreign_key="exam_result.result_id")
    choice: str
    reason: str | None
    price_fen: int
    decided_at: datetime = Field(sa_type=DateTime(timezone=True))
    withdrawn_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


async def put_partner(work: Work, partner: Partner) -> None:
    """Write a partner."""
    statement = insert(ExamPartnerRow).values(**asdict(partner))
    changed = {"recognised": statement.excluded.recognised}
    await work.session.exec(statement.on_conflict_do_update(index_elements=["partner_id"], set_=changed))


async def partners(work: Work) -> list[Partner]:
    """All partners, by id."""
    found = await work.session.exec(select(ExamPartnerRow).order_by(col(ExamPartnerRow.partner_id)))
    return [Partner(**row.model_dump()) for row in found]


async def add_result(work: Work, result: ExamResult) -> Reason | None:
    """Write a result. Returns why it cannot be, or None."""
    constraint = await work.insert(ExamResultRow(**asdict(result)))
    return None if constraint is None else CONFLICTS[constraint]


async def latest(work: Work, patient_id: UUID, item_codes: Collection[str]) -> dict[str, ExamResult]:
    """The patient's latest result of each item that passed, at a partner whose results count."""
    rows = await (await work.sql()).fetch(LATEST, patient_id, list(item_codes))
    return {row["item_code"]: ExamResult(**{**row, "quality": Quality(row["quality"])}) for row in rows}


async def add_decision(work: Work, decision: Decision) -> Reason | None:
    """Write a decision. Returns why it cannot be, or None."""
    constraint = await work.insert(ExamDecisionRow(**asdict(decision)))
    return None if constraint is None else CONFLICTS[constraint]


async def withdraw(work: Work, order_id: UUID) -> None:
    """What was decided for an order has come to nothing with it; it stays written, and counts no more."""
    mine = (col(ExamDecisionRow.order_id) == order_id) & col(ExamDecisionRow.withdrawn_at).is_(None)
    await work.session.exec(update(ExamDecisionRow).where(mine).values(withdrawn_at=work.now))


async def decisions(work: Work, order_id: UUID) -> list[Decision]:
    """What was decided for an order, by item."""
    query = select(ExamDecisionRow).where(col(ExamDecisionRow.order_id) == order_id)
    return [
        Decision(
            **row.model_dump(exclude={"withdrawn_at"})
            | {"choice": Choice(row.choice), "reason": OverrideReason(row.reason) if row.reason else None}
        )
        for row in await work.session.exec(query.order_by(col(ExamDecisionRow.item_code)))
    ]


async def figures(work: Work, from_at: datetime, to_at: datetime) -> Figures:
    """What was decided from one instant to another."""
    rows = await (await work.sql()).fetch(COUNT, from_at, to_at)
    reused = [row for row in rows if row["choice"] == Choice.REUSE]
    again = {row["reason"]: row["decisions"] for row in rows if row["choice"] == Choice.OVERRIDE}
    return Figures(
        avoided=sum(row["decisions"] for row in reused),
        saved_fen=sum(row["fen"] for row in reused),
        overridden=sum(again.values()),
        overridden_by_reason=again,
    )
