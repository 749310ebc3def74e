"""Finding places for an order and keeping them: calendars read, planned off the event loop, written all or none.

Nothing is locked while it is planned. Who writes calendars or orders does so one at a time, and what was read is
checked then: what was taken in between is planned anew, once more and for good; an order that changed is `Stale`.
"""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from services.registration.booking import handlers as booking
from services.registration.booking.model import Status as AppointmentStatus
from services.registration.booking.model import Wanted
from services.registration.examcatalogue import handlers as catalogues
from services.registration.examcatalogue.model import Catalogue
from services.registration.exams import casing, model, plans, store, visits
from services.registration.exams.case import Case
from services.registration.exams.casing import Calendars, FixedExam
from services.registration.exams.model import ExamOrder, ExamStatus, Reason, Status
from services.registration.exams.planner import Plan, one_by_one, plan
from services.registration.exams.plans import Said
from services.registration.exams.policy import policy
from services.registration.recognition import handlers as recognition
from shared.decision import Refused
from shared.messages.registration.exams import ExamPlanBooked, ExamPlanCancelled, ExamPlanChanged
from shared.work import Work

ATTEMPTS = 2
MOST_APPOINTMENTS = 100
A_DAY = timedelta(days=1)

Found = tuple[Case, Plan, Plan | None]
"""The case, its best plan, and what comes of booking one by one."""


async def case_of(order: ExamOrder, catalogue: Catalogue, work: Work) -> Case | None:
    """The order's case by the calendars as they are now, its own places counted as free; None after its time."""
    from_at, to_at = casing.horizon(order, catalogue.network.zone, policy(), work.now)
    from_at, to_at = from_at - A_DAY, max(to_at, from_at) + A_DAY
    reach = timedelta(minutes=max((rule.minutes or 0 for rule in catalogue.rules), default=0))
    others = await store.patients_exams(work, order.patient_id, from_at - reach, to_at + reach, order.order_id)
    fixed = [*others, *order.done]
    items = await catalogues.items_by_code({one.item_code for one in fixed}, work)
    elsewhere = [(one.starts_at, one.ends_at) for one in fixed]
    taken = Calendars(
        devices=await store.taken(work, catalogue.devices, from_at, to_at, order.order_id),
        patient=sorted([*elsewhere, *await _appointments(order, work)]),
        fixed=[FixedExam(place=one, tags=items[one.item_code].every_tag) for one in fixed],
    )
    return casing.make_case(order, catalogue, taken, policy(), work.now)


async def propose(order: ExamOrder, work: Work) -> Found | Refused:
    """The best plan as things are now; nothing is kept."""
    catalogue = await catalogues.catalogue(order.to_do, work)
    return catalogue if isinstance(catalogue, Refused) else await _propose(order, catalogue, work)


async def find_places(order: ExamOrder, work: Work, *, hold: bool) -> ExamOrder | Refused:
    """Hold or book the best plan. Who loses a race plans anew, with everybody else waiting, and gets it then."""
    catalogue = await catalogues.catalogue(order.to_do, work)
    if isinstance(catalogue, Refused):
        return catalogue
    for _ in range(ATTEMPTS):
        found = await _propose(order, catalogue, work)
        if isinstance(found, Refused):
            return found
        case, best, alone = found
        devices = await catalogues.devices_by_id([one.device_id for one in best.places], work)
        status = ExamStatus.HELD if hold else ExamStatus.BOOKED
        exams = casing.placed_exams(best.places, case, devices, status)
        held_until = work.now + policy().hold if hold else None
        after, said = plans.planned(order, exams, best, alone, held_until)
        if await keep(order, after, said, work) is None:
            return after
    return model.no(Reason.PLACES_TAKEN)


async def keep(before: ExamOrder, after: ExamOrder, said: list[Said], work: Work) -> Reason | None:
    """Write an order with its exams and say so; why that cannot be, or None."""
    await store.one_at_a_time(work)
    devices = await catalogues.devices_by_id([one.device_id for one in after.exams], work)
    numbers = {device_id: one.device_no for device_id, one in devices.items()}
    if reason := await store.keep(work, after, numbers):
        return reason
    await store.save(work, before, after)
    if after.status is Status.CANCELLED and not after.done:
        await recognition.withdraw(after.order_id, work)
    starts = await visits.starts_of(before, work)
    for event in said:
        if isinstance(event, ExamPlanBooked | ExamPlanChanged | ExamPlanCancelled):
            work.publish(replace(event, visits_before=starts))
        else:
            work.publish(event)
    return None


async def _propose(order: ExamOrder, catalogue: Catalogue, work: Work) -> Found | Refused:
    case = await case_of(order, catalogue, work)
    best, alone = await asyncio.to_thread(_plans, case) if case else (None, None)
    if case is not None and best is not None:
        return case, best, alone
    nowhere = casing.impossible(case) if case else []
    remedy = f"nothing is free for {', '.join(nowhere)}: " if nowhere else ""
    return Refused(reason=Reason.NO_PLAN, remedy=remedy + model.REMEDIES[Reason.NO_PLAN])


def _plans(case: Case) -> tuple[Plan | None, Plan | None]:
    return plan(case), one_by_one(case)


async def _appointments(order: ExamOrder, work: Work) -> list[tuple[datetime, datetime]]:
    """When the patient is at a clinic."""
    wanted = Wanted(patient_id=order.patient_id, status=AppointmentStatus.BOOKED, limit=MOST_APPOINTMENTS)
    return [(one.slot_starts_at, one.slot_ends_at) for one in await booking.appointments(wanted, work)]
