"""What can be asked of stays, and what they react to: one function a use case. Load, decide, save, publish.

From the reservation to the leaving; `moving` has transfers and swaps, `changing` what is taken back or changed.
Rows are locked in the order stay (by id), request, bed (by id).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.beds.housekeeping import handlers as housekeeping
from services.beds.housekeeping.model import Kind
from services.beds.inventory import handlers as inventory
from services.beds.inventory import model as inventory_model
from services.beds.planned import handlers as planned
from services.beds.planned import model as planned_model
from services.beds.preparation import handlers as preparation
from services.beds.requests import handlers as requests
from services.beds.requests import model as requests_model
from services.beds.scoring.model import Sex
from services.beds.stays import changes, model, store
from services.beds.stays.changes import By
from services.beds.stays.loading import CONFLICTS, stay_in_hand, suitability
from services.beds.stays.model import Phase, ReserveBed, Stay, Summary
from shared.decision import Refused
from shared.messages.discharge.clearance import DischargeOrdered, PatientLeft
from shared.messages.registration.patients import PatientDeceased
from shared.work import Work

NOT_WAITING = Refused(
    reason=requests_model.Reason.NOT_WAITING, remedy="read the request: it has a bed already, or is withdrawn"
)

WHY_NOT_RESERVED: Final = (
    requests_model.Reason.NOT_WAITING,
    inventory_model.Reason.BED_NOT_FREE,
    planned_model.Reason.BED_PROMISED,
    model.Reason.HARD_RULE,
    model.Reason.BED_TAKEN,
    model.Reason.PATIENT_HAS_BED,
    model.Reason.ROOM_SEX,
)
"""What `reserve_bed` refuses for; for the documents of the routes that run it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmitPatient:
    """The patient has arrived. `open_items_reason`: why with mandatory preparation items open, if they are."""

    stay_id: UUID
    open_items_reason: str | None
    by: By


async def reserve_bed(command: ReserveBed, work: Work) -> Stay | Refused:
    """Keep a bed for a waiting patient. Of two who ask for one bed at once, one is refused."""
    request = await requests.request_for_change(command.request_id, work)
    if request.phase is not requests_model.Phase.WAITING:
        return NOT_WAITING
    free = (await inventory.beds_for_change([command.bed_id], work))[command.bed_id]
    bed = await inventory.reserve_bed(free, request.request_id, request.patient_id, work)
    if isinstance(bed, Refused):
        return bed
    if refused := await planned.promised_to_another(bed.bed_id, request.patient_id, work):
        return refused
    suits = await suitability(request, request.specialty, free, command.policy, command.override, work)
    if isinstance(suits, Refused):
        return suits
    before = await store.stay_or_none(work, request.request_id)
    stay, reserved = model.reserve(command, request, bed, suits, before)
    await store.put(work, stay)
    if constraint := await store.begin_use(work, model.use(stay, bed, suits)):
        return CONFLICTS[constraint]
    await requests.mark_reserved(request, work)
    await planned.end_of_patient(request.patient_id, work, kept_bed_id=bed.bed_id)
    work.publish(reserved)
    return stay


async def admit_prepared(command: AdmitPatient, work: Work) -> Stay | Refused:
    """Put the patient into the bed that is reserved for them, once they are prepared or somebody says why not."""
    stay = await stay_in_hand(command.stay_id, work)
    decision = command.by.refused_in(stay) or model.admit(stay, work.now)
    if isinstance(decision, Refused):
        return decision
    refused = await preparation.let_in(command.stay_id, command.open_items_reason, command.by.subject, work)
    return refused or await admit_patient(command.stay_id, work)


async def admit_patient(stay_id: UUID, work: Work) -> Stay | Refused:
    """Put the patient into the bed that is reserved for them."""
    decision = model.admit(await stay_in_hand(stay_id, work), work.now)
    if isinstance(decision, Refused):
        return decision
    stay, admitted = decision
    await requests.mark_admitted(await requests.request_for_change(stay_id, work), work)
    reserved = (await inventory.beds_for_change([stay.bed_id], work))[stay.bed_id]
    bed = await inventory.occupy_bed(reserved, stay.stay_id, stay.patient_id, work)
    if isinstance(bed, Refused):
        return bed
    await store.save(work, stay)
    work.publish(admitted)
    return stay


async def leave_bed(stay_id: UUID, by: By, work: Work) -> Stay | Refused:
    """The patient has left the bed without the discharge service saying so."""
    stay = await stay_in_hand(stay_id, work)
    return by.refused_in(stay) or model.check_admitted(stay) or await _leave(stay, work.now, work)


