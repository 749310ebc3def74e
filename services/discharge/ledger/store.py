"""Where the journal is kept, and the only SQL about it.

Invariants, all the database's own: a journal balances when its transaction commits (deferred constraint trigger
`journal_balanced`); a row is never changed or removed (trigger `append_only`); a journal is reversed at most once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, SmallInteger, func
from sqlmodel import Field, col, select

from services.discharge.ledger.model import Account, Entry, EntryKind, Move
from services.discharge.tables import Row
from shared.work import Missing, Work

ADD_JOURNAL = """
INSERT INTO journal (journal_id, stay_id, kind, payment_id, reversal_of, written_at) VALUES ($1, $2, $3, $4, $5, $6)
"""
ADD_SIDE = (
    "INSERT INTO journal_entry (journal_id, entry_no, account, debit_fen, credit_fen) VALUES ($1, $2, $3, $4, $5)"
)
KINDS = ", ".join(f"'{kind}'" for kind in EntryKind)
ACCOUNTS = ", ".join(f"'{account}'" for account in Account)


class JournalRow(Row, table=True):
    """One happening: a charge, a deposit, a settlement, a payment, a refund, or the reversal of one."""

    __tablename__ = "journal"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", name="journal_kind"),
        CheckConstraint("(kind = 'reversal') = (reversal_of IS NOT NULL)", name="journal_reversal_names_its_journal"),
    )

    journal_id: UUID = Field(primary_key=True)
    stay_id: UUID = Field(index=True)
    kind: str
    payment_id: UUID | None
    reversal_of: UUID | None = Field(unique=True, foreign_key="journal.journal_id")
    written_at: datetime = Field(sa_type=DateTime(timezone=True))


class JournalEntryRow(Row, table=True):
    """One side of a move: fen debited to an account or credited to it."""

    __tablename__ = "journal_entry"
    __table_args__ = (
        CheckConstraint(f"account IN ({ACCOUNTS})", name="journal_entry_account"),
        CheckConstraint(
            "debit_fen >= 0 AND credit_fen >= 0 AND (debit_fen > 0) <> (credit_fen > 0)", name="journal_entry_one_side"
        ),
    )

    journal_id: UUID = Field(primary_key=True, foreign_key="journal.journal_id")
    entry_no: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    account: str
    debit_fen: int = Field(sa_type=BigInteger)
    credit_fen: int = Field(sa_type=BigInteger)


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """An entry of the model with its id and its stay."""

    journal_id: UUID
    stay_id: UUID
    entry: Entry


async def add(work: Work, journals: Sequence[Journal]) -> None:
    """Write journals with both sides of every move. They are checked when the transaction commits."""
    connection = await work.sql()
    await connection.executemany(ADD_JOURNAL, [_values(journal, work.now) for journal in journals])
    await connection.executemany(ADD_SIDE, [side for journal in journals for side in _sides(journal)])


async def add_reversal(work: Work, journal: Journal) -> str | None:
    """Write a reversal. Returns the name of the constraint that refused it, or None."""
    try:
        async with (await work.sql()).transaction():
            await add(work, [journal])
    except asyncpg.UniqueViolationError as refusal:
        return str(refusal.constraint_name)
    return None


async def journal(work: Work, journal_id: UUID) -> Journal:
    """The journal as it was written, or `Missing`."""
    row = await work.session.get(JournalRow, journal_id)
    if row is None:
        raise Missing("journal", journal_id)
    query = select(JournalEntryRow).where(col(JournalEntryRow.journal_id) == journal_id)
    sides = (await work.session.exec(query.order_by(col(JournalEntryRow.entry_no)))).all()
    moves = tuple(
        Move(debit=Account(debit.account), credit=Account(credit.account), amount_fen=debit.debit_fen)
        for debit, credit in zip(sides[::2], sides[1::2], strict=True)
    )
    entry = Entry(kind=EntryKind(row.kind), moves=moves, payment_id=row.payment_id, reversal_of=row.reversal_of)
    return Journal(journal_id=row.journal_id, stay_id=row.stay_id, entry=entry)


async def balances(work: Work, stay_ids: Sequence[UUID]) -> dict[tuple[UUID, Account], int]:
    """Debits less credits of each account of each stay, summed by the database, in fen."""
    sides, journals = JournalEntryRow, JournalRow
    net = func.sum(col(sides.debit_fen) - col(sides.credit_fen))
    query = (
        select(journals.stay_id, sides.account, net)
        .join(sides, col(sides.journal_id) == col(journals.journal_id))
        .where(col(journals.stay_id).in_(stay_ids))
        .group_by(col(journals.stay_id), col(sides.account))
    )
    return {(stay_id, Account(account)): int(fen) for stay_id, account, fen in await work.session.exec(query)}


def _values(journal: Journal, now: datetime) -> tuple[object, ...]:
    entry = journal.entry
    return journal.journal_id, journal.stay_id, entry.kind, entry.payment_id, entry.reversal_of, now


def _sides(journal: Journal) -> list[tuple[object, ...]]:
    """The debit of move n stands at 2n, its credit at 2n + 1."""
    return [
        (journal.journal_id, 2 * place + side, account, debit, credit)
        for place, move in enumerate(journal.entry.moves)
        for side, account, debit, credit in (
            (0, move.debit, move.amount_fen, 0),
            (1, move.credit, 0, move.amount_fen),
        )
    ]
