"""What can be asked of promises: one function a use case. Whoever changes one holds its bed or its own row."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from services.beds.inventory import handlers as inventory
from services.beds.inventory.model import Bed
from services.beds.planned import model, store
from services.beds.planned.model import CancelPlan, Patient, Plan, PlanClosure, Reason, Span, State
from shared.decision import Refused
from shared.ids import new_id
from shared.messages.beds.planned import BedPlanEnded, BedPlanned
from shared.work import Missing, Work

SYSTEM = "system"
PATIENT_PLANNED = Refused(reason=Reason.PATIENT_PLANNED, remedy="cancel the patient's other plan first")
CONFLICTS = {
    store.ONE_PROMISE_A_BED: model.PROMISED,
    store.ONE_PROMISE_A_PATIENT: PATIENT_PLANNED,
    store.ONE_PROMISE_A_REQUEST: PATIENT_PLANNED,
    store.ONE_SEX_A_PROMISED_ROOM: Refused(
        reason=Reason.ROOM_SEX_PLANNED, remedy="the room is promised to the other sex then: choose another bed"
    ),
}


async def promise(bed: Bed, patient: Patient, span: Span, by: str, work: Work) -> Plan | Refused:
    """Promise a bed, which this work has locked, to a waiting patient."""
    return await _add(bed, patient, span, None, by, work)


async def plan_closure(command: PlanClosure, work: Work) -> list[Plan] | Refused:
    """Close beds from an instant on, all that the id names, or none. Whoever lies there then may stay until they leave.

    `Missing` when the id names no bed, room or ward.
    """
    beds = await inventory.beds_of_place(command.place_id, work)
    if not beds:
        raise Missing("place", command.place_id)
    plans = []
    for bed in beds:
        made = await _add(bed, None, command.span, command.reason, command.by, work)
        if isinstance(made, Refused):
            return made
        plans.append(made)
    return plans


async def cancel_plan(command: CancelPlan, work: Work) -> Plan | Refused:
    """End a promise before it is kept; the patient waits as before."""
    plan = await store.locked(work, command.plan_id)
    if plan.state is not State.PLANNED:
        return Refused(reason=Reason.PLAN_ENDED, remedy=f"nothing to do: the plan is {plan.state}")
    return await end(plan, State.CANCELLED, command.reason, command.by, work)


async def end(plan: Plan, state: State, reason: str | None, by: str, work: Work) -> Plan:
    """Write that a promise is kept or given up; a round may use the bed, or have the patient."""
    ended, event = model.end(plan, state, reason=reason, by=by, now=work.now)
    await store.save(work, ended)
    _tell(event, work)
    await inventory.want_round(work)
    return ended


async def end_of_patient(patient_id: UUID, work: Work, kept_bed_id: str | None = None) -> None:
    """The patient needs no promise any more: they have died, or have a bed, which may be the promised one."""
    for plan in await store.of_patient(work, patient_id):
        state = State.KEPT if plan.bed_id == kept_bed_id else State.CANCELLED
        await end(await store.locked(work, plan.plan_id), state, None, SYSTEM, work)


async def promised_to_another(bed_id: str, patient_id: UUID, work: Work) -> Refused | None:
    """The refusal where a promise to somebody else, or a closure, has taken hold of a bed; None where none has."""
    plans = await store.of_bed(work, bed_id)
    held = any(plan.notice_at <= work.now and plan.patient_id != patient_id for plan in plans)
    return model.PROMISED if held else None


async def offered_beds(work: Work) -> list[Bed]:
    """The free beds that no promise has taken hold of, in order of id."""
    held = await promised_beds(work)
    return [bed for bed in await inventory.free_beds(work) if bed.bed_id not in held]


async def promised_beds(work: Work) -> set[str]:
    """The beds that a promise has taken hold of, free or not."""
    return await store.held_beds(work)


async def patients_with_promise(patient_ids: Collection[UUID], work: Work) -> set[UUID]:
    """Those of the patients to whom a bed is promised."""
    return await store.patients(work, patient_ids)


async def plan_for_change(plan_id: UUID, work: Work) -> Plan:
    """One promise, which nobody else changes until this work is done; `Missing` when there is none."""
    return await store.locked(work, plan_id)


async def plans(ward_id: str | None, limit: int, work: Work) -> list[Plan]:
    """Promises that are still to be kept, earliest first."""
    return await store.planned(work, ward_id, limit)


async def due(work: Work, limit: int) -> Sequence[Plan]:
    """Promises that can be kept now: they have begun, and the bed is free."""
    begun = await store.begun(work)
    free = await inventory.free_among([plan.bed_id for plan in begun], work) if begun else {}
    return [plan for plan in begun if plan.bed_id in free][:limit]


async def announce(work: Work, limit: int) -> int:
    """Have the rounds look again where promises have taken hold of their beds; of how many."""
    announced = await store.announce(work, limit)
    if announced:
        await inventory.want_round(work)
    return announced


async def next_due_at(work: Work) -> datetime | None:
    """When the next promise can be kept or takes hold; one that waits for its bed is due once that is free."""
    ready = await due(work, 1)
    return ready[0].from_at if ready else await store.next_instant(work)


async def keep_closure(plan: Plan, work: Work) -> Refused | None:
    """Close the bed as promised."""
    bed = await inventory.close_bed(plan.bed_id, work)
    if isinstance(bed, Refused):
        return bed
    await end(await store.locked(work, plan.plan_id), State.KEPT, None, SYSTEM, work)
    return None


async def _add(
    bed: Bed, patient: Patient | None, span: Span, reason: str | None, by: str, work: Work
) -> Plan | Refused:
    decision = model.plan(new_id(), bed, patient, span, reason=reason, by=by, now=work.now)
    if isinstance(decision, Refused):
        return decision
    plan, event = decision
    if constraint := await store.add(work, plan):
        return CONFLICTS[constraint]
    _tell(event, work)
    await inventory.want_round(work)
    return plan


def _tell(event: BedPlanned | BedPlanEnded | None, work: Work) -> None:
    if event is not None:
        work.publish(event)
