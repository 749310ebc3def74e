"""What can be asked of stays, and what they react to: one function a use case. Load, decide, save, publish.

Rows are locked in the order stay, request, bed.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from services.beds.inventory import handlers as inventory
from services.beds.inventory.model import Bed, place_of
from services.beds.preparation import handlers as preparation
from services.beds.requests import handlers as requests
from services.beds.requests import model as requests_model
from services.beds.requests.model import AdmissionRequest
from services.beds.scoring.model import Policy, Sex
from services.beds.stays import model, store
from services.beds.stays.model import (
    AdmitPatient,
    Override,
    Phase,
    Reason,
    ReserveBed,
    Stay,
    Suitability,
    Summary,
    TransferPatient,
)
from shared.decision import Refused
from shared.messages.discharge.clearance import PatientLeft
from shared.messages.registration.patients import PatientDeceased
from shared.work import Missing, Work

CONFLICTS = {
    store.ONE_PATIENT_A_BED: Refused(reason=Reason.BED_TAKEN, remedy="ask for a new proposal, or choose another bed"),
    store.ONE_BED_A_PATIENT: Refused(reason=Reason.PATIENT_HAS_BED, remedy="transfer the patient instead"),
    store.ONE_SEX_A_ROOM: Refused(
        reason=Reason.ROOM_SEX, remedy="somebody of the other sex has the room: ask for a new proposal"
    ),
}
NOT_WAITING = Refused(
    reason=requests_model.Reason.NOT_WAITING, remedy="read the request: it has a bed already, or is withdrawn"
)


async def reserve_bed(command: ReserveBed, work: Work) -> Stay | Refused:
    """Keep a bed for a waiting patient. Of two who ask for one bed at once, one is refused."""
    request = await requests.request_for_change(command.request_id, work)
    if request.phase is not requests_model.Phase.WAITING:
        return NOT_WAITING
    free = (await inventory.beds_for_change([command.bed_id], work))[command.bed_id]
    bed = await inventory.reserve_bed(free, request.request_id, request.patient_id, work)
    if isinstance(bed, Refused):
        return bed
    suits = await _suitability(request, free, command.policy, command.override, work)
    if isinstance(suits, Refused):
        return suits
    before = await store.stay_or_none(work, request.request_id)
    stay, reserved = model.reserve(command, request, bed, suits, before)
    await store.put(work, stay)
    if constraint := await store.begin_use(work, model.use(stay, bed, suits)):
        return CONFLICTS[constraint]
    await requests.mark_reserved(request, work)
    work.publish(reserved)
    return stay


async def admit_prepared(command: AdmitPatient, work: Work) -> Stay | Refused:
    """Put the patient into the bed that is reserved for them, once they are prepared or somebody says why not."""
    decision = model.admit(await _locked(command.stay_id, work), work.now)
    if isinstance(decision, Refused):
        return decision
    refused = await preparation.let_in(command.stay_id, command.open_items_reason, command.admitted_by, work)
    return refused or await admit_patient(command.stay_id, work)


async def admit_patient(stay_id: UUID, work: Work) -> Stay | Refused:
    """Put the patient into the bed that is reserved for them."""
    decision = model.admit(await _locked(stay_id, work), work.now)
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


async def transfer_patient(command: TransferPatient, work: Work) -> Stay | Refused:
    """Move the patient to another bed; the old one is to be cleaned. Both in one transaction, or neither."""
    stay = await _locked(command.stay_id, work)
    if refused := model.check_admitted(stay):
        return refused
    beds = await inventory.beds_for_change([stay.bed_id, command.bed_id], work)
    wanted = beds[command.bed_id]
    await inventory.release_bed(beds[stay.bed_id], work)
    bed = await inventory.occupy_bed(wanted, stay.stay_id, stay.patient_id, work)
    if isinstance(bed, Refused):
        return bed
    request = await requests.request(stay.stay_id, work)
    suits = await _suitability(request, wanted, command.policy, command.override, work)
    if isinstance(suits, Refused):
        return suits
    moved, transferred = model.transfer(stay, bed, suits, command.override)
    await store.end_use(work, stay.stay_id, bed.changed_at)
    if constraint := await store.begin_use(work, model.use(moved, bed, suits)):
        return CONFLICTS[constraint]
    await store.save(work, moved)
    work.publish(transferred)
    return moved


async def leave_bed(stay_id: UUID, work: Work) -> Stay | Refused:
    """The patient has left the bed without the discharge service saying so."""
    stay = await _locked(stay_id, work)
    return model.check_admitted(stay) or await _leave(stay, work.now, work)


async def on_patient_left(event: PatientLeft, work: Work) -> None:
    """The patient has left the ward: the bed is to be cleaned. Nothing to do when the bed was left before."""
    stay = await store.stay_or_none(work, event.stay_id, lock=True)
    if stay is not None and stay.phase is Phase.ADMITTED:
        await _leave(stay, event.left_at, work)


async def on_patient_deceased(event: PatientDeceased, work: Work) -> None:
    """Who has died waits for nothing and needs no reservation; a stay goes on until the ward says that it ends."""
    reservations = await store.reserved_for(work, event.patient_id)
    await requests.withdraw_for_death(event, work)
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


async def next_hold_ends_at(work: Work) -> datetime | None:
    """The first instant at which a reservation has ended: the hold counts up to and including its last instant."""
    held_until = await store.earliest_hold(work)
    return None if held_until is None else held_until + model.INSTANT


async def stay(stay_id: UUID, work: Work) -> Stay:
    """One stay; `Missing` when there is none."""
    return await store.stay(work, stay_id)


async def stays(ward_id: str | None, phase: Phase | None, limit: int, work: Work) -> list[Stay]:
    """Stays, or those of a ward or phase, the latest reservation first."""
    return await store.stays(work, ward_id, phase, limit)


async def summary(work: Work) -> Summary:
    """How many stays there are and were."""
    return await store.summary(work)


async def room_sexes(work: Work) -> dict[int, Sex]:
    """Room number → the sex of those who lie or are expected there."""
    return await store.room_sexes(work)


async def patients_with_bed(patient_ids: Collection[UUID], work: Work) -> set[UUID]:
    """Those of the patients who have a bed or a reservation."""
    return await store.patients_with_bed(work, patient_ids)


async def _suitability(
    request: AdmissionRequest, bed: Bed, policy: Policy, override: Override | None, work: Work
) -> Suitability | Refused:
    """What the hard rules say to the bed as it stood free, with its room as it is now."""
    sexes = await store.room_sexes(work, bed.room_no)
    place = place_of(bed, sexes.get(bed.room_no))
    return model.suitability(requests_model.waiting(request, work.now), place, policy, override)


async def _leave(stay: Stay, left_at: datetime, work: Work) -> Stay:
    left, released = model.leave(stay, left_at)
    bed = (await inventory.beds_for_change([stay.bed_id], work))[stay.bed_id]
    await inventory.release_bed(bed, work)
    await store.end_use(work, stay.stay_id, left.left_at or work.now)
    await store.save(work, left)
    await inventory.want_round(work)
    work.publish(released)
    return left


async def _expire(stay: Stay, work: Work) -> None:
    expired, event = model.expire(stay)
    await requests.end_reservation(stay.stay_id, work)
    bed = (await inventory.beds_for_change([stay.bed_id], work))[stay.bed_id]
    await inventory.release_bed(bed, work)
    await store.end_use(work, stay.stay_id, work.now)
    await store.save(work, expired)
    work.publish(event)


async def _locked(stay_id: UUID, work: Work) -> Stay:
    stay = await store.stay_or_none(work, stay_id, lock=True)
    if stay is None:
        raise Missing("stay", stay_id)
    return stay
