"""Where settlements, refunds and bedside payments are kept, and the only SQL about them.

Invariants, all the database's own: one live settlement a stay; identities A to D; cash = deposit - refund + what is to
be paid; a msgid is stored before anything is sent, and is used once; no more is taken than is due.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, UniqueConstraint, func, text, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.discharge.insurance.model import BillToSettle, Figures
from services.discharge.ledger.model import Channel, Payment
from services.discharge.settlement.stages import ASKING, OVER, Settlement, Stage
from services.discharge.tables import Row
from shared.work import Missing, Stale, Work

ONE_LIVE_SETTLEMENT = "one_live_settlement_a_stay"
STAGES = ", ".join(f"'{stage}'" for stage in Stage)
ASKED = ", ".join(f"'{stage}'" for stage in sorted(ASKING))
ENDED = ", ".join(f"'{stage}'" for stage in sorted(OVER))
IDENTITIES = {
    "identity_a": "medfee_sumamt_fen = fulamt_ownpay_amt_fen + overlmt_selfpay_fen + preselfpay_amt_fen"
    " + inscp_scp_amt_fen",
    "identity_b": "fund_pay_sumamt_fen = hifp_pay_fen + hifob_pay_fen + hifmi_pay_fen + maf_pay_fen + oth_pay_fen",
    "identity_c": "psn_part_amt_fen = medfee_sumamt_fen - fund_pay_sumamt_fen",
    "identity_d": "psn_cash_pay_fen = psn_part_amt_fen - acct_pay_fen",
    "cash_adds_up": "psn_cash_pay_fen = deposit_fen - refund_fen + to_pay_fen AND (refund_fen = 0 OR to_pay_fen = 0)",
    "refund_within_deposit": "refund_fen BETWEEN 0 AND deposit_fen",
    "no_more_taken_than_due": "paid_at_bedside_fen BETWEEN 0 AND to_pay_fen",
    "paid_when_settled": "paid_at_bedside_fen = 0 OR stage = 'settled'",
    "settled_says_when": "(stage = 'settled') = (setl_id IS NOT NULL AND settled_at IS NOT NULL)",
    "asked_with_a_msgid": f"msgid IS NOT NULL OR stage NOT IN ({ASKED}, 'settled', 'reversed', 'refused')",
    "asked_is_looked_after": f"(stage IN ({ASKED})) = (resolve_at IS NOT NULL)",
    "stage": f"stage IN ({STAGES})",
}
NO_COLUMNS = {"figures", "bill"}


def _fen() -> Any:  # noqa: ANN401 - a column, which SQLModel types as its value
    return Field(sa_type=BigInteger)


def _instant(*, index: bool = False) -> Any:  # noqa: ANN401
    return Field(sa_type=DateTime(timezone=True), index=index)


class SettlementRow(Row, table=True):
    """One attempt to settle a stay in the latest version."""

    __tablename__ = "settlement"
    __table_args__ = (
        *(CheckConstraint(rule, name=f"settlement_{name}") for name, rule in IDENTITIES.items()),
        UniqueConstraint("stay_id", "attempt", name="settlement_attempt"),
        Index(ONE_LIVE_SETTLEMENT, "stay_id", unique=True, postgresql_where=text(f"stage NOT IN ({ENDED})")),
        Index("ix_settlement_resolve_at", "resolve_at", postgresql_where=text("resolve_at IS NOT NULL")),
    )

    settlement_id: UUID = Field(primary_key=True)
    stay_id: UUID = Field(foreign_key="account.stay_id")
    patient_id: UUID
    attempt: int
    stage: str
    snapshot: str
    lines: int
    pack: str
    pack_version: str
    calculator_agrees: bool
    case: dict[str, Any] = Field(sa_type=JSONB)
    psn_no: str
    insutype: str
    mdtrt_id: str
    ended_on: date
    medfee_sumamt_fen: int = _fen()
    fulamt_ownpay_amt_fen: int = _fen()
    overlmt_selfpay_fen: int = _fen()
    preselfpay_amt_fen: int = _fen()
    inscp_scp_amt_fen: int = _fen()
    act_pay_dedc_fen: int = _fen()
    hifp_pay_fen: int = _fen()
    hifob_pay_fen: int = _fen()
    hifmi_pay_fen: int = _fen()
    maf_pay_fen: int = _fen()
    oth_pay_fen: int = _fen()
    fund_pay_sumamt_fen: int = _fen()
    psn_part_amt_fen: int = _fen()
    acct_pay_fen: int = _fen()
    psn_cash_pay_fen: int = _fen()
    deposit_fen: int = _fen()
    refund_fen: int = _fen()
    to_pay_fen: int = _fen()
    paid_at_bedside_fen: int = _fen()
    msgid: str | None = Field(unique=True)
    setl_id: str | None = Field(unique=True)
    first_screen_at: datetime = _instant()
    presettled_at: datetime = _instant()
    confirmed_at: datetime | None = _instant()
    sent_at: datetime | None = _instant()
    settled_at: datetime | None = _instant(index=True)
    resolve_at: datetime | None = _instant()
    resolve_attempts: int
    version: int


class RefundRow(Row, table=True):
    """A part of a deposit that went back the way it came."""

    __tablename__ = "refund"
    __table_args__ = (CheckConstraint("amount_fen > 0", name="refund_amount"),)

    payment_id: UUID = Field(primary_key=True, foreign_key="deposit.payment_id")
    settlement_id: UUID = Field(foreign_key="settlement.settlement_id", index=True)
    channel: str
    amount_fen: int = _fen()
    refunded_at: datetime = _instant()


class PaymentRow(Row, table=True):
    """Money taken at the bedside."""

    __tablename__ = "bedside_payment"
    __table_args__ = (CheckConstraint("amount_fen > 0", name="bedside_payment_amount"),)

    payment_id: UUID = Field(primary_key=True)
    settlement_id: UUID = Field(foreign_key="settlement.settlement_id", index=True)
    channel: str
    amount_fen: int = _fen()
    paid_at: datetime = _instant()


async def settlement(work: Work, settlement_id: UUID, *, lock: bool = False) -> Settlement:
    """One attempt, or `Missing`."""
    row = await work.session.get(SettlementRow, settlement_id, populate_existing=True, with_for_update=lock or None)
    if row is None:
        raise Missing("settlement", settlement_id)
    return _settlement(row)


async def live(work: Work, stay_id: UUID) -> Settlement | None:
    """The stay's live settlement, or None."""
    standing = (col(SettlementRow.stay_id) == stay_id) & col(SettlementRow.stage).not_in(OVER)
    row = (await work.session.exec(select(SettlementRow).where(standing))).one_or_none()
    return None if row is None else _settlement(row)


