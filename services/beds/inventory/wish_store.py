"""Where wishes for a round are kept; and the only SQL about them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Column, DateTime, Identity, delete, func
from sqlmodel import Field, col, select

from services.beds.tables import Row
from shared.work import Work


class RoundWantedRow(Row, table=True):
    """A reason to look at the whole pool again. Rows are only added and taken away, so nobody waits for anybody."""

    __tablename__ = "round_wanted"

    wanted_id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    wanted_at: datetime = Field(sa_type=DateTime(timezone=True))


async def want_round(work: Work) -> None:
    """Note that the pool should be looked at again."""
    work.session.add(RoundWantedRow(wanted_at=work.now))


async def wanted_rounds(work: Work) -> list[int]:
    """What a round that starts now answers."""
    return [number for number in await work.session.exec(select(RoundWantedRow.wanted_id)) if number is not None]


async def round_wanted_at(work: Work) -> datetime | None:
    """Since when a round is wanted; None when nothing has happened since the last."""
    return (await work.session.exec(select(func.min(RoundWantedRow.wanted_at)))).one()


async def forget_wanted(work: Work, answered: Sequence[int]) -> int:
    """Take away what a round has answered; how much of it was still there."""
    gone = await work.session.exec(delete(RoundWantedRow).where(col(RoundWantedRow.wanted_id).in_(answered)))
    return int(gone.rowcount)
