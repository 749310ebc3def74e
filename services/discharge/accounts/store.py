"""Where accounts, fee lines, deposits and coverage are kept, and the only SQL about them.

Invariants: one account a stay; fee lines are numbered without a gap and never changed (trigger `append_only`); a return
repeats the terms of its original and no more goes back than was charged (trigger `charge_return`).
"""

from collections.abc import Sequence
from dataclasses import asdict, astuple
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import asyncpg
from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, Numeric, UniqueConstraint, func, or_, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col, select

from services.discharge.accounts.model import (
    Account,
    AccountState,
    Charge,
    Coverage,
    Deposit,
    LineClass,
    Standing,
    Summary,
)
from services.discharge.ledger.model import Channel
from services.discharge.tables import Row
from shared.work import Missing, Work

ONE_CHARGE_AN_ID = "charge_pkey"
RETURN_WITHIN_ORIGINAL = "charge_return"
CHARGE_COLUMNS = ", ".join(Charge.__dataclass_fields__)
CHARGE_VALUES = ", ".join(f"${place}" for place, _ in enumerate(Charge.__dataclass_fields__, 1))
ADD_CHARGE = f"INSERT INTO charge ({CHARGE_COLUMNS}) VALUES ({CHARGE_VALUES})"  # noqa: S608 - our own columns
CHARGES = f"SELECT {CHARGE_COLUMNS} FROM charge WHERE stay_id = $1 ORDER BY line_no"  # noqa: S608 - our own columns
NOT_COUNTING = text("admission_cancelled_at IS NOT NULL AND voided_at IS NULL")
STATES = ", ".join(f"'{state}'" for state in AccountState)
CHANNELS = ", ".join(f"'{channel}'" for channel in Channel)


class AccountRow(Row, table=True):
    """The account of a stay in the latest version."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="account_state"),
        CheckConstraint("(state = 'left') = (left_at IS NOT NULL)", name="account_left_says_when"),
        CheckConstraint("lines >= 0", name="account_lines"),
        Index("ix_account_cancelled", "admission_cancelled_at", postgresql_where=NOT_COUNTING),
    )

    stay_id: UUID = Field(primary_key=True)
    patient_id: UUID = Field(index=True)
    state: str
    lines: int
    opened_at: datetime = Field(sa_type=DateTime(timezone=True))
    left_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    admission_cancelled_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    voided_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    version: int


class ChargeRow(Row, table=True):
    """A fee line."""

    __tablename__ = "charge"
    __table_args__ = (
        UniqueConstraint("stay_id", "line_no", name="charge_line_no"),
        CheckConstraint("line_class IN ('01', '02', '03')", name="charge_line_class"),
        CheckConstraint("price_fen >= 0 AND price_limit_fen >= 0", name="charge_price"),
        CheckConstraint("preself_ratio BETWEEN 0 AND 1", name="charge_preself_ratio"),
        CheckConstraint("(count < 0) = (return_of IS NOT NULL) AND count <> 0", name="charge_return_names_original"),
        CheckConstraint("amount_fen = round(price_fen * count)", name="charge_amount"),
    )

    charge_id: UUID = Field(primary_key=True)
    stay_id: UUID = Field(foreign_key="account.stay_id")
    line_no: int
    item_code: str
    line_class: str
    price_fen: int = Field(sa_type=BigInteger)
    count: Decimal = Field(sa_type=Numeric)
    price_limit_fen: int | None = Field(sa_type=BigInteger)
    preself_ratio: Decimal = Field(sa_type=Numeric)
    amount_fen: int = Field(sa_type=BigInteger)
    encounter_id: UUID | None
    return_of: UUID | None = Field(foreign_key="charge.charge_id", index=True)
    charged_at: datetime = Field(sa_type=DateTime(timezone=True))
    posted_at: datetime = Field(sa_type=DateTime(timezone=True))


class DepositRow(Row, table=True):
    """Money paid in advance."""

    __tablename__ = "deposit"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="deposit_amount"),
        CheckConstraint(f"channel IN ({CHANNELS})", name="deposit_channel"),
    )

    payment_id: UUID = Field(primary_key=True)
    stay_id: UUID = Field(foreign_key="account.stay_id", index=True)
    place: int
    channel: str
    amount_fen: int = Field(sa_type=BigInteger)
    received_at: datetime = Field(sa_type=DateTime(timezone=True))


class CoverageRow(Row, table=True):
    """How a patient is insured, as the register said it."""

    __tablename__ = "coverage"
    __table_args__ = (CheckConstraint("insutype IN ('310', '390')", name="coverage_insutype"),)

    patient_id: UUID = Field(primary_key=True)
    insutype: str
    retired: bool
    low_income: bool


async def add_account(work: Work, new: Account) -> str | None:
    """Write a new account. Returns the name of the constraint that refused it, or None."""
    return await work.insert(AccountRow(**asdict(new)))


async def account(work: Work, stay_id: UUID, *, lock: bool = False) -> Account:
    """The account, or `Missing`. With `lock` nobody else changes it until this transaction ends."""
    row = await work.session.get(AccountRow, stay_id, populate_existing=True, with_for_update=lock or None)
    if row is None:
        raise Missing("account", stay_id)
    return Account(**{**row.model_dump(), "state": AccountState(row.state)})


async def save_account(work: Work, changed: Account) -> None:
    """Write the account as it is now; its row is locked by this transaction."""
    mine = col(AccountRow.stay_id) == changed.stay_id
    await work.session.exec(update(AccountRow).where(mine).values(**asdict(changed)))


async def add_charges(work: Work, charges: Sequence[Charge]) -> str | None:
    """Write fee lines, all or none. Returns the name of the constraint that refused one, or None."""
    connection = await work.sql()
    try:
        async with connection.transaction():
            await connection.executemany(ADD_CHARGE, [astuple(charge) for charge in charges])
    except asyncpg.IntegrityConstraintViolationError as refusal:
        return str(refusal.constraint_name)
    return None


async def charges(work: Work, stay_id: UUID) -> list[Charge]:
    """The fee lines of a stay in the order they were posted."""
    rows = await (await work.sql()).fetch(CHARGES, stay_id)
    return [Charge(**{**row, "line_class": LineClass(row["line_class"])}) for row in rows]


async def charges_about(work: Work, stay_id: UUID, charge_ids: Sequence[UUID]) -> dict[UUID, Charge]:
    """Those lines of a stay, and their returns, by id."""
    about = or_(col(ChargeRow.charge_id).in_(charge_ids), col(ChargeRow.return_of).in_(charge_ids))
    query = select(ChargeRow).where(col(ChargeRow.stay_id) == stay_id, about)
    return {row.charge_id: _charge(row) for row in await work.session.exec(query)}


async def encounters(work: Work, stay_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The encounters that a stay's lines name, each once, in the order of their first line."""
    first = func.min(col(ChargeRow.line_no))
    query = (
        select(ChargeRow.stay_id, ChargeRow.encounter_id)
        .where(col(ChargeRow.stay_id).in_(stay_ids), col(ChargeRow.encounter_id).is_not(None))
        .group_by(col(ChargeRow.stay_id), col(ChargeRow.encounter_id))
        .order_by(col(ChargeRow.stay_id), first)
    )
    found: dict[UUID, list[UUID]] = {stay_id: [] for stay_id in stay_ids}
    for stay_id, encounter_id in await work.session.exec(query):
        if encounter_id is not None:
            found[stay_id].append(encounter_id)
    return found