async def attempts(work: Work, stay_id: UUID) -> list[Settlement]:
    """Every attempt to settle the stay, in order."""
    query = select(SettlementRow).where(col(SettlementRow.stay_id) == stay_id).order_by(col(SettlementRow.attempt))
    return [_settlement(row) for row in await work.session.exec(query)]


async def add(work: Work, new: Settlement) -> str | None:
    """Write a new attempt. Returns the name of the constraint that refused it, or None."""
    return await work.insert(SettlementRow(**_values(new)))


async def save(work: Work, changed: Settlement) -> None:
    """Write the next version. Raises `Stale` when somebody else wrote it first."""
    mine = col(SettlementRow.settlement_id) == changed.settlement_id
    previous = mine & (col(SettlementRow.version) == changed.version - 1)
    result = await work.session.exec(update(SettlementRow).where(previous).values(**_values(changed)))
    if result.rowcount != 1:
        raise Stale("settlement", changed.settlement_id)


async def add_refunds(work: Work, settlement_id: UUID, refunds: Sequence[Payment]) -> None:
    """Write what goes back."""
    work.session.add_all(
        RefundRow(**asdict(payment), settlement_id=settlement_id, refunded_at=work.now) for payment in refunds
    )


async def refunds(work: Work, settlement_id: UUID) -> list[Payment]:
    """What went back."""
    query = select(RefundRow).where(col(RefundRow.settlement_id) == settlement_id).order_by(col(RefundRow.payment_id))
    return [_payment(row) for row in await work.session.exec(query)]


