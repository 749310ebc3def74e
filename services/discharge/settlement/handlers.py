"""What can be asked about settling a stay: one function a use case. Load, decide, save, publish; the edge commits.

Every change first locks the account, then writes the settlement, so that no step of a stay overtakes another.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from services.discharge.accounts import handlers as accounts
from services.discharge.accounts.model import Account, AccountState
from services.discharge.clearance import handlers as clearance
from services.discharge.insurance import handlers as insurance
from services.discharge.insurance.model import CentreSettlement, Institution
from services.discharge.insurance.port import CentreTrouble
from services.discharge.ledger import handlers as ledger
from services.discharge.ledger import model as journal
from services.discharge.settlement import bedside, stages, store
from services.discharge.settlement.quote import Quote, Stand, snapshot
from services.discharge.settlement.stages import Confirm, Pay, Reason, Settlement, Stage
from shared.decision import Refused
from shared.ids import derived_id
from shared.work import Stale, Work

Transition = Callable[[Settlement, datetime], Settlement | None]
RELEASING = frozenset({Stage.CONFIRMED, Stage.REVERSED, Stage.REFUSED})
PAYMENT_EXISTS = Refused(reason=Reason.PAYMENT_EXISTS, remedy="give each payment a payment_id of its own")


async def stand(stay_id: UUID, work: Work) -> Stand | Refused:
    """What is known of a stay that is to be presettled; `Missing` while the patient's registration is under way."""
    account, cleared = await accounts.account(stay_id, work), await clearance.clearance(stay_id, work)
    if refusal := bedside.unready(account, cleared):
        return refusal
    if cleared.order is None:
        return bedside.NOT_SETTLED
    coverage = await accounts.coverage(account.patient_id, work)
    charges = tuple(await accounts.charges(stay_id, work))
    return Stand(account=account, order=cleared.order, coverage=coverage, charges=charges)


async def presettle(stay_id: UUID, quote: Quote | Refused | CentreTrouble, work: Work) -> Settlement | Refused:
    """Store what the patient would pay. `quote` was made outside of the transaction; fees may have come since."""
    if isinstance(quote, CentreTrouble):
        raise quote
    if isinstance(quote, Refused):
        return quote
    account = await accounts.account_to_change(stay_id, work)
    if refusal := bedside.unready(account, await clearance.clearance(stay_id, work)):
        return refusal
    if await _fees(stay_id, work) != quote.stand.snapshot:
        return stages.FEES_CHANGED
    earlier = await store.attempts(work, stay_id)
    if earlier and earlier[-1].stage not in stages.OVER:
        await store.save(work, earlier[-1].next(Stage.SUPERSEDED))
    attempt = len(earlier) + 1
    settlement = bedside.presettle(
        derived_id(stay_id, f"settlement/{attempt}"),
        attempt,
        quote,
        await accounts.deposits(stay_id, work),
        first_screen_at=earlier[0].first_screen_at if earlier else work.now,
        now=work.now,
    )
    if await store.add(work, settlement):
        raise Stale("settlement", settlement.settlement_id)
    account = account.told()
    await accounts.save(account, work)
    work.publish(bedside.presettled(account, settlement))
    return settlement


async def confirm(command: Confirm, work: Work) -> Settlement | Refused:
    """The patient signs what they were shown."""
    account = await accounts.account_to_change(command.stay_id, work)
    settlement = await store.live(work, command.stay_id)
    if settlement is None:
        return bedside.NOT_PRESETTLED
    fees = await _fees(command.stay_id, work)
    decision = bedside.confirm(settlement, account, command, fees, work.now)
    if isinstance(decision, Refused):
        return decision
    settlement, account, confirmed = decision
    await store.save(work, settlement)
    await accounts.save(account, work)
    work.publish(confirmed)
    return settlement