async def on_patient_left(event: PatientLeft, work: Work) -> None:
    """The patient has left the ward: the bed is to be cleaned. Nothing to do when the bed was left before.

    A leaving that was undone meanwhile is heard of too late.
    """
    stay = await store.stay_or_none(work, event.stay_id, lock=True)
    if stay is None or stay.phase is not Phase.ADMITTED or changes.said_before_undoing(stay, event.left_at):
        return
    await _leave(stay, event.left_at, work)


async def on_discharge_ordered(event: DischargeOrdered, work: Work) -> None:
    """The discharge is ordered: the patient is leaving. Nothing to do where they are not in a bed."""
    stay = await store.stay_or_none(work, event.stay_id, lock=True)
    decision = None if stay is None else changes.order_discharge(stay, event.ordered_at)
    if decision is not None:
        leaving, expected = decision
        await store.save(work, leaving)
        work.publish(expected)


async def on_patient_deceased(event: PatientDeceased, work: Work) -> None:
    """Who has died waits for nothing and needs no reservation; a stay goes on until the ward says that it ends."""
    reservations = await store.reserved_for(work, event.patient_id)
    await requests.withdraw_for_death(event, work)
    await planned.end_of_patient(event.patient_id, work)
    for stay in reservations:
        await _expire(stay, work)


async def give_up_reservation(stay_id: UUID, work: Work) -> bool:
    """The patient will not come: the bed is free again and the request waits. False when no bed is kept for it."""
    stay = await store.stay_or_none(work, stay_id, lock=True)
    if stay is None or stay.phase is not Phase.RESERVED:
        return False
    await _expire(stay, work)
    return True


async def expire_reservations(work: Work, limit: int) -> int:
    """Free the beds of patients who did not come, at most `limit` at a time. Returns how many."""
    overdue = await store.overdue(work, limit)
    for stay in overdue:
        await _expire(stay, work)
    return len(overdue)


async def give_reservation_up(given_up: Stay, work: Work) -> None:
    """Write a stay whose reservation is over: the bed is free and the patient waits again."""
    await requests.end_reservation(given_up.stay_id, work)
    bed = (await inventory.beds_for_change([given_up.bed_id], work))[given_up.bed_id]
    await inventory.release_bed(bed, work)
    await store.end_use(work, given_up.stay_id, work.now)
    await store.save(work, given_up)


async def next_hold_ends_at(work: Work) -> datetime | None:
    """The first instant at which a reservation has ended: the hold counts up to and including its last instant."""
    held_until = await store.earliest_hold(work)
    return None if held_until is None else held_until + model.INSTANT


async def stay(stay_id: UUID, work: Work) -> Stay:
    """One stay; `Missing` when there is none."""
    return await store.stay(work, stay_id)


async def stays(ward_id: str | None, phase: Phase | None, leaving: bool | None, limit: int, work: Work) -> list[Stay]:
    """Stays, or those of a ward or phase, or who is leaving, the latest reservation first."""
    return await store.stays(work, ward_id, phase, leaving, limit)


async def summary(work: Work) -> Summary:
    """How many stays there are and were."""
    return await store.summary(work)


async def room_sexes(work: Work) -> dict[int, Sex]:
    """Room number → the sex of those who lie or are expected there."""
    return await store.room_sexes(work)


async def expected_to_leave(work: Work) -> dict[str, datetime]:
    """Bed → when its patient is expected to leave: as the stay says, else by the days that the request asked for."""
    lying = await store.admitted(work)
    days = await requests.expected_days([stay.stay_id for stay in lying if not stay.leaving], work)
    return {stay.bed_id: changes.leaves_at(stay, days.get(stay.stay_id, 0)) for stay in lying}


async def patients_with_bed(patient_ids: Collection[UUID], work: Work) -> set[UUID]:
    """Those of the patients who have a bed or a reservation, or a promise of one: they need no proposal."""
    return await store.patients_with_bed(work, patient_ids) | await planned.patients_with_promise(patient_ids, work)


async def _leave(stay: Stay, left_at: datetime, work: Work) -> Stay:
    left, released = model.leave(stay, left_at)
    request = await requests.request(stay.stay_id, work)
    bed = (await inventory.beds_for_change([stay.bed_id], work))[stay.bed_id]
    await housekeeping.vacate_bed(bed, request.isolation, Kind.TERMINAL, work)
    await store.end_use(work, stay.stay_id, left.left_at or work.now)
    await store.save(work, left)
    await inventory.want_round(work)
    work.publish(released)
    return left


async def _expire(stay: Stay, work: Work) -> None:
    expired, event = model.expire(stay)
    await give_reservation_up(expired, work)
    work.publish(event)
