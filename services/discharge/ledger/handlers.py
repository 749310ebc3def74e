"""What the other capabilities ask of the ledger, in the transaction of what they tell."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from uuid import UUID

from services.discharge.ledger import model, store
from services.discharge.ledger.model import Account, Entry
from shared.decision import Refused
from shared.ids import derived_id
from shared.work import Work

Balances = Mapping[Account, int]


class Reason(StrEnum):
    """Why a command was refused."""

    ALREADY_REVERSED = "already-reversed"


async def post(stay_id: UUID, entries: Sequence[tuple[UUID, Entry]], work: Work) -> None:
    """Write entries, each with the id of what it tells (a charge, a payment, a settlement); once for each such id.

    An entry that moves nothing, such as a charge of 0.00, is not written.
    """
    journals = [
        store.Journal(journal_id=derived_id(cause, entry.kind), stay_id=stay_id, entry=entry)
        for cause, entry in entries
        if entry.moves
    ]
    await store.add(work, journals)


async def reverse(journal_id: UUID, work: Work) -> UUID | Refused:
    """Undo a journal move by move; the reversal's id. `Missing` when there is none, `ValueError` for a reversal."""
    original = await store.journal(work, journal_id)
    entry = model.reversal(original.entry, journal_id)
    undone = store.Journal(journal_id=derived_id(journal_id, entry.kind), stay_id=original.stay_id, entry=entry)
    if await store.add_reversal(work, undone):
        return Refused(reason=Reason.ALREADY_REVERSED, remedy="write the entry anew instead")
    return undone.journal_id


async def balances(stay_ids: Sequence[UUID], work: Work) -> dict[UUID, Balances]:
    """Debits less credits of each account by stay, in fen, as the database sums them; 0 for what was not touched."""
    sums = await store.balances(work, stay_ids)
    return {stay: {account: sums.get((stay, account), 0) for account in Account} for stay in stay_ids}
