"""Where decisions on beds are kept, with the scores that they were made on; and the only SQL about them.

Invariant: a decision is written once; only its price is added, once. A choice has a reason.
"""

from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Identity, Index, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.beds.allocation import inputs as kept_inputs
from services.beds.allocation.agenda import Chosen
from services.beds.allocation.decisions import Decision, Kind
from services.beds.scoring.points import Term
from services.beds.tables import Row
from shared.work import Missing, Work

KINDS = ", ".join(f"'{kind}'" for kind in Kind)
UNPRICED = "kind = 'chosen' AND cost IS NULL"
MOST_PRICED = 5
"""So many choices are priced in one round, each for one more solution."""


class DecisionRow(Row, table=True):
    """A bed that was decided on."""

    __tablename__ = "bed_decision"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", name="bed_decision_kind"),
        CheckConstraint("(kind = 'chosen') = (reason IS NOT NULL)", name="bed_decision_reason"),
        CheckConstraint("cost IS NULL OR kind = 'chosen' AND cost >= 0", name="bed_decision_cost"),
        Index("ix_bed_decision_request_id", "request_id"),
        Index("ix_bed_decision_unpriced", "decision_no", postgresql_where=text(UNPRICED)),
    )

    decision_no: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    request_id: UUID = Field(foreign_key="admission_request.request_id")
    bed_id: str
    ward_id: str
    kind: str
    decided_by: str
    reason: str | None
    broken_rule: str | None
    proposed_bed_id: str | None
    score: float
    terms: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    runner_up_bed_id: str | None
    margin: float | None
    rival_request_id: UUID | None
    rival_margin: float | None
    gap: float | None
    inputs: dict[str, Any] | None = Field(sa_column=Column(JSONB(none_as_null=True), nullable=True))
    policy_version: str
    policy_digest: str | None
    decided_at: datetime = Field(sa_type=DateTime(timezone=True))
    cost: float | None


async def add(work: Work, new: Decision) -> Decision:
    """Write a decision."""
    values = {field.name: getattr(new, field.name) for field in fields(Decision)}
    values |= {
        "terms": [term._asdict() for term in new.terms],
        "inputs": kept_inputs.dumped(new.inputs) if new.inputs else None,
    }
    row = DecisionRow(**values)
    work.session.add(row)
    await work.session.flush()
    return _decision(row)


async def decisions(work: Work, request_id: UUID | None, limit: int) -> list[Decision]:
    """The latest decisions, or those on a request, the latest first."""
    query = select(DecisionRow).order_by(col(DecisionRow.decision_no).desc()).limit(limit)
    if request_id is not None:
        query = query.where(col(DecisionRow.request_id) == request_id)
    return [_decision(row) for row in await work.session.exec(query)]


async def decision(work: Work, decision_no: int) -> Decision:
    """The decision, or `Missing`."""
    row = await work.session.get(DecisionRow, decision_no)
    if row is None:
        raise Missing("decision", decision_no)
    return _decision(row)


async def unpriced(work: Work) -> list[Chosen]:
    """Choices whose price is not known yet, the first ones."""
    query = select(DecisionRow).where(text(UNPRICED)).order_by(col(DecisionRow.decision_no)).limit(MOST_PRICED)
    found = [_decision(row) for row in await work.session.exec(query)]
    return [
        Chosen(decision_no=one.decision_no, score=one.score, inputs=one.inputs)
        for one in found
        if one.decision_no is not None and one.inputs is not None
    ]


async def put_price(work: Work, decision_no: int, cost: float) -> None:
    """Write what a choice cost, where it is not known yet."""
    mine = (col(DecisionRow.decision_no) == decision_no) & col(DecisionRow.cost).is_(None)
    await work.session.exec(update(DecisionRow).where(mine).values(cost=cost))


def _decision(row: DecisionRow) -> Decision:
    values = row.model_dump()
    return Decision(
        **values
        | {
            "kind": Kind(row.kind),
            "terms": tuple(Term(**term) for term in row.terms),
            "inputs": kept_inputs.loaded(row.inputs) if row.inputs else None,
        }
    )
