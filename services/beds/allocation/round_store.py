"""Where rounds are kept, who asked for one, and the policies that scored; and the only SQL about them.

Invariant: rounds are numbered without a gap, and of two that began after the same one only one is written.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel import Field, col, select

from services.beds.allocation.agenda import Kind
from services.beds.allocation.round_record import BedRound
from services.beds.tables import Row
from shared.work import Work

KINDS = ", ".join(f"'{kind}'" for kind in Kind)


class BedRoundRow(Row, table=True):
    """A round that was written."""

    __tablename__ = "bed_round"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", name="bed_round_kind"),
        Index("ix_bed_round_morning", "ended_at", postgresql_where=text("kind = 'morning'")),
    )

    round_no: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    kind: str
    policy_version: str
    waiting: int
    beds: int
    soon: int
    placed: int
    proposed: int
    bound: float
    achieved: float
    seconds: float
    longest_waits: dict[str, float] = Field(sa_column=Column(JSONB, nullable=False))
    ended_at: datetime = Field(sa_type=DateTime(timezone=True))


class RoundAskedRow(Row, table=True):
    """Somebody asks for a morning round now."""

    __tablename__ = "round_asked"

    asked_no: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    asked_at: datetime = Field(sa_type=DateTime(timezone=True))
    asked_by: str


class BedPolicyRow(Row, table=True):
    """A policy that has scored, so that its scores can be computed again when no file holds it any more."""

    __tablename__ = "bed_policy"

    digest: str = Field(primary_key=True)
    version: str
    valid_from: date
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    first_used_at: datetime = Field(sa_type=DateTime(timezone=True))


async def last_round_no(work: Work) -> int:
    """The number of the latest round, 0 for none."""
    return (await work.session.exec(select(func.coalesce(func.max(BedRoundRow.round_no), 0)))).one()


async def add_round(work: Work, new: BedRound) -> bool:
    """Write a round. False where another one has the number already."""
    written = await work.session.exec(insert(BedRoundRow).values(**asdict(new)).on_conflict_do_nothing())
    return written.rowcount == 1


async def rounds(work: Work, kind: Kind | None, limit: int) -> list[BedRound]:
    """The latest rounds, or those of a kind, the latest first."""
    query = select(BedRoundRow).order_by(col(BedRoundRow.round_no).desc()).limit(limit)
    if kind is not None:
        query = query.where(col(BedRoundRow.kind) == kind)
    return [BedRound(**{**row.model_dump(), "kind": Kind(row.kind)}) for row in await work.session.exec(query)]


async def last_morning(work: Work) -> datetime | None:
    """When the latest morning round was written."""
    morning = col(BedRoundRow.kind) == Kind.MORNING
    return (await work.session.exec(select(func.max(BedRoundRow.ended_at)).where(morning))).one()


async def ask(work: Work, asked_by: str) -> None:
    """Note that somebody wants a morning round."""
    work.session.add(RoundAskedRow(asked_at=work.now, asked_by=asked_by))


async def asked_since(work: Work) -> datetime | None:
    """Since when somebody wants one."""
    return (await work.session.exec(select(func.min(RoundAskedRow.asked_at)))).one()


async def forget_asked(work: Work, until: datetime) -> None:
    """A morning round that began at `until` answers whoever had asked."""
    await (await work.sql()).execute("DELETE FROM round_asked WHERE asked_at <= $1", until)


async def forget_rounds(work: Work, before: datetime) -> None:
    """Let old rounds go, but for the morning's, which are the record of each day."""
    await (await work.sql()).execute("DELETE FROM bed_round WHERE kind <> 'morning' AND ended_at < $1", before)


async def put_policy(work: Work, digest: str, version: str, valid_from: date, content: Mapping[str, Any]) -> None:
    """Keep a policy that scores."""
    row = insert(BedPolicyRow).values(
        digest=digest, version=version, valid_from=valid_from, content=dict(content), first_used_at=work.now
    )
    await work.session.exec(row.on_conflict_do_nothing())


async def policy(work: Work, digest: str) -> dict[str, Any] | None:
    """A policy that has scored, as it was kept."""
    row = await work.session.get(BedPolicyRow, digest)
    return None if row is None else row.content
