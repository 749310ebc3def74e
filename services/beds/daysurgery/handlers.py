"""What can be asked of day surgery, and what becomes due: one function a use case. Load, decide, save, publish."""

from datetime import date, datetime
from uuid import UUID

from services.beds.daysurgery import model, store
from services.beds.daysurgery.model import (
    BookBed,
    CancelReason,
    Case,
    Convert,
    Item,
    Phase,
    Reason,
    Status,
    TheatreList,
)
from services.beds.inventory import handlers as inventory
from services.beds.requests import handlers as requests
from services.beds.requests.model import Phase as RequestPhase
from services.beds.scoring.model import Policy
from services.beds.stays import handlers as stays
from services.beds.stays.model import ReserveBed, Stay
from shared.decision import Refused
from shared.messages.registration.patients import PatientDeceased
from shared.work import Work

LIST_EXISTS = Refused(reason=Reason.LIST_EXISTS, remedy="give another list_id, or another time for the theatre")
LIST_FULL = Refused(reason=Reason.LIST_FULL, remedy="choose a list with as many minutes left")
CASE_EXISTS = Refused(reason=Reason.CASE_EXISTS, remedy="read the case that the request has")
CONFLICTS = {
    store.ONE_CASE_A_DAY_BED: Refused(reason=Reason.DAY_BED_TAKEN, remedy="choose another bed or other hours"),
}
WITHDRAWN_FOR = {
    CancelReason.PATIENT: "patient-wish",
    CancelReason.UNFIT: "no-longer-needed",
    CancelReason.HOSPITAL: "no-longer-needed",
    CancelReason.DECEASED: None,
}
"""What the withdrawal of the request says."""


async def open_list(new: TheatreList, work: Work) -> TheatreList | Refused:
    """Open a theatre's session for day surgery."""
    return new if await store.add_list(work, new) else LIST_EXISTS


async def theatre_lists(on_day: date, work: Work) -> list[TheatreList]:
    """The lists of a day with the minutes taken."""
    return await store.theatre_lists(work, on_day)


async def open_case(request_id: UUID, minutes: int, work: Work) -> Case | Refused:
    """Plan a day-surgery request: from now on its bed comes with the plan, and rounds look for none."""
    request = await requests.request_for_change(request_id, work)
    opened = model.opened(request, minutes)
    if isinstance(opened, Refused):
        return opened
    if not await store.add_case(work, opened):
        return CASE_EXISTS
    await requests.mark_scheduled(request, work)
    return opened


async def set_item(case_id: UUID, item: Item, status: Status, work: Work) -> Case | Refused:
    """An item is booked, done, or to be booked again."""
    return await _keep(model.with_item(await _locked(case_id, work), item, status), work)


async def book_theatre(case_id: UUID, list_id: str, work: Work) -> Case | Refused:
    """Take theatre time; time in another list is given back. Of two who want the last minutes, one is refused."""
    case = await _locked(case_id, work)
    booked = model.in_theatre(case, await store.theatre_list(work, list_id))
    if isinstance(booked, Refused):
        return booked
    await store.lock_lists(work, [one for one in (case.list_id, list_id) if one])
    await _give_back_theatre(case, work)
    if not await store.take_minutes(work, list_id, case.minutes):
        return LIST_FULL
    return await _keep(booked, work)


async def book_bed(command: BookBed, work: Work) -> Case | Refused:
    """Keep a day bed for the hours of the case."""
    case = await _locked(command.case_id, work)
    bed = await inventory.bed(command.bed_id, work)
    theatre_on = (await store.theatre_list(work, case.list_id)).on_day if case.list_id else None
    return await _keep(model.in_bed(case, command, bed.room.attributes, theatre_on), work)


