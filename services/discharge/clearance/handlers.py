"""What can be asked of clearance: one function a use case. Load, decide, save, publish; the edge commits."""

from uuid import UUID

from services.discharge.accounts import handlers as accounts
from services.discharge.clearance import model, store
from services.discharge.clearance.model import (
    Clearance,
    Issue,
    IssueMedicine,
    OrderDischarge,
    OverrideBlockers,
    Reason,
    ResolveIssue,
)
from shared.decision import Refused
from shared.work import Work

ISSUE_EXISTS = Refused(reason=Reason.ISSUE_EXISTS, remedy="give each issue an issue_id of its own")


async def order_discharge(command: OrderDischarge, work: Work) -> Clearance | Refused:
    """Write the discharge order; the answer lists what is in the way of settling."""
    account = await accounts.account_to_change(command.stay_id, work)
    issues = await store.issues(work, command.stay_id)
    decision = model.order_discharge(account, command, issues, work.now)
    if isinstance(decision, Refused):
        return decision
    account, order, ordered = decision
    await store.add_order(work, order)
    await accounts.save(account, work)
    work.publish(ordered)
    return Clearance(stay_id=account.stay_id, order=order, blockers=model.blockers(issues))


async def issue_medicine(command: IssueMedicine, work: Work) -> Issue | Refused:
    """Note medicine that came to the ward for the patient."""
    account = await accounts.account_to_change(command.stay_id, work)
    issue = model.issue_medicine(account, command, work.now)
    if isinstance(issue, Refused):
        return issue
    return ISSUE_EXISTS if await store.add_issue(work, issue) else issue


async def resolve_issue(command: ResolveIssue, work: Work) -> Issue | Refused:
    """Note what became of it."""
    await accounts.account_to_change(command.stay_id, work)
    issue = model.resolve(await store.issue(work, command.stay_id, command.issue_id), command.outcome, work.now)
    if not isinstance(issue, Refused):
        await store.save_issues(work, [issue])
    return issue


async def override_blockers(command: OverrideBlockers, work: Work) -> Clearance | Refused:
    """Let the stay be settled in spite of what is open now, and keep who said so and why."""
    await accounts.account_to_change(command.stay_id, work)
    decision = model.override(command, await store.issues(work, command.stay_id), work.now)
    if isinstance(decision, Refused):
        return decision
    override, issues = decision
    await store.add_override(work, override)
    await store.save_issues(work, issues)
    return await store.clearance(work, command.stay_id)


async def clearance(stay_id: UUID, work: Work) -> Clearance:
    """The order and what is in the way; `Missing` when there is no account."""
    await accounts.account(stay_id, work)
    return await store.clearance(work, stay_id)