async def add_deposit(work: Work, new: Deposit, place: int) -> str | None:
    """Write a deposit, the `place`th event of its account. Returns the constraint that refused it, or None."""
    return await work.insert(DepositRow(**asdict(new), place=place))


async def deposits(work: Work, stay_id: UUID) -> list[Deposit]:
    """The deposits of a stay, earliest first."""
    query = select(DepositRow).where(col(DepositRow.stay_id) == stay_id).order_by(col(DepositRow.place))
    rows = await work.session.exec(query)
    return [Deposit(**{**row.model_dump(exclude={"place"}), "channel": Channel(row.channel)}) for row in rows]


async def remember_coverage(work: Work, coverage: Coverage) -> None:
    """Keep how a patient is insured, in place of what was known."""
    values = asdict(coverage)
    written = insert(CoverageRow).values(**values)
    await work.session.exec(written.on_conflict_do_update(index_elements=["patient_id"], set_=values))


async def coverage(work: Work, patient_id: UUID) -> Coverage:
    """How a patient is insured, or `Missing` when the register's event has not come yet."""
    row = await work.session.get(CoverageRow, patient_id, populate_existing=True)
    if row is None:
        raise Missing("coverage", patient_id)
    return Coverage(**row.model_dump())


async def standing(work: Work, stay_id: UUID) -> Standing:
    """The account with its sums, or `Missing`."""
    charged = select(func.coalesce(func.sum(ChargeRow.amount_fen), 0)).where(col(ChargeRow.stay_id) == stay_id)
    paid = select(func.coalesce(func.sum(DepositRow.amount_fen), 0)).where(col(DepositRow.stay_id) == stay_id)
    return Standing(
        account=await account(work, stay_id),
        charges_fen=int((await work.session.exec(charged)).one()),
        deposits_fen=int((await work.session.exec(paid)).one()),
    )


async def cancelled(work: Work, limit: int) -> list[UUID]:
    """The stays of cancelled admissions whose account is not voided, the oldest first."""
    since = col(AccountRow.admission_cancelled_at)
    open_ones = select(AccountRow.stay_id).where(since.is_not(None), col(AccountRow.voided_at).is_(None))
    return list(await work.session.exec(open_ones.order_by(since).limit(limit)))


async def summary(work: Work) -> Summary:
    """All accounts together."""
    states = select(AccountRow.state, func.count()).group_by(AccountRow.state).order_by(AccountRow.state)
    charged = select(func.count(), func.coalesce(func.sum(ChargeRow.amount_fen), 0)).select_from(ChargeRow)
    paid = select(func.count(), func.coalesce(func.sum(DepositRow.amount_fen), 0)).select_from(DepositRow)
    charges_count, charges_fen = (await work.session.exec(charged)).one()
    deposits_count, deposits_fen = (await work.session.exec(paid)).one()
    return Summary(
        by_state=dict((await work.session.exec(states)).all()),
        charges=charges_count,
        charges_fen=int(charges_fen),
        deposits=deposits_count,
        deposits_fen=int(deposits_fen),
    )


def _charge(row: ChargeRow) -> Charge:
    return Charge(**{**row.model_dump(), "line_class": LineClass(row.line_class)})
