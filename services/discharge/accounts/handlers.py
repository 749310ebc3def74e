"""What can be asked of an account: one function a use case. Load, decide, save, publish; the edge commits.

Whoever changes an account holds its row (`account_to_change`), so its events are numbered without a gap.
"""

from collections.abc import Sequence
from uuid import UUID

from services.discharge.accounts import model, posting, store
from services.discharge.accounts.model import (
    Account,
    Charge,
    Coverage,
    Deposit,
    PostCharges,
    Reason,
    ReceiveDeposit,
    Standing,
    Summary,
)
from services.discharge.ledger import handlers as ledger
from services.discharge.ledger import model as journal
from shared.decision import Refused
from shared.messages.beds.stays import AdmissionCancelled, LeaveUndone, PatientAdmitted
from shared.messages.discharge.accounts import AccountOpened, AccountVoided
from shared.messages.registration.patients import PatientRegistered
from shared.work import Work

NEW_CHARGE_ID = "give each new charge a charge_id of its own"
CONFLICTS = {
    store.ONE_CHARGE_AN_ID: Refused(reason=Reason.CHARGE_EXISTS, remedy=NEW_CHARGE_ID),
    store.RETURN_WITHIN_ORIGINAL: Refused(
        reason=Reason.RETURN_TOO_LARGE, remedy="return no more than what was charged"
    ),
}
PAYMENT_EXISTS = Refused(reason=Reason.PAYMENT_EXISTS, remedy="give each payment a payment_id of its own")


async def on_patient_registered(event: PatientRegistered, work: Work) -> None:
    """Keep how the patient is insured. May come after the admission: the two belong to different aggregates."""
    coverage = Coverage(
        patient_id=event.patient_id,
        insutype=event.insutype,
        retired=event.retired,
        low_income=event.low_income,
    )
    await store.remember_coverage(work, coverage)


async def on_patient_admitted(event: PatientAdmitted, work: Work) -> None:
    """Open the account of the stay, once; or again, where the admission before was cancelled."""
    account, opened = model.open_account(event)
    if await store.add_account(work, account) is None:
        work.publish(opened)
        return
    again = model.open_again(await store.account(work, event.stay_id, lock=True), event)
    if again is not None:
        await _keep(*again, work)


async def on_admission_cancelled(event: AdmissionCancelled, work: Work) -> None:
    """The admission does not count: the account is voided, or listed for the back office while something is on it."""
    await store.account(work, event.stay_id, lock=True)
    await _keep(*model.cancel_admission(await store.standing(work, event.stay_id), work.now), work)


async def on_leave_undone(event: LeaveUndone, work: Work) -> None:
    """The patient has not left: they can leave again, settled as they are."""
    account = model.undo_leaving(await store.account(work, event.stay_id, lock=True), event)
    if account is not None:
        await store.save_account(work, account)


async def void_account(stay_id: UUID, work: Work) -> Account | Refused:
    """The back office has cleared the account of a cancelled admission."""
    await store.account(work, stay_id, lock=True)
    decision = model.void_by_hand(await store.standing(work, stay_id), work.now)
    if isinstance(decision, Refused):
        return decision
    await _keep(*decision, work)
    return decision[0]


async def cancelled(limit: int, work: Work) -> list[Standing]:
    """Accounts of cancelled admissions on which something stands, the oldest first."""
    return [await store.standing(work, stay_id) for stay_id in await store.cancelled(work, limit)]


async def post_charges(command: PostCharges, work: Work) -> list[Charge] | Refused:
    """Put fee lines on the account, all or none, each with its journal."""
    account = await store.account(work, command.stay_id, lock=True)
    originals = [line.return_of for line in command.lines if line.return_of is not None]
    standing = await store.charges_about(work, command.stay_id, originals) if originals else {}
    decision = posting.post_charges(account, command, standing, work.now)
    if isinstance(decision, Refused):
        return decision
    account, charges, events = decision
    if len({charge.charge_id for charge in charges}) < len(charges):
        return CONFLICTS[store.ONE_CHARGE_AN_ID]
    if constraint := await store.add_charges(work, charges):
        return CONFLICTS[constraint]
    await store.save_account(work, account)
    entries = [(charge.charge_id, journal.charge(charge.amount_fen)) for charge in charges]
    await ledger.post(account.stay_id, entries, work)
    for event in events:
        work.publish(event)
    return charges


async def receive_deposit(command: ReceiveDeposit, work: Work) -> Deposit | Refused:
    """Take money in advance, with its journal."""
    account = await store.account(work, command.stay_id, lock=True)
    decision = model.receive_deposit(account, command, work.now)
    if isinstance(decision, Refused):
        return decision
    account, deposit, received = decision
    if await store.add_deposit(work, deposit, account.version):
        return PAYMENT_EXISTS
    await store.save_account(work, account)
    payment = journal.Payment(payment_id=deposit.payment_id, channel=deposit.channel, amount_fen=deposit.amount_fen)
    await ledger.post(account.stay_id, [(deposit.payment_id, journal.deposit(payment))], work)
    work.publish(received)
    return deposit


async def account(stay_id: UUID, work: Work) -> Account:
    """The account, or `Missing`."""
    return await store.account(work, stay_id)


async def account_to_change(stay_id: UUID, work: Work) -> Account:
    """The account, which nobody else changes until this transaction ends; `Missing` when there is none."""
    return await store.account(work, stay_id, lock=True)


async def save(account: Account, work: Work) -> None:
    """Write an account that `account_to_change` gave."""
    await store.save_account(work, account)


async def standing(stay_id: UUID, work: Work) -> Standing:
    """The account with its sums, or `Missing`."""
    return await store.standing(work, stay_id)


async def charges(stay_id: UUID, work: Work) -> list[Charge]:
    """The fee lines in the order they were posted; `Missing` when there is no account."""
    await store.account(work, stay_id)
    return await store.charges(work, stay_id)


async def encounters(stay_ids: Sequence[UUID], work: Work) -> dict[UUID, list[UUID]]:
    """The encounters of each stay, as its lines name them."""
    return await store.encounters(work, stay_ids)


async def deposits(stay_id: UUID, work: Work) -> list[Deposit]:
    """The deposits, earliest first."""
    return await store.deposits(work, stay_id)


async def coverage(patient_id: UUID, work: Work) -> Coverage:
    """How the patient is insured, or `Missing` while the register's event is under way."""
    return await store.coverage(work, patient_id)


async def summary(work: Work) -> Summary:
    """All accounts together."""
    return await store.summary(work)


async def _keep(account: Account, event: AccountOpened | AccountVoided | None, work: Work) -> None:
    await store.save_account(work, account)
    if event is not None:
        work.publish(event)
