"""Where proposals are kept, and why the others have none; and the only SQL about them.

Invariant: a request has one proposal or one reason, a bed is proposed to one patient.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import CheckConstraint, Column, DateTime, UniqueConstraint, delete
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.beds.allocation import inputs as kept_inputs
from services.beds.allocation.proposals import Proposal, Unplaced
from services.beds.scoring.points import Term
from services.beds.tables import Row
from shared.work import Work

WRITE_PROPOSALS = """
INSERT INTO proposal SELECT * FROM json_populate_recordset(NULL::proposal, $1::json)
"""
WRITE_UNPLACED = """
INSERT INTO unplaced SELECT * FROM json_populate_recordset(NULL::unplaced, $1::json)
"""


class ProposalRow(Row, table=True):
    """A live proposal."""

    __tablename__ = "proposal"
    __table_args__ = (
        UniqueConstraint("bed_id", name="one_proposal_a_bed"),
        CheckConstraint("tier IN (0, 1)", name="proposal_tier"),
    )

    request_id: UUID = Field(primary_key=True, foreign_key="admission_request.request_id")
    bed_id: str = Field(foreign_key="bed.bed_id")
    ward_id: str
    tier: int
    score: float
    terms: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    runner_up_bed_id: str | None
    margin: float | None
    policy_version: str
    gap: float
    proposed_at: datetime = Field(sa_type=DateTime(timezone=True))
    available_from: datetime | None = Field(sa_type=DateTime(timezone=True))
    rival_request_id: UUID | None
    rival_margin: float | None
    inputs: dict[str, Any] | None = Field(sa_column=Column(JSONB, nullable=True))
    policy_digest: str | None


class UnplacedRow(Row, table=True):
    """A request for which the last round that asked for it had no bed."""

    __tablename__ = "unplaced"
    __table_args__ = (CheckConstraint("tier IN (0, 1)", name="unplaced_tier"),)

    request_id: UUID = Field(primary_key=True, foreign_key="admission_request.request_id")
    tier: int
    reasons: dict[str, int] = Field(sa_column=Column(JSONB, nullable=False))
    policy_version: str
    considered_at: datetime = Field(sa_type=DateTime(timezone=True))


async def one_snapshot(work: Work) -> None:
    """Let everything that this work reads be of one instant. Call it first."""
    await work.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


async def proposals(work: Work) -> list[Proposal]:
    """All live proposals, the best score first."""
    rows = await work.session.exec(select(ProposalRow).order_by(col(ProposalRow.tier), col(ProposalRow.score).desc()))
    return [_proposal(row) for row in rows]


async def proposed_beds(work: Work) -> list[tuple[UUID, str, datetime | None]]:
    """Each live proposal's request and bed, and from when the bed can be had if it was not free."""
    query = select(ProposalRow.request_id, ProposalRow.bed_id, ProposalRow.available_from)
    return list(await work.session.exec(query))


async def proposal(work: Work, request_id: UUID) -> Proposal | None:
    """The live proposal for a request."""
    row = await work.session.get(ProposalRow, request_id)
    return None if row is None else _proposal(row)


async def unplaced(work: Work, request_id: UUID) -> Unplaced | None:
    """Why the last round had no bed for a request."""
    row = await work.session.get(UnplacedRow, request_id)
    return None if row is None else Unplaced(**row.model_dump())


async def write_proposals(work: Work, new: Sequence[Proposal]) -> None:
    """Write new proposals, in one statement."""
    rows = [_row(one) for one in new]
    await (await work.sql()).execute(WRITE_PROPOSALS, to_json(rows).decode())


async def withdraw(work: Work, request_ids: Collection[UUID]) -> None:
    """Take proposals away."""
    if request_ids:
        await work.session.exec(delete(ProposalRow).where(col(ProposalRow.request_id).in_(list(request_ids))))


async def write_unplaced(work: Work, now_unplaced: Sequence[Unplaced]) -> None:
    """Write the reasons of this round in place of all earlier ones."""
    connection = await work.sql()
    await connection.execute("DELETE FROM unplaced")
    await connection.execute(WRITE_UNPLACED, to_json([asdict(one) for one in now_unplaced]).decode())


def _row(one: Proposal) -> dict[str, Any]:
    values = {field.name: getattr(one, field.name) for field in fields(Proposal)}
    return values | {
        "terms": [term._asdict() for term in one.terms],
        "inputs": kept_inputs.dumped(one.inputs) if one.inputs else None,
    }


def _proposal(row: ProposalRow) -> Proposal:
    return Proposal(
        **row.model_dump()
        | {
            "terms": tuple(Term(**term) for term in row.terms),
            "inputs": kept_inputs.loaded(row.inputs) if row.inputs else None,
        }
    )
