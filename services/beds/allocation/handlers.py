"""What can be asked of allocation: one function a use case. A round is two units of work with the optimiser between.

Rows are locked in the order request, bed, proposal. What is decided on a proposal is in `deciding`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from services.beds.allocation import agenda as asking
from services.beds.allocation import decision_store, inputs, round_record, round_store, store
from services.beds.allocation import proposals as model
from services.beds.allocation.agenda import Agenda, Holder, Kind, Pool
from services.beds.allocation.model import Answer
from services.beds.allocation.proposals import Explanation, Outcome, Proposal
from services.beds.allocation.round_record import BedRound, RoundWanted
from services.beds.casemix import handlers as casemix
from services.beds.inventory import handlers as inventory
from services.beds.inventory.model import Bed
from services.beds.planned import handlers as planned
from services.beds.requests import handlers as requests
from services.beds.requests import model as requests_model
from services.beds.requests.model import AdmissionRequest
from services.beds.scoring.model import BedStatus, Policies, Policy
from services.beds.stays import handlers as stays
from shared.work import Stale, Work

ROUNDS_KEPT = timedelta(days=90)


async def prepare_round(kind: Kind, policy: Policy, work: Work) -> Agenda | None:
    """What a round that starts now has to do, read at one instant; None when nobody wants one."""
    await store.one_snapshot(work)
    wanted = await inventory.wanted_rounds(work)
    return await _agenda(kind, tuple(wanted), policy, work) if wanted or kind is not Kind.EVENT else None


async def finish_round(asked: Agenda, answer: Answer, prices: Mapping[int, float], work: Work) -> int:
    """Write what the round changes; how many proposals are new. Raises `Stale` when another round was faster.

    What has changed since the round began wants a round of its own, so a pair that has come apart is left out.
    """
    pool = asked.pool
    if await inventory.forget_wanted(pool.wanted, work) < len(pool.wanted):
        raise Stale("round", pool.last_round_no)
    digest = inputs.digest(pool.policy)
    outcome = model.outcome(asked, answer, await store.proposals(work), digest, work.now)
    good = await _written(outcome, work)
    if not await round_store.add_round(work, round_record.record(asked, answer, len(good), work.now)):
        raise Stale("round", pool.last_round_no)
    if good:
        content = inputs.dumped_policy(pool.policy)
        await round_store.put_policy(work, digest, pool.policy.version, pool.policy.valid_from, content)
    if pool.kind is Kind.MORNING:
        await round_store.forget_asked(work, pool.now)
        await round_store.forget_rounds(work, pool.now - ROUNDS_KEPT)
    for decision_no, cost in prices.items():
        await decision_store.put_price(work, decision_no, cost)
    return len(good)


async def ask_morning_round(by: str, work: Work) -> RoundWanted:
    """Let a round count on the beds that will soon be free, without waiting for the morning."""
    await round_store.ask(work, by)
    return RoundWanted(kind=Kind.MORNING)


async def next_morning_round(policies: Policies, work: Work) -> datetime | None:
    """When the next morning round is due: at once where somebody has asked, else in the morning if anybody waits."""
    asked_at = await round_store.asked_since(work)
    if asked_at is not None:
        return asked_at
    waits_since = await requests.waiting_since(work)
    if waits_since is None:
        return None
    last = await round_store.last_morning(work)
    return asking.next_morning(max(last, waits_since) if last else waits_since, policies.at(work.now))


async def pool_now(policy: Policy, work: Work) -> Agenda:
    """The pool as a morning round would find it, for whoever wants to know and not to propose."""
    await store.one_snapshot(work)
    return await _agenda(Kind.MORNING, (), policy, work)


async def holders(request_id: UUID, policy: Policy, work: Work) -> list[Holder]:
    """Who has each bed that the patient could have; `Missing` when there is no such request."""
    asked = await pool_now(policy, work)
    request = await requests.request(request_id, work)
    waiting = requests_model.waiting(request, work.now, asked.pool.known)
    return asking.holders(waiting, asked, await inventory.beds(None, None, work))


async def explanation(request_id: UUID, work: Work) -> Explanation:
    """The proposal for a request, or why it has none; `Missing` when there is no such request."""
    await requests.request(request_id, work)
    proposal = await store.proposal(work, request_id)
    return Explanation(proposal=proposal, unplaced=None if proposal else await store.unplaced(work, request_id))


async def proposals(work: Work) -> list[Proposal]:
    """All live proposals, tier 0 first, then the best score."""
    return await store.proposals(work)


async def rounds(kind: Kind | None, limit: int, work: Work) -> list[BedRound]:
    """The latest rounds, or those of a kind, the latest first."""
    return await round_store.rounds(work, kind, limit)


async def _agenda(kind: Kind, wanted: tuple[int, ...], policy: Policy, work: Work) -> Agenda:
    waiting = await _waiting(work)
    proposed = await store.proposed_beds(work)
    later = {bed_id for _, bed_id, available_from in proposed if available_from}
    soon, free_at = await _soon_free(policy, None if kind is Kind.MORNING else later, work)
    pool = Pool(
        kind=kind,
        wanted=wanted,
        last_round_no=await round_store.last_round_no(work),
        waiting=waiting,
        free=tuple(await planned.offered_beds(work)),
        soon=soon,
        free_at=free_at,
        beds=await inventory.count_beds(work),
        room_sexes=await stays.room_sexes(work),
        proposed={request_id: bed_id for request_id, bed_id, _ in proposed},
        unpriced=tuple(await decision_store.unpriced(work)),
        known=await requests.known(waiting, work),
        mix=await casemix.case_mix(policy, work),
        policy=policy,
        now=work.now,
    )
    return asking.agenda(pool)


async def _waiting(work: Work) -> tuple[AdmissionRequest, ...]:
    """Everybody who waits and has no bed."""
    waiting = await requests.waiting(work)
    have_bed = await stays.patients_with_bed({one.patient_id for one in waiting}, work)
    return tuple(one for one in waiting if one.patient_id not in have_bed)


async def _soon_free(policy: Policy, among: set[str] | None, work: Work) -> tuple[tuple[Bed, ...], dict[str, datetime]]:
    """The beds expected free within the horizon, of those named, and when."""
    if among is not None and not among:
        return (), {}
    cleaning = await inventory.beds(None, BedStatus.HOUSEKEEPING, work)
    free_at = {bed.bed_id: asking.free_from(bed.changed_at, policy, bed.changed_at) for bed in cleaning}
    for bed_id, leaves_at in (await stays.expected_to_leave(work)).items():
        free_at[bed_id] = asking.free_from(leaves_at, policy, work.now)
    promised = await planned.promised_beds(work)
    near = asking.within_horizon(free_at, policy, work.now)
    open_to_all = {bed_id: at for bed_id, at in near.items() if bed_id not in promised}
    wanted = {bed_id: at for bed_id, at in open_to_all.items() if among is None or bed_id in among}
    return tuple((await inventory.beds_by_id(wanted, work)).values()), wanted


async def _written(outcome: Outcome, work: Work) -> list[Proposal]:
    """Write the proposals that are still true, and say them."""
    waiting = await requests.mark_proposed([one.request_id for one in outcome.proposed], work)
    free = await inventory.free_among([one.bed_id for one in outcome.proposed], work)
    good = [
        one
        for one in outcome.proposed
        if one.request_id in waiting and (one.bed_id in free) == (one.available_from is None)
    ]
    await store.withdraw(work, outcome.withdrawn)
    await store.write_proposals(work, good)
    await store.write_unplaced(work, outcome.unplaced)
    for one in good:
        work.publish(model.proposed(one, waiting[one.request_id]))
    return good
