"""Deciding on beds: a proposal is accepted, or a coordinator chooses otherwise. Never commits.

Rows are locked in the order request, bed, proposal; of several, each in order of id.
"""

from uuid import UUID

from services.beds.allocation import decision_store, decisions, inputs, round_store, store
from services.beds.allocation.decisions import Audit, ChooseBeds, Decision, Pair
from services.beds.allocation.inputs import Inputs, inputs_of
from services.beds.allocation.proposals import AcceptProposal, Proposal, Reason
from services.beds.casemix import handlers as casemix
from services.beds.inventory import handlers as inventory
from services.beds.inventory.model import Reason as InventoryReason
from services.beds.inventory.model import place_of
from services.beds.requests import handlers as requests
from services.beds.requests import model as requests_model
from services.beds.scoring import points
from services.beds.scoring.model import Policy
from services.beds.scoring.points import Context
from services.beds.stays import handlers as stays
from services.beds.stays.model import Override, ReserveBed, Stay
from shared.decision import Refused
from shared.work import Work

NO_PROPOSAL = Refused(
    reason=Reason.NO_PROPOSAL, remedy="read /requests/{id}/proposal for the reasons, or choose a bed with a reason"
)
NOT_FREE_YET = Refused(
    reason=Reason.NOT_FREE_YET, remedy="accept it when the bed is free: the proposal says from when that is expected"
)

NOT_TO_BE_HAD = (InventoryReason.BED_TAKEN, InventoryReason.BED_NOT_FREE)


async def accept_proposal(command: AcceptProposal, work: Work) -> Stay | Refused:
    """Keep the proposed bed for the patient. Who is too late is told so; a new round is wanted by whoever took it."""
    proposal = await store.proposal(work, command.request_id)
    if proposal is None:
        await requests.request(command.request_id, work)
        return NO_PROPOSAL
    reservation = ReserveBed(
        request_id=command.request_id,
        bed_id=proposal.bed_id,
        hold=command.hold,
        policy=command.policy,
        proposed_at=proposal.proposed_at,
    )
    stay = await stays.reserve_bed(reservation, work)
    if isinstance(stay, Refused):
        return NOT_FREE_YET if proposal.available_from and stay.reason in NOT_TO_BE_HAD else stay
    await store.withdraw(work, [command.request_id])
    await decision_store.add(work, decisions.accepted(proposal, command, work.now))
    return stay


async def choose_beds(command: ChooseBeds, work: Work) -> list[Decision] | Refused:
    """Keep beds that the coordinator has chosen, all or none; what that cost is found by the next round."""
    if refused := decisions.check_pairs(command):
        return refused
    pairs = sorted(command.pairs, key=lambda pair: pair.request_id)
    for pair in pairs:
        await requests.request_for_change(pair.request_id, work)
    await inventory.beds_for_change([pair.bed_id for pair in pairs], work)
    context = await _context(command.policy, work)
    digest = await _kept_policy(command.policy, work)
    made: list[Decision] = []
    for pair in pairs:
        decision = await _choose(pair, command, context, digest, work)
        if isinstance(decision, Refused):
            return decision
        made.append(decision)
    return made


async def automatic_requests(work: Work) -> list[UUID]:
    """The requests whose proposal is in a ward that accepts by itself, the most urgent first."""
    wards = await inventory.automatic_wards(work)
    if not wards:
        return []
    ready = [one for one in await store.proposals(work) if one.available_from is None]
    return [one.request_id for one in ready if one.ward_id in wards]


async def decisions_on(request_id: UUID | None, limit: int, work: Work) -> list[Decision]:
    """The latest decisions, or those on a request, the latest first."""
    return await decision_store.decisions(work, request_id, limit)


async def audit(decision_no: int, work: Work) -> Audit:
    """A decision's score once more, from what was kept of it; `Missing` when there is no such decision."""
    decision = await decision_store.decision(work, decision_no)
    content = await round_store.policy(work, decision.policy_digest) if decision.policy_digest else None
    policy = None if content is None else inputs.loaded_policy(content)
    return Audit(decision=decision, policy=policy)


async def _choose(pair: Pair, command: ChooseBeds, context: Context, digest: str, work: Work) -> Decision | Refused:
    before: Proposal | None = await store.proposal(work, pair.request_id)
    made_of = await _inputs(pair, context, work)
    override = Override(reason=command.reason, by=command.by) if command.broken_rule else None
    reservation = ReserveBed(
        request_id=pair.request_id, bed_id=pair.bed_id, hold=command.hold, policy=command.policy, override=override
    )
    stay = await stays.reserve_bed(reservation, work)
    if isinstance(stay, Refused):
        return stay
    if refused := decisions.check_rule(command, stay):
        return refused
    await store.withdraw(work, [pair.request_id])
    score = inputs.recomputed(made_of, command.policy)
    return await decision_store.add(work, decisions.chosen(command, stay, before, score, made_of, digest))


async def _inputs(pair: Pair, context: Context, work: Work) -> Inputs:
    request = await requests.request(pair.request_id, work)
    bed = await inventory.bed(pair.bed_id, work)
    place = place_of(bed, (await stays.room_sexes(work)).get(bed.room_no))
    waiting = requests_model.waiting(request, work.now, await requests.known([request], work))
    return inputs_of(waiting, place, context)


async def _context(policy: Policy, work: Work) -> Context:
    everyone = await requests.waiting(work)
    known = await requests.known(everyone, work)
    waiting = (requests_model.waiting(one, work.now, known) for one in everyone)
    return points.context_of(waiting, policy, await casemix.case_mix(policy, work))


async def _kept_policy(policy: Policy, work: Work) -> str:
    digest = inputs.digest(policy)
    content = inputs.dumped_policy(policy)
    await round_store.put_policy(work, digest, policy.version, policy.valid_from, content)
    return digest