async def confirm_case(case_id: UUID, work: Work) -> Case | Refused:
    """All four items stand."""
    case = await _locked(case_id, work)
    decision = model.confirm(case, await store.theatre_list(work, case.list_id) if case.list_id else None)
    if isinstance(decision, Refused):
        return decision
    confirmed, scheduled = decision
    work.publish(scheduled)
    return await _keep(confirmed, work)


async def convert_case(command: Convert, work: Work) -> Case | Refused:
    """The patient stays. In a day bed already: transfer them; not yet here: they wait for a normal bed."""
    case = await _locked(command.case_id, work)
    request = await requests.request_for_change(command.case_id, work)
    decision = model.convert(case, command, request)
    if isinstance(decision, Refused):
        return decision
    converted, said = decision
    if request.phase is RequestPhase.SCHEDULED:
        await _give_back_theatre(case, work)
    await requests.reclassify(request, command.admission_class, command.triage, command.expected_days, work)
    work.publish(said)
    return await _keep(converted, work)


async def cancel_case(case_id: UUID, reason: CancelReason, work: Work) -> Case | Refused:
    """The case will not be, and the request ends with it."""
    case = await _locked(case_id, work)
    request = await requests.request_for_change(case_id, work)
    decision = model.cancel(case, reason, request)
    if isinstance(decision, Refused):
        return decision
    cancelled, said = decision
    await _give_back_theatre(case, work)
    if request.phase is not RequestPhase.WITHDRAWN:
        await requests.withdraw_planned(request, WITHDRAWN_FOR[reason], work)
    work.publish(said)
    return await _keep(cancelled, work)


async def on_patient_deceased(event: PatientDeceased, work: Work) -> None:
    """Who has died is operated on no more; a case whose patient lies in a bed is left to the ward."""
    for case_id in await store.running_of_patient(work, event.patient_id):
        await cancel_case(case_id, CancelReason.DECEASED, work)


async def case(case_id: UUID, work: Work) -> Case:
    """One case; `Missing` when there is none."""
    return await store.case(work, case_id)


async def cases(phase: Phase | None, limit: int, work: Work) -> list[Case]:
    """Cases, or those of a phase, the earliest first."""
    return await store.cases(work, phase, limit)


async def due_cases(limit: int, work: Work) -> list[UUID]:
    """Confirmed cases that are to have their bed now."""
    return await store.due(work, limit)


async def next_bed_due_at(work: Work) -> datetime | None:
    """When the next confirmed case is to have its bed."""
    return await store.next_due_at(work)


async def reserve_day_bed(case_id: UUID, policy: Policy, work: Work) -> Stay | Refused:
    """The bed that was booked is reserved for the patient, until it has to be left."""
    case = await _locked(case_id, work)
    if case.phase is not Phase.CONFIRMED or case.bed_id is None or case.bed_until_at is None:
        return Refused(reason=Reason.ITEMS_PENDING, remedy="confirm the case again")
    if case.bed_until_at <= work.now:
        return Refused(reason=Reason.OTHER_DAY, remedy="book a bed on a day to come")
    await requests.mark_waiting(await requests.request_for_change(case_id, work), work)
    hold = case.bed_until_at - work.now
    return await stays.reserve_bed(ReserveBed(request_id=case_id, bed_id=case.bed_id, hold=hold, policy=policy), work)


async def lose_day_bed(case_id: UUID, work: Work) -> None:
    """Somebody else has the bed that was booked, or it is closed: the case is open again without one."""
    await _keep(model.without_bed(await _locked(case_id, work)), work)


async def _give_back_theatre(case: Case, work: Work) -> None:
    if case.list_id is not None and case.theatre is Status.BOOKED:
        await store.give_back_minutes(work, case.list_id, case.minutes)


async def _locked(case_id: UUID, work: Work) -> Case:
    return await store.case(work, case_id, lock=True)


async def _keep(decision: Case | Refused, work: Work) -> Case | Refused:
    if isinstance(decision, Refused):
        return decision
    constraint = await store.save(work, decision)
    return decision if constraint is None else CONFLICTS[constraint]
