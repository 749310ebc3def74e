"""What can be asked of exam orders: one function a use case. Load, decide, save, publish; the edge commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.registration.examcatalogue import handlers as catalogues
from services.registration.examcatalogue.model import Preparation
from services.registration.exams import casing, model, placing, plans, store
from services.registration.exams.case import Broken, Case, Place, cost, faults_of
from services.registration.exams.model import (
    CancelReason,
    ExamOrder,
    ExamStatus,
    MoveExam,
    OrderExams,
    PlacedExam,
    Reason,
    Status,
)
from services.registration.patients import handlers as patients
from services.registration.recognition import handlers as recognition
from services.registration.recognition.model import Choice, Decide, Decision, OverrideReason, Recognised
from shared.decision import Refused
from shared.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An order as people see it: the results that could stand for its exams, what was decided, and what is told."""

    order: ExamOrder
    recognised: Sequence[Recognised]
    decisions: Sequence[Decision]
    preparations: Sequence[Preparation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The plan that an order would get now."""

    exams: Sequence[PlacedExam]
    visits: int
    stay_minutes: int
    visits_one_by_one: int | None
    proven: bool
    preparations: Sequence[Preparation]


async def order_exams(command: OrderExams, work: Work) -> Shown | Refused:
    """Write an order; the answer shows the recognised results that could make exams of it unnecessary."""
    patient = await patients.living_patient(command.patient_id, work)
    if isinstance(patient, Refused):
        return patient
    catalogue = await catalogues.catalogue(command.item_codes, work)
    if isinstance(catalogue, Refused):
        return catalogue
    decision = model.order(command, work.now)
    if isinstance(decision, Refused):
        return decision
    if reason := await store.add(work, decision):
        return model.no(reason)
    return await _shown(decision, work)


async def decide(
    order_id: UUID, item_code: str, result_id: UUID, choice: Choice, reason: OverrideReason | None, work: Work
) -> Shown | Refused:
    """Let a recognised result stand for an exam of the order, or have it done again with a reason."""
    order = await store.order(work, order_id)
    after = model.reuse(order, item_code)
    if isinstance(after, Refused):
        return after
    item = (await catalogues.items_by_code([item_code], work))[item_code]
    command = Decide(
        order_id=order_id,
        item_code=item_code,
        result_id=result_id,
        choice=choice,
        reason=reason,
        price_fen=item.price_fen,
    )
    decision = await recognition.decide(command, order.patient_id, work)
    if isinstance(decision, Refused):
        return decision
    if choice is Choice.OVERRIDE:
        return await _shown(order, work)
    after, said = plans.reused(after, work.now)
    await store.save(work, order, after)
    for event in said:
        work.publish(event)
    return await _shown(after, work)


async def propose(order_id: UUID, work: Work) -> Proposal | Refused:
    """The plan that the order would get now; nothing is kept."""
    order = await store.order(work, order_id)
    if refusal := model.may_plan(order):
        return refusal
    found = await placing.propose(order, work)
    if isinstance(found, Refused):
        return found
    case, best, alone = found
    devices = await catalogues.devices_by_id([one.device_id for one in best.places], work)
    return Proposal(
        exams=casing.placed_exams(best.places, case, devices, ExamStatus.HELD),
        visits=best.cost.visits,
        stay_minutes=best.cost.stay_minutes,
        visits_one_by_one=alone.cost.visits if alone else None,
        proven=best.proven,
        preparations=await catalogues.told(order.to_do, order.conditions, work),
    )


async def find_places(order_id: UUID, hold: bool, work: Work) -> Shown | Refused:
    """Hold the best plan, or book it at once, all its devices or none."""
    order = await store.order(work, order_id)
    patient = await patients.living_patient(order.patient_id, work)
    if isinstance(patient, Refused):
        return patient
    if refusal := model.may_plan(order) or await _undecided(order, work):
        return refusal
    after = await placing.find_places(order, work, hold=hold)
    return after if isinstance(after, Refused) else await _shown(after, work)


async def confirm_plan(order_id: UUID, work: Work) -> Shown | Refused:
    """Make a hold a booking."""
    order = await store.order(work, order_id)
    patient = await patients.living_patient(order.patient_id, work)
    if isinstance(patient, Refused):
        return patient
    return await _keep(order, plans.confirm(order, work.now), work)


async def cancel_order(order_id: UUID, reason: CancelReason, work: Work) -> Shown | Refused:
    """Give back what is not done."""
    order = await store.order(work, order_id)
    return await _keep(order, plans.cancel(order, reason), work)


async def note_done(order_id: UUID, item_code: str, work: Work) -> Shown | Refused:
    """An exam was done."""
    order = await store.order(work, order_id)
    return await _keep(order, plans.done(order, item_code, work.now), work)


async def move_exam(command: MoveExam, work: Work) -> Shown | Refused:
    """Give one exam another place, where that and all the others still keep every rule."""
    order = await store.order(work, command.order_id)
    exam = model.exam_of(order, command.item_code)
    if isinstance(exam, Refused):
        return exam
    case = await _case(order, work)
    if isinstance(case, Refused):
        return case
    others = [casing.place_of(one, case) for one in order.ahead if one is not exam]
    chosen = _choose(command, case, others)
    if isinstance(chosen, Refused):
        return chosen
    devices = await catalogues.devices_by_id([chosen.device_id], work)
    (after,) = casing.placed_exams([chosen], case, devices, exam.status)
    return await _keep(order, plans.moved(order, exam, after, cost(case, [*others, chosen])), work)


async def legal_starts(order_id: UUID, item_code: str, on: date, work: Work) -> list[PlacedExam] | Refused:
    """Where one exam may be moved to on a day of the hospital's calendar, while the others stay."""
    order = await store.order(work, order_id)
    exam = model.exam_of(order, item_code)
    if isinstance(exam, Refused):
        return exam
    case = await _case(order, work)
    if isinstance(case, Refused):
        return case
    others = [casing.place_of(one, case) for one in order.ahead if one is not exam]
    places = casing.legal_starts(case, item_code, others, on)
    devices = await catalogues.devices_by_id([one.device_id for one in places], work)
    return casing.placed_exams(places, case, devices, exam.status)


async def order(order_id: UUID, work: Work) -> Shown:
    """One order; `Missing` when there is none."""
    return await _shown(await store.order(work, order_id), work)


async def orders(
    patient_id: UUID | None, status: Status | None, after: UUID | None, limit: int, work: Work
) -> list[ExamOrder]:
    """A page of orders by id; those `unplanned` are the worklist."""
    return await store.orders(work, patient_id, status, after, limit)


async def summary(work: Work) -> dict[str, int]:
    """How many orders have a plan, its visits and those that one by one would have taken, exams, and the worklist."""
    return await store.counts(work)


async def expire_holds(work: Work, limit: int) -> int:
    """Give up holds whose time is over, at most `limit`. Returns how many."""
    held = await store.overdue(work, limit)
    for one in held:
        await _keep(one, plans.cancel(one, CancelReason.EXPIRED), work)
    return len(held)


async def next_hold_ends_at(work: Work) -> datetime | None:
    """When the earliest hold is over."""
    return await store.next_hold_ends_at(work)


async def _keep(order: ExamOrder, decision: plans.Decision, work: Work) -> Shown | Refused:
    if isinstance(decision, Refused):
        return decision
    after, said = decision
    if reason := await placing.keep(order, after, said, work):
        return model.no(reason)
    return await _shown(after, work)


async def _case(order: ExamOrder, work: Work) -> Case | Refused:
    catalogue = await catalogues.catalogue(order.to_do, work)
    if isinstance(catalogue, Refused):
        return catalogue
    return await placing.case_of(order, catalogue, work) or model.no(Reason.NO_PLAN)


def _choose(command: MoveExam, case: Case, others: Sequence[Place]) -> Place | Refused:
    """The first device that is wished for and breaks no rule; else the rule that the nearest to it breaks."""
    start, minutes = case.minute(command.starts_at), case.by_item[command.item_code].minutes
    whole = case.instant(start) == command.starts_at
    broken = [Broken.NO_SUCH_PLACE]
    for device in case.devices:
        fits = command.item_code in device.items and command.campus_id in (None, device.campus_id)
        if fits and command.device_id in (None, device.device_id):
            place = Place(
                item_code=command.item_code,
                device_id=device.device_id,
                campus_id=device.campus_id,
                start=start,
                end=start + minutes,
            )
            found = faults_of(case, place, others) if whole else [Broken.NOT_ON_TICK]
            if not found:
                return place
            broken = found
    remedy = "read GET /exam-orders/{order_id}/exams/{item_code}/starts for the places that keep every rule; broken: "
    return Refused(reason=Reason.RULE_BROKEN, remedy=remedy + ", ".join(dict.fromkeys(broken)))


async def _undecided(order: ExamOrder, work: Work) -> Refused | None:
    """A no where a recognised result of the order has not been decided about."""
    decided = {one.item_code for one in await recognition.decisions(order.order_id, work)}
    shown = await recognition.recognised(order.patient_id, order.to_do, work)
    return None if all(one.item_code in decided for one in shown) else model.no(Reason.DECISION_MISSING)


async def _shown(order: ExamOrder, work: Work) -> Shown:
    return Shown(
        order=order,
        recognised=await recognition.recognised(order.patient_id, order.item_codes, work),
        decisions=await recognition.decisions(order.order_id, work),
        preparations=await catalogues.told(order.to_do, order.conditions, work),
    )
