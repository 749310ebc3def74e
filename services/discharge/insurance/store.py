"""Where calls to the centre and the visits known there are kept, and the only SQL about them.

Invariants: a msgid is used once; one visit a stay. Raw requests and answers stay here and are never logged.
"""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, update
from sqlmodel import Field, col

from services.discharge.insurance.model import Visit
from services.discharge.tables import Row
from shared.work import Stale, Work

NUMBERS = "SELECT nextval('centre_msgid') AS number FROM generate_series(1, $1)"
"""The sequence goes round at 10,000; it is made by the migration."""


class CentreCallRow(Row, table=True):
    """One request to the centre as it was sent, and what came back. Times are wall time: they are for operators."""

    __tablename__ = "centre_call"
    __table_args__ = (
        CheckConstraint("length(msgid) = 30", name="centre_call_msgid"),
        CheckConstraint(
            "outcome IN ('ok', 'declined', 'unreachable', 'unanswered', 'unusable')", name="centre_call_outcome"
        ),
    )

    msgid: str = Field(primary_key=True)
    infno: str
    request: bytes
    asked_at: datetime = Field(sa_type=DateTime(timezone=True), index=True)
    answer: bytes | None
    outcome: str | None
    answered_at: datetime | None = Field(sa_type=DateTime(timezone=True))


class VisitRow(Row, table=True):
    """A stay as the centre knows it."""

    __tablename__ = "centre_visit"
    __table_args__ = (CheckConstraint("uploaded >= 0", name="centre_visit_uploaded"),)

    stay_id: UUID = Field(primary_key=True, foreign_key="account.stay_id")
    psn_no: str
    insutype: str
    admission_msgid: str = Field(unique=True)
    mdtrt_id: str | None = Field(unique=True)
    uploaded: int


async def numbers(work: Work, count: int) -> list[int]:
    """So many fresh sequence numbers for message ids."""
    return [row["number"] for row in await (await work.sql()).fetch(NUMBERS, count)]


async def add_call(work: Work, msgid: str, infno: str, request: bytes, asked_at: datetime) -> None:
    """Keep a request."""
    work.session.add(
        CentreCallRow(
            msgid=msgid,
            infno=infno,
            request=request,
            asked_at=asked_at,
            answer=None,
            outcome=None,
            answered_at=None,
        )
    )


async def answer_call(work: Work, msgid: str, answer: bytes | None, outcome: str, answered_at: datetime) -> None:
    """Keep an answer; what is known already is not lost."""
    changes: dict[str, object] = {"outcome": outcome, "answered_at": answered_at}
    if answer is not None:
        changes["answer"] = answer
    await work.session.exec(update(CentreCallRow).where(col(CentreCallRow.msgid) == msgid).values(**changes))


async def visit(work: Work, stay_id: UUID) -> Visit | None:
    """The stay as the centre knows it, or None."""
    row = await work.session.get(VisitRow, stay_id, populate_existing=True)
    return None if row is None else Visit(**row.model_dump())


async def add_visit(work: Work, new: Visit) -> str | None:
    """Write a visit that is about to be made known. Returns the name of the constraint that refused it, or None."""
    return await work.insert(VisitRow(**asdict(new)))


async def save_visit(work: Work, changed: Visit, admission_msgid: str) -> None:
    """Write the visit. Raises `Stale` when somebody else has asked for it anew since `admission_msgid`."""
    seen = (col(VisitRow.stay_id) == changed.stay_id) & (col(VisitRow.admission_msgid) == admission_msgid)
    result = await work.session.exec(update(VisitRow).where(seen).values(**asdict(changed)))
    if result.rowcount != 1:
        raise Stale("visit", changed.stay_id)


async def remove_visit(work: Work, visit: Visit) -> None:
    """Forget a visit that the centre does not have."""
    row = await work.session.get(VisitRow, visit.stay_id)
    if row is not None and row.admission_msgid == visit.admission_msgid:
        await work.session.delete(row)
