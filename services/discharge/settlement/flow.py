"""Settling around the calls to the centre: each call stands between two transactions and holds none open.

Invariant: whatever dies wherever, a stay is settled at most once, and what the centre has settled is found again: the
msgid is stored before 2304 is sent, the sending is claimed once, and an unknown end is queried (5203) before it is
reversed (2601).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.discharge.insurance.desk import CentreDesk
from services.discharge.insurance.model import CentreSettlement, Institution
from services.discharge.insurance.port import CentreTrouble, Declined, Unanswered, Unreachable
from services.discharge.settlement import handlers, packs, stages
from services.discharge.settlement.calculate import calculate
from services.discharge.settlement.model import Unacceptable
from services.discharge.settlement.quote import (
    PACK_OF,
    Quote,
    Stand,
    admission_of,
    bill_of,
    case_of,
    fee_lines,
)
from services.discharge.settlement.stages import Reason, Settlement, Stage
from shared.database import Database
from shared.decision import Refused
from shared.log import logger

COVERAGE_DIFFERS = Refused(
    reason=Reason.COVERAGE_DIFFERS, remedy="let registration correct the patient's insutype: the centre has another"
)
NOT_ENTITLED = Refused(
    reason=Reason.NOT_ENTITLED, remedy="ask the patient to clear their benefit with the centre, then presettle again"
)

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class BedsideFlow:
    """The steps at the bedside that need the centre."""

    database: Database
    desk: CentreDesk

    @property
    def institution(self) -> Institution:
        """Who we are to the centre."""
        return self.desk.institution

    async def quote(self, stay_id: UUID) -> Quote | Refused | CentreTrouble:
        """What the centre would pay (2303). Changes nothing but what is known there of the stay and its lines."""
        stand = await self._run(handlers.stand, stay_id)
        if isinstance(stand, Refused):
            return stand
        try:
            return await self._quote(stand)
        except CentreTrouble as trouble:
            return trouble
        except Unacceptable as unacceptable:
            return Refused(reason=Reason.CASE_UNACCEPTABLE, remedy=unacceptable.faults[0].remedy)

    async def carry_through(self, settlement_id: UUID) -> Settlement:
        """Send what was begun, once, and find out what became of it. Safe to call at any time, by anybody."""
        claimed: tuple[Settlement, bool] = await self._run(handlers.claim_sending, settlement_id)
        settlement, mine = claimed
        if mine:
            settlement = await self._send(settlement)
        if settlement.stage in (Stage.UNKNOWN, Stage.REVERSING):
            settlement = await self._resolve(settlement)
        return settlement

    async def recover(self, database: Database, limit: int) -> int:
        """The timer's work: take up what waits too long for the centre. How many were taken up."""
        async with database.work() as work:
            overdue = await handlers.take_up_overdue(limit, work)
        for settlement in overdue:
            resolved = await self.carry_through(settlement.settlement_id)
            log.warning("settlement-recovered", state=resolved.stage, attempt=resolved.resolve_attempts)
        return len(overdue)

    async def _quote(self, stand: Stand) -> Quote | Refused:
        centre, (asks_person, asks_benefit, asks_year, asks_figures) = self.desk.centre, await self.desk.msgids(4)
        insured = await centre.person(asks_person, stand.psn_no)
        if insured.insutype != stand.coverage.insutype or insured.insutype not in PACK_OF:
            return COVERAGE_DIFFERS
        if not await centre.entitled(asks_benefit, insured, stand.ended_on):
            return NOT_ENTITLED
        year = await centre.year_to_date(asks_year, insured, stand.ended_on.year)
        case = case_of(stand, insured, year, self.institution)
        answer = calculate(case, packs.load(case.pack, case.on))
        visit = await self.desk.visit(admission_of(stand))
        await self.desk.upload(visit, fee_lines(stand))
        figures = await centre.presettle(asks_figures, bill_of(stand, visit))
        if figures.medfee_sumamt_fen != stand.total_fen:
            raise Unanswered("centre-total-differs")
        return Quote(stand=stand, visit=visit, case=case, figures=figures, answer=answer)

    async def _send(self, settlement: Settlement) -> Settlement:
        """The one sending of 2304."""
        try:
            answer = await self.desk.centre.settle(str(settlement.msgid), settlement.bill)
            return await self._settle(settlement, answer)
        except Unreachable:
            return await self._advance(settlement, stages.never_sent)
        except Declined:
            return await self._advance(settlement, stages.declined)
        except Unanswered as lost:
            log.warning("settlement-unknown", code=lost.code)
            return await self._advance(settlement, stages.unanswered)

    async def _resolve(self, settlement: Settlement) -> Settlement:
        """Query, then settle or reverse. Where the centre still does not answer it stays as it is, for the timer."""
        asks, reverses = await self.desk.msgids(2)
        try:
            if settlement.stage is Stage.UNKNOWN:
                found = await self.desk.centre.settlement(asks, settlement.bill, str(settlement.msgid))
                if found is not None:
                    return await self._settle(settlement, found)
                settlement = await self._advance(settlement, stages.begin_reversing)
            if settlement.stage is Stage.REVERSING:
                await self.desk.centre.reverse(reverses, settlement.bill.psn_no, str(settlement.msgid), "2304")
                settlement = await self._advance(settlement, stages.reversed_for_good)
        except CentreTrouble as trouble:
            log.warning("settlement-unresolved", code=trouble.code, attempt=settlement.resolve_attempts)
        return settlement

    async def _settle(self, settlement: Settlement, answer: CentreSettlement) -> Settlement:
        """Book what the centre has settled, if it is what was asked for."""
        asked = (settlement.msgid, settlement.bill.medfee_sumamt_fen)
        if (answer.medins_setl_id, answer.figures.medfee_sumamt_fen) != asked:
            raise Unanswered("centre-settled-something-else")
        settled: Settlement = await self._run(handlers.settle, settlement.settlement_id, answer)
        return settled

    async def _advance(self, settlement: Settlement, transition: handlers.Transition) -> Settlement:
        changed: Settlement = await self._run(handlers.advance, settlement.settlement_id, transition)
        return changed

    async def _run(self, handler: Callable[..., Awaitable[Any]], *arguments: object) -> Any:  # noqa: ANN401
        """One handler in a transaction of its own."""
        async with self.database.work() as work:
            return await handler(*arguments, work)