async def begin_settling(stay_id: UUID, institution: Institution, work: Work) -> Settlement | Refused:
    """Store the msgid of the 2304 that is about to be sent; a stay that is asked for already stays as it is."""
    account = await accounts.account_to_change(stay_id, work)
    settlement = await store.live(work, stay_id)
    if settlement is None:
        return bedside.NOT_PRESETTLED
    cleared, fees = await clearance.clearance(stay_id, work), await _fees(stay_id, work)
    (msgid,) = await insurance.msgids(institution, 1, work)
    begun = bedside.begin(settlement, cleared, fees, msgid, work.now)
    if isinstance(begun, Settlement) and begun is not settlement:
        await store.save(work, begun)
        await accounts.save(account.moved(AccountState.SETTLING), work)
    return begun


async def claim_sending(settlement_id: UUID, work: Work) -> tuple[Settlement, bool]:
    """The settlement, and whether the caller is the one who is to send its 2304."""
    settlement = await store.settlement(work, settlement_id, lock=True)
    claimed = stages.begin_sending(settlement, work.now)
    if claimed is None:
        return settlement, False
    await store.save(work, claimed)
    return claimed, True


async def advance(settlement_id: UUID, transition: Transition, work: Work) -> Settlement:
    """Take a step that is no settlement. One that no longer applies changes nothing: somebody else was first."""
    account, settlement = await _held(settlement_id, work)
    changed = transition(settlement, work.now)
    if changed is None:
        return settlement
    await store.save(work, changed)
    if changed.stage in RELEASING:
        await accounts.save(account.moved(AccountState.ORDERED), work)
    return changed


async def settle(settlement_id: UUID, answer: CentreSettlement, work: Work) -> Settlement:
    """The centre has settled: settlement, journal, refunds and events in one transaction."""
    account, settlement = await _held(settlement_id, work)
    done = bedside.settle(settlement, account, answer, await accounts.deposits(account.stay_id, work), work.now)
    if done is None:
        return settlement
    await store.save(work, done.settlement)
    await store.add_refunds(work, settlement_id, done.refunds)
    await ledger.post(account.stay_id, done.entries, work)
    await accounts.save(done.account, work)
    for event in done.events:
        work.publish(event)
    return done.settlement


async def pay(command: Pay, work: Work) -> Settlement | Refused:
    """Take what the deposit does not cover, with its journal."""
    await accounts.account_to_change(command.stay_id, work)
    settlement = await store.live(work, command.stay_id)
    if settlement is None:
        return bedside.NOT_PRESETTLED
    decision = bedside.pay(settlement, command)
    if isinstance(decision, Refused):
        return decision
    settlement, payment = decision
    if await store.add_payment(work, settlement.settlement_id, payment):
        return PAYMENT_EXISTS
    await store.save(work, settlement)
    await ledger.post(command.stay_id, [(payment.payment_id, journal.bedside_payment(payment))], work)
    return settlement


async def leave(stay_id: UUID, work: Work) -> Account | Refused:
    """The patient leaves the ward."""
    account = await accounts.account_to_change(stay_id, work)
    settlement, cleared = await store.live(work, stay_id), await clearance.clearance(stay_id, work)
    decision = bedside.leave(account, settlement, cleared, work.now)
    if isinstance(decision, Refused):
        return decision
    account, left = decision
    await accounts.save(account, work)
    work.publish(left)
    return account


async def settlement(settlement_id: UUID, work: Work) -> Settlement:
    """One attempt, or `Missing`."""
    return await store.settlement(work, settlement_id)


async def take_up_overdue(limit: int, work: Work) -> list[Settlement]:
    """What waits too long for the centre, claimed: nobody else takes it up before its next instant."""
    taken = []
    for waiting in await store.overdue(work, limit):
        changed = stages.take_up(waiting, work.now)
        await store.save(work, changed)
        taken.append(changed)
    return taken


async def next_recovery_at(work: Work) -> datetime | None:
    """When the recovery has to look next; None when nothing waits for the centre."""
    return await store.next_resolve_at(work)


async def _fees(stay_id: UUID, work: Work) -> str:
    """The hash of the fee lines as they are now."""
    return snapshot(await accounts.charges(stay_id, work))


async def _held(settlement_id: UUID, work: Work) -> tuple[Account, Settlement]:
    """Both locked, the account first."""
    seen = await store.settlement(work, settlement_id)
    account = await accounts.account_to_change(seen.stay_id, work)
    return account, await store.settlement(work, settlement_id, lock=True)
