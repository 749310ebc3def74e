"""Where discharge orders, ward medicine and overrides are kept, and the only SQL about them.

Invariants: one order a stay; medicine has an outcome exactly when it says when; an override says why and by whom.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Numeric, update
from sqlmodel import Field, col, select

from services.discharge.clearance.model import Clearance, Disposition, Issue, Order, Outcome, Override, blockers
from services.discharge.tables import Row
from shared.work import Missing, Work

DISPOSITIONS = ", ".join(f"'{disposition}'" for disposition in Disposition)
OUTCOMES = ", ".join(f"'{outcome}'" for outcome in Outcome)


class OrderRow(Row, table=True):
    """The discharge order of a stay."""

    __tablename__ = "discharge_order"
    __table_args__ = (CheckConstraint(f"disposition IN ({DISPOSITIONS})", name="discharge_order_disposition"),)

    stay_id: UUID = Field(primary_key=True, foreign_key="account.stay_id")
    disposition: str
    ordered_at: datetime = Field(sa_type=DateTime(timezone=True))


class IssueRow(Row, table=True):
    """Medicine issued to the ward."""

    __tablename__ = "medicine_issue"
    __table_args__ = (
        CheckConstraint("count > 0", name="medicine_issue_count"),
        CheckConstraint(f"outcome IN ({OUTCOMES})", name="medicine_issue_outcome"),
        CheckConstraint("(outcome IS NULL) = (resolved_at IS NULL)", name="medicine_issue_resolved"),
    )

    issue_id: UUID = Field(primary_key=True)
    stay_id: UUID = Field(foreign_key="account.stay_id", index=True)
    item_code: str
    count: Decimal = Field(sa_type=Numeric)
    issued_at: datetime = Field(sa_type=DateTime(timezone=True))
    outcome: str | None
    resolved_at: datetime | None = Field(sa_type=DateTime(timezone=True))


class OverrideRow(Row, table=True):
    """Blockers overridden by the back office."""

    __tablename__ = "clearance_override"
    __table_args__ = (CheckConstraint("length(reason) >= 3", name="clearance_override_says_why"),)

    override_id: UUID = Field(primary_key=True)
    stay_id: UUID = Field(foreign_key="account.stay_id", index=True)
    reason: str
    overridden_by: str
    overridden_at: datetime = Field(sa_type=DateTime(timezone=True))


async def add_order(work: Work, new: Order) -> None:
    """Write the order; its account is locked by this transaction."""
    work.session.add(OrderRow(**asdict(new)))


async def order(work: Work, stay_id: UUID) -> Order | None:
    """The discharge order, or None."""
    row = await work.session.get(OrderRow, stay_id, populate_existing=True)
    return None if row is None else Order(**{**row.model_dump(), "disposition": Disposition(row.disposition)})


async def add_issue(work: Work, new: Issue) -> str | None:
    """Write an issue of medicine. Returns the name of the constraint that refused it, or None."""
    return await work.insert(IssueRow(**asdict(new)))


async def issue(work: Work, stay_id: UUID, issue_id: UUID) -> Issue:
    """One issue of a stay, or `Missing`."""
    row = await work.session.get(IssueRow, issue_id, populate_existing=True)
    if row is None or row.stay_id != stay_id:
        raise Missing("medicine-issue", issue_id)
    return _issue(row)


async def issues(work: Work, stay_id: UUID) -> list[Issue]:
    """All medicine issued for a stay, oldest first."""
    rows, place = IssueRow, (col(IssueRow.issued_at), col(IssueRow.issue_id))
    return [
        _issue(row)
        for row in await work.session.exec(select(rows).where(col(rows.stay_id) == stay_id).order_by(*place))
    ]


async def save_issues(work: Work, changed: Sequence[Issue]) -> None:
    """Write what became of issues; their account is locked by this transaction."""
    for one in changed:
        await work.session.exec(update(IssueRow).where(col(IssueRow.issue_id) == one.issue_id).values(**asdict(one)))


async def add_override(work: Work, new: Override) -> None:
    """Write down who overrode blockers and why."""
    work.session.add(OverrideRow(**asdict(new)))


async def clearance(work: Work, stay_id: UUID) -> Clearance:
    """The order and what is in the way."""
    found = await issues(work, stay_id)
    return Clearance(stay_id=stay_id, order=await order(work, stay_id), blockers=blockers(found))


def _issue(row: IssueRow) -> Issue:
    return Issue(**{**row.model_dump(), "outcome": row.outcome and Outcome(row.outcome)})
