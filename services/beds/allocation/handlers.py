"""What can be asked of allocation: one function a use case. A round is two units of work with the optimiser between.

Rows are locked in the order request, bed, proposal.
"""

from uuid import UUID

from services.beds.allocation import proposals as model
from services.beds.allocation import store
from services.beds.allocation.model import Answer
from services.beds.allocation.proposals import AcceptProposal, Agenda, Explanation, Pool, Proposal, Reason
from services.beds.inventory import handlers as inventory
from services.beds.planned import handlers as planned
from services.beds.requests import handlers as requests
from services.beds.scoring.model import Policy
from services.beds.stays import handlers as stays
from services.beds.stays.model import ReserveBed, Stay
from shared.decision import Refused
from shared.work import Stale, Work

NO_PROPOSAL = Refused(
    reason=Reason.NO_PROPOSAL, remedy="read /requests/{id}/proposal for the reasons, or reserve a bed by hand"
)


async def prepare_round(policy: Policy, work: Work) -> Agenda | None:
    """What a round that starts now has to do, read at one instant; None when nobody wants one."""
    await store.one_snapshot(work)
    wanted = await inventory.wanted_rounds(work)
    if not wanted:
        return None
    waiting = await requests.waiting(work)
    have_bed = await stays.patients_with_bed({one.patient_id for one in waiting}, work)
    pool = Pool(
        wanted=tuple(wanted),
        waiting=tuple(one for one in waiting if one.patient_id not in have_bed),
        free=tuple(await planned.offered_beds(work)),
        beds=await inventory.count_beds(work),
        room_sexes=await stays.room_sexes(work),
        proposals=tuple(await store.proposals(work)),
        policy=policy,
        now=work.now,
    )
    return model.agenda(pool)


async def finish_round(asked: Agenda, answer: Answer, work: Work) -> int:
    """Write what the round changes; how many proposals are new. Raises `Stale` when another round was faster.

    What has changed since the round began wants a round of its own, so a pair that has come apart is left out.
    """
    if await inventory.forget_wanted(asked.pool.wanted, work) < len(asked.pool.wanted):
        raise Stale("round", asked.pool.wanted[0])
    outcome = model.outcome(asked, answer, work.now)
    waiting = await requests.mark_proposed([one.request_id for one in outcome.proposed], work)
    free = await inventory.free_among([one.bed_id for one in outcome.proposed], work)
    good = [one for one in outcome.proposed if one.request_id in waiting and one.bed_id in free]
    await store.withdraw(work, outcome.withdrawn)
    await store.write_proposals(work, good)
    await store.write_unplaced(work, outcome.unplaced)
    for one in good:
        work.publish(model.proposed(one, waiting[one.request_id]))
    return len(good)


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
    if not isinstance(stay, Refused):
        await store.withdraw(work, [command.request_id])
    return stay


async def automatic_requests(work: Work) -> list[UUID]:
    """The requests whose proposal is in a ward that accepts by itself, the most urgent first."""
    wards = await inventory.automatic_wards(work)
    return [one.request_id for one in await store.proposals(work) if one.ward_id in wards] if wards else []


async def explanation(request_id: UUID, work: Work) -> Explanation:
    """The proposal for a request, or why it has none; `Missing` when there is no such request."""
    await requests.request(request_id, work)
    proposal = await store.proposal(work, request_id)
    return Explanation(proposal=proposal, unplaced=None if proposal else await store.unplaced(work, request_id))


async def proposals(work: Work) -> list[Proposal]:
    """All live proposals, tier 0 first, then the best score."""
    return await store.proposals(work)