async def add_payment(work: Work, settlement_id: UUID, payment: Payment) -> str | None:
    """Write money taken at the bedside. Returns the name of the constraint that refused it, or None."""
    return await work.insert(PaymentRow(**asdict(payment), settlement_id=settlement_id, paid_at=work.now))


async def payments(work: Work, settlement_id: UUID) -> list[Payment]:
    """What was taken at the bedside."""
    mine = col(PaymentRow.settlement_id) == settlement_id
    query = select(PaymentRow).where(mine).order_by(col(PaymentRow.paid_at), col(PaymentRow.payment_id))
    return [_payment(row) for row in await work.session.exec(query)]


async def next_resolve_at(work: Work) -> datetime | None:
    """When the recovery has to look next; None when nothing waits for the centre."""
    query = select(func.min(SettlementRow.resolve_at)).where(col(SettlementRow.resolve_at).is_not(None))
    return (await work.session.exec(query)).one()


async def overdue(work: Work, limit: int) -> list[Settlement]:
    """What waits for the centre and is due, locked; what others have locked is theirs."""
    due = col(SettlementRow.resolve_at) <= work.now
    query = select(SettlementRow).where(due).order_by(col(SettlementRow.resolve_at)).limit(limit)
    rows = await work.session.exec(query.with_for_update(skip_locked=True))
    return [_settlement(row) for row in rows]


async def settled(work: Work, after: UUID | None, limit: int) -> list[Settlement]:
    """Settled stays in the order they were settled, from behind the settlement `after`."""
    rows, place = SettlementRow, tuple_(col(SettlementRow.settled_at), col(SettlementRow.settlement_id))
    query = select(rows).where(col(rows.stage) == Stage.SETTLED).order_by(*place).limit(limit)
    if after is not None:
        last = await settlement(work, after)
        query = query.where(place > (last.settled_at, last.settlement_id))
    return [_settlement(row) for row in await work.session.exec(query)]


async def stages(work: Work) -> dict[str, int]:
    """How many attempts there are at each stage."""
    query = select(SettlementRow.stage, func.count()).group_by(SettlementRow.stage).order_by(SettlementRow.stage)
    return dict((await work.session.exec(query)).all())


async def totals(work: Work) -> dict[str, int]:
    """The sums over all that is settled, in fen."""
    names = (*Figures.__dataclass_fields__, "deposit_fen", "refund_fen", "to_pay_fen", "paid_at_bedside_fen")
    sums = [func.coalesce(func.sum(getattr(SettlementRow, name)), 0) for name in names]
    query = select(*sums).where(col(SettlementRow.stage) == Stage.SETTLED)
    found = (await work.session.exec(query)).one()
    return {name: int(fen) for name, fen in zip(names, found, strict=True)}


def _values(settlement: Settlement) -> dict[str, Any]:
    fields = {name: getattr(settlement, name) for name in Settlement.__dataclass_fields__ if name not in NO_COLUMNS}
    bill = {name: value for name, value in asdict(settlement.bill).items() if name != "medfee_sumamt_fen"}
    return {**fields, **asdict(settlement.figures), **bill}


def _settlement(row: SettlementRow) -> Settlement:
    held = row.model_dump()
    figures = Figures(**{name: held.pop(name) for name in Figures.__dataclass_fields__})
    bill = BillToSettle(
        psn_no=held.pop("psn_no"),
        insutype=held.pop("insutype"),
        mdtrt_id=held.pop("mdtrt_id"),
        medfee_sumamt_fen=figures.medfee_sumamt_fen,
        ended_on=held.pop("ended_on"),
    )
    return Settlement(**{**held, "stage": Stage(row.stage)}, figures=figures, bill=bill)


def _payment(row: RefundRow | PaymentRow) -> Payment:
    return Payment(payment_id=row.payment_id, channel=Channel(row.channel), amount_fen=row.amount_fen)
