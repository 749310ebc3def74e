"""What can be read about settlements: the bedside screen of a stay, the list for reports, and the sums.

Nothing here changes anything; what the patient is shown is computed again from the stored case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.discharge.accounts import handlers as accounts
from services.discharge.clearance import handlers as clearance
from services.discharge.clearance.model import Blocker
from services.discharge.ledger import handlers as ledger
from services.discharge.ledger.model import Account, Payment
from services.discharge.settlement import case_file, packs, store
from services.discharge.settlement.calculate import calculate
from services.discharge.settlement.model import Answer
from services.discharge.settlement.quote import snapshot
from services.discharge.settlement.stages import Settlement, Stage
from shared.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What has changed between two presettlements: new lines, and by how much the bill and the patient's part rose."""

    since_attempt: int
    new_lines: int
    lines_total_fen: int
    patient_pay_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What the nurse and the patient see. `fees_changed`: lines have come that nobody has signed."""

    stay_id: UUID
    blockers: tuple[Blocker, ...]
    settlement: Settlement | None
    fees_changed: bool
    difference: Difference | None
    refunds: Sequence[Payment]
    payments: Sequence[Payment]
    answer: Answer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A settled stay with its encounters, and what its journal says by the database's own sums."""

    settlement: Settlement
    encounter_ids: Sequence[UUID]
    receivable_fen: int
    deposit_left_fen: int
    journal_balanced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All attempts by stage, and the sums over what is settled."""

    by_stage: Mapping[str, int]
    totals: Mapping[str, int]


async def screen(stay_id: UUID, work: Work) -> Screen:
    """The latest attempt to settle a stay, with every line's four parts; `Missing` when there is no account."""
    cleared = await clearance.clearance(stay_id, work)
    charges = await accounts.charges(stay_id, work)
    attempts = await store.attempts(work, stay_id)
    latest = attempts[-1] if attempts else None
    return Screen(
        stay_id=stay_id,
        blockers=cleared.blockers,
        settlement=latest,
        fees_changed=latest is not None and latest.snapshot != snapshot(charges),
        difference=_difference(attempts),
        refunds=await store.refunds(work, latest.settlement_id) if latest else (),
        payments=await store.payments(work, latest.settlement_id) if latest else (),
        answer=_explained(latest) if latest else None,
    )


async def records(after: UUID | None, limit: int, work: Work) -> list[Record]:
    """Settled stays in the order they were settled, from behind the settlement `after`."""
    settled = await store.settled(work, after, limit)
    stays = [settlement.stay_id for settlement in settled]
    encounters = await accounts.encounters(stays, work)
    balances = await ledger.balances(stays, work)
    return [_record(one, encounters[one.stay_id], balances[one.stay_id]) for one in settled]


async def summary(work: Work) -> Summary:
    """All attempts by stage, and the sums over what is settled."""
    return Summary(by_stage=await store.stages(work), totals=await store.totals(work))


def _record(settlement: Settlement, encounter_ids: Sequence[UUID], balances: ledger.Balances) -> Record:
    """Balanced: debits are credits, the patient owes what is unpaid and nothing else, and no deposit is left over."""
    receivable, left = balances[Account.PATIENT_RECEIVABLE], -balances[Account.DEPOSIT_LIABILITY]
    return Record(
        settlement=settlement,
        encounter_ids=encounter_ids,
        receivable_fen=receivable,
        deposit_left_fen=left,
        journal_balanced=sum(balances.values()) == 0 and receivable == settlement.unpaid_fen and left == 0,
    )


def _difference(attempts: Sequence[Settlement]) -> Difference | None:
    """Between the latest attempt and the one that it superseded."""
    if len(attempts) < 2 or attempts[-2].stage is not Stage.SUPERSEDED:  # noqa: PLR2004 - a difference is of two
        return None
    earlier, latest = attempts[-2:]
    return Difference(
        since_attempt=earlier.attempt,
        new_lines=latest.lines - earlier.lines,
        lines_total_fen=latest.figures.medfee_sumamt_fen - earlier.figures.medfee_sumamt_fen,
        patient_pay_fen=latest.figures.psn_part_amt_fen - earlier.figures.psn_part_amt_fen,
    )


def _explained(settlement: Settlement) -> Answer:
    case = case_file.validate(dict(settlement.case))
    return calculate(case, packs.load(case.pack, case.on))
