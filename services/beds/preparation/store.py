"""Where preparations are kept, with the history of marks and consents; and the only SQL about them.

Invariant: history is only added to (trigger `append_only`); the row of a preparation says the latest of it, and is
locked by whoever adds.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, BigInteger, CheckConstraint, Column, DateTime, Identity, Index, event, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.schema import ExecutableDDLElement
from sqlmodel import Field, col, select

from services.beds.preparation.model import (
    Consent,
    ConsentKept,
    DecidedBy,
    Decision,
    MarkKept,
    Preparation,
    State,
)
from services.beds.tables import Row
from shared.work import Work

APPEND_ONLY = """
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        MESSAGE = TG_TABLE_NAME || ' is append-only',
        HINT = 'add what is so now instead',
        ERRCODE = 'restrict_violation',
        CONSTRAINT = 'append_only';
END $$
"""
KEPT_FOR_EVER = ("preparation_mark", "consent")


def one_of(codes: type[State | Consent | Decision | DecidedBy]) -> str:
    """The codes as an SQL list."""
    return ", ".join(f"'{code}'" for code in codes)


def append_only(table: str) -> str:
    """The statement that guards a table of history."""
    return (
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
    )


for statement in (APPEND_ONLY, *map(append_only, KEPT_FOR_EVER)):
    guard: ExecutableDDLElement = DDL(statement)  # type: ignore[no-untyped-call]
    event.listen(Row.metadata, "after_create", guard)


class PreparationRow(Row, table=True):
    """How one request is prepared."""

    __tablename__ = "preparation"

    request_id: UUID = Field(primary_key=True, foreign_key="admission_request.request_id")
    patient_id: UUID
    items_version: str
    states: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    consents: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    version: int


class PreparationMarkRow(Row, table=True):
    """What somebody said of an item."""

    __tablename__ = "preparation_mark"
    __table_args__ = (
        CheckConstraint(f"state IN ({one_of(State)})", name="preparation_mark_state"),
        CheckConstraint("reason ~ '^[a-z0-9-]{1,40}$'", name="preparation_mark_reason_is_a_code"),
        CheckConstraint(
            "state NOT IN ('not-applicable', 'accepted-open') OR reason IS NOT NULL", name="preparation_mark_reason"
        ),
        Index("ix_preparation_mark_request_id", "request_id", "mark_id"),
    )

    mark_id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    request_id: UUID = Field(foreign_key="preparation.request_id")
    item: str
    state: str
    reason: str | None
    self_service: bool
    marked_by: str
    marked_at: datetime = Field(sa_type=DateTime(timezone=True))


class ConsentRow(Row, table=True):
    """What somebody decided."""

    __tablename__ = "consent"
    __table_args__ = (
        CheckConstraint(f"consent IN ({one_of(Consent)})", name="consent_kind"),
        CheckConstraint(f"decision IN ({one_of(Decision)})", name="consent_decision"),
        CheckConstraint(f"decided_by IN ({one_of(DecidedBy)})", name="consent_decided_by"),
        Index("ix_consent_request_id", "request_id", "consent_id"),
    )

    consent_id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    request_id: UUID = Field(foreign_key="preparation.request_id")
    consent: str
    decision: str
    decided_by: str
    recorded_by: str
    decided_at: datetime = Field(sa_type=DateTime(timezone=True))


async def preparation(work: Work, request_id: UUID) -> Preparation | None:
    """How a request is prepared; None while nobody has said anything."""
    row = await work.session.get(PreparationRow, request_id, populate_existing=True)
    return None if row is None else _preparation(row)


async def begun(work: Work, new: Preparation) -> Preparation:
    """The preparation of a request, begun as `new` where there is none; nobody else's until this work is done."""
    values = asdict(new)
    await work.session.exec(insert(PreparationRow).values(**values).on_conflict_do_nothing())
    query = select(PreparationRow).where(col(PreparationRow.request_id) == new.request_id).with_for_update()
    return _preparation((await work.session.exec(query, execution_options={"populate_existing": True})).one())


async def save(work: Work, changed: Preparation) -> None:
    """Write a preparation; its row is locked."""
    same = col(PreparationRow.request_id) == changed.request_id
    await work.session.exec(update(PreparationRow).where(same).values(**asdict(changed)))


async def add_marks(work: Work, request_id: UUID, marks: Sequence[MarkKept]) -> None:
    """Add to the history of items."""
    rows = [{"request_id": request_id, **asdict(mark)} for mark in marks]
    if rows:
        await work.session.exec(insert(PreparationMarkRow).values(rows))


async def add_consent(work: Work, request_id: UUID, consent: ConsentKept) -> None:
    """Add to the history of consents."""
    await work.session.exec(insert(ConsentRow).values(request_id=request_id, **asdict(consent)))


async def marks(work: Work, request_id: UUID) -> list[MarkKept]:
    """Everything that was said of a request's items, oldest first."""
    mine = col(PreparationMarkRow.request_id) == request_id
    query = select(PreparationMarkRow).where(mine).order_by(col(PreparationMarkRow.mark_id))
    return [_mark(row.model_dump(exclude={"mark_id", "request_id"})) for row in await work.session.exec(query)]


async def consents(work: Work, request_id: UUID) -> list[ConsentKept]:
    """Everything that was decided for a request, oldest first."""
    query = select(ConsentRow).where(col(ConsentRow.request_id) == request_id).order_by(col(ConsentRow.consent_id))
    return [_consent(row.model_dump(exclude={"consent_id", "request_id"})) for row in await work.session.exec(query)]


def _preparation(row: PreparationRow) -> Preparation:
    own = {
        "states": {item: State(state) for item, state in row.states.items()},
        "consents": {consent: Decision(decision) for consent, decision in row.consents.items()},
    }
    return Preparation(**{**row.model_dump(), **own})


def _mark(row: dict[str, Any]) -> MarkKept:
    return MarkKept(**{**row, "state": State(row["state"])})


def _consent(row: dict[str, Any]) -> ConsentKept:
    codes = {
        "consent": Consent(row["consent"]),
        "decision": Decision(row["decision"]),
        "decided_by": DecidedBy(row["decided_by"]),
    }
    return ConsentKept(**{**row, **codes})
