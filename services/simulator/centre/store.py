"""Where the simulated centre keeps persons, visits, fee lines, settlements and faults, and the only SQL about them.

Invariants: a msgid takes effect once; one standing settlement a visit; no personal account below zero.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Numeric,
    SmallInteger,
    func,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.discharge.settlement.model import LineClass, YearToDate
from services.simulator.centre.model import (
    FaultKind,
    FeeLine,
    Insured,
    No,
    Settlement,
    SettlementState,
    Visit,
    YearSums,
)
from services.simulator.tables import Row
from shared.work import Missing, Work

KINDS = ", ".join(f"'{kind}'" for kind in FaultKind)
STATES = ", ".join(f"'{state}'" for state in SettlementState)


def _fen() -> Any:  # noqa: ANN401 - a column, which SQLModel types as its value
    return Field(sa_type=BigInteger)


class PersonRow(Row, table=True):
    """A person of the scheme."""

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint("insutype IN ('310', '390')", name="person_insutype"),
        CheckConstraint("account_balance_fen >= 0", name="person_account_balance"),
    )

    psn_no: str = Field(primary_key=True)
    insutype: str
    retired: bool
    low_income: bool
    account_balance_fen: int = _fen()


class VisitRow(Row, table=True):
    """A stay that a hospital made known."""

    __tablename__ = "visit"

    mdtrt_id: str = Field(primary_key=True)
    psn_no: str = Field(foreign_key="person.psn_no", index=True)
    insutype: str
    ipt_no: str
    began_at: str
    msgid: str = Field(unique=True)


class FeeLineRow(Row, table=True):
    """A fee line of a visit."""

    __tablename__ = "fee_line"

    mdtrt_id: str = Field(primary_key=True, foreign_key="visit.mdtrt_id", ondelete="CASCADE")
    feedetl_sn: str = Field(primary_key=True)
    place: int
    init_feedetl_sn: str | None
    item_code: str
    line_class: str
    price_fen: int = _fen()
    count: Decimal = Field(sa_type=Numeric)
    price_limit_fen: int | None = _fen()
    preself_ratio: Decimal = Field(sa_type=Numeric)
    amount_fen: int = _fen()


class SettlementRow(Row, table=True):
    """A settlement, standing or taken back."""

    __tablename__ = "settlement"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="settlement_state"),
        CheckConstraint("fund_fen + personal_fen = medfee_fen", name="settlement_funds_and_person"),
        CheckConstraint("account_fen + cash_fen = personal_fen", name="settlement_account_and_cash"),
        Index("one_standing_settlement", "mdtrt_id", unique=True, postgresql_where=text("state = 'standing'")),
        Index("ix_settlement_year", "psn_no", "insutype", "year"),
    )

    setl_id: str = Field(primary_key=True)
    msgid: str = Field(unique=True)
    mdtrt_id: str = Field(foreign_key="visit.mdtrt_id")
    psn_no: str = Field(foreign_key="person.psn_no")
    insutype: str
    year: int = Field(sa_type=SmallInteger)
    state: str
    medfee_fen: int = _fen()
    ownpay_fen: int = _fen()
    overlimit_fen: int = _fen()
    preself_fen: int = _fen()
    in_scope_fen: int = _fen()
    deductible_fen: int = _fen()
    hifp_fen: int = _fen()
    hifob_fen: int = _fen()
    hifmi_fen: int = _fen()
    maf_fen: int = _fen()
    fund_fen: int = _fen()
    personal_fen: int = _fen()
    account_fen: int = _fen()
    cash_fen: int = _fen()
    burden_fen: int = _fen()
    settled_at: datetime = Field(sa_type=DateTime(timezone=True))


class TransactionRow(Row, table=True):
    """A transaction that took effect, with its answer: the same msgid gets it again."""

    __tablename__ = "transaction"

    msgid: str = Field(primary_key=True)
    infno: str
    answer: dict[str, Any] = Field(sa_type=JSONB)


class ReversedRow(Row, table=True):
    """A msgid that was reversed (2601), before or after it came."""

    __tablename__ = "reversed_msgid"

    msgid: str = Field(primary_key=True)


class FaultRow(Row, table=True):
    """A fault that is switched on, so many times."""

    __tablename__ = "fault"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", name="fault_kind"),
        CheckConstraint("times_left >= 0", name="fault_times"),
    )

    fault_id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    infno: str
    kind: str
    times_left: int


async def person(work: Work, psn_no: str, *, lock: bool = False) -> Insured | None:
    """The person, or None. With `lock` nothing else is settled for them until this transaction ends."""
    row = await work.session.get(PersonRow, psn_no, populate_existing=True, with_for_update=lock or None)
    return None if row is None else Insured(**row.model_dump())


async def person_or_missing(work: Work, psn_no: str) -> Insured:
    """The person, or `Missing`."""
    found = await person(work, psn_no)
    if found is None:
        raise Missing("person", psn_no)
    return found


async def save_person(work: Work, insured: Insured) -> None:
    """Write the person, new or known."""
    await work.session.merge(PersonRow(**asdict(insured)))


async def add_visit(work: Work, visit: Visit) -> None:
    """Write a visit."""
    work.session.add(VisitRow(**asdict(visit)))


async def visit(work: Work, mdtrt_id: str) -> Visit | None:
    """The visit, or None."""
    row = await work.session.get(VisitRow, mdtrt_id)
    return None if row is None else Visit(**row.model_dump())


async def remove_visit(work: Work, msgid: str) -> None:
    """Forget the visit that a 2401 made; its fee lines go with it."""
    row = (await work.session.exec(select(VisitRow).where(col(VisitRow.msgid) == msgid))).one_or_none()
    if row is not None:
        await work.session.delete(row)


async def add_lines(work: Work, mdtrt_id: str, known: int, new: Sequence[FeeLine]) -> None:
    """Write fee lines behind those that are known."""
    rows = (FeeLineRow(mdtrt_id=mdtrt_id, place=place, **asdict(line)) for place, line in enumerate(new, known + 1))
    work.session.add_all(rows)


async def lines(work: Work, mdtrt_id: str) -> list[FeeLine]:
    """The fee lines of a visit in the order they came."""
    query = select(FeeLineRow).where(col(FeeLineRow.mdtrt_id) == mdtrt_id).order_by(col(FeeLineRow.place))
    kept = {"mdtrt_id", "place"}
    return [
        FeeLine(**{**row.model_dump(exclude=kept), "line_class": LineClass(row.line_class)})
        for row in await work.session.exec(query)
    ]


async def year(work: Work, psn_no: str, insutype: str, of_year: int) -> YearSums:
    """What the standing settlements of the year have used up."""
    rows = SettlementRow
    mine = (col(rows.psn_no) == psn_no, col(rows.insutype) == insutype, col(rows.year) == of_year)
    columns = (rows.hifp_fen, rows.hifob_fen, rows.burden_fen, rows.maf_fen)
    sums = [func.coalesce(func.sum(column), 0) for column in columns]
    query: Any = select(func.count(), *sums).where(*mine, col(rows.state) == SettlementState.STANDING)
    count, *used_fen = (await work.session.exec(query)).one()
    hifp, hifob, burden, maf = map(int, used_fen)
    used = YearToDate(hifp_pay_fen=hifp, hifob_pay_fen=hifob, compliant_burden_fen=burden, maf_pay_fen=maf)
    return YearSums(settlements=count, used=used)


async def add_settlement(work: Work, new: Settlement) -> None:
    """Write a settlement. Raises `No` when one stands for the visit."""
    if await work.insert(SettlementRow(**asdict(new))):
        raise No("the visit is settled already")


async def settlement_by(work: Work, **where: str) -> Settlement | None:
    """The settlement with that msgid or setl_id, or None."""
    conditions = [getattr(SettlementRow, name) == value for name, value in where.items()]
    row = (await work.session.exec(select(SettlementRow).where(*conditions))).one_or_none()
    return None if row is None else Settlement(**{**row.model_dump(), "state": SettlementState(row.state)})


async def save_settlement(work: Work, changed: Settlement) -> None:
    """Write whether it stands."""
    mine = col(SettlementRow.setl_id) == changed.setl_id
    await work.session.exec(update(SettlementRow).where(mine).values(state=changed.state))


async def lock(work: Work, msgid: str) -> None:
    """Let what concerns this msgid happen one after the other."""
    await (await work.sql()).execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", msgid)


async def answered(work: Work, msgid: str) -> TransactionRow | None:
    """What the transaction with this msgid was answered, or None."""
    return await work.session.get(TransactionRow, msgid)


async def remember(work: Work, msgid: str, infno: str, answer: dict[str, Any]) -> bool:
    """Keep an answer. False when the msgid has taken effect in the meantime."""
    return await work.insert(TransactionRow(msgid=msgid, infno=infno, answer=answer)) is None


async def is_reversed(work: Work, msgid: str) -> bool:
    """Whether that msgid was reversed."""
    return await work.session.get(ReversedRow, msgid) is not None


async def reverse(work: Work, msgid: str) -> None:
    """Let that msgid take no effect any more."""
    await work.insert(ReversedRow(msgid=msgid))


async def add_fault(work: Work, infno: str, kind: FaultKind, times: int) -> None:
    """Switch a fault on."""
    work.session.add(FaultRow(infno=infno, kind=kind, times_left=times))


async def remove_faults(work: Work) -> None:
    """Switch all faults off."""
    await work.session.exec(update(FaultRow).values(times_left=0))


async def take_fault(work: Work, infno: str) -> FaultKind | None:
    """The fault that this call meets, if one is switched on; it is used up."""
    query = select(FaultRow).where(col(FaultRow.infno) == infno, col(FaultRow.times_left) > 0)
    row = (await work.session.exec(query.order_by(col(FaultRow.fault_id)).limit(1).with_for_update())).one_or_none()
    if row is None:
        return None
    row.times_left -= 1
    work.session.add(row)
    return FaultKind(row.kind)
