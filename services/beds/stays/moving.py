"""Patients who change beds: a transfer to a free one, and a swap of two. In one transaction, or not at all.

Both patients of a swap give up their beds before the rules look, so what is right only together passes.
"""

from dataclasses import dataclass
from uuid import UUID

from services.beds.housekeeping import handlers as housekeeping
from services.beds.housekeeping.model import Kind
from services.beds.inventory import handlers as inventory
from services.beds.inventory.model import Bed
from services.beds.planned import handlers as planned
from services.beds.requests import handlers as requests
from services.beds.scoring.model import Policy
from services.beds.stays import model, store
from services.beds.stays.changes import By
from services.beds.stays.loading import CONFLICTS, stay_in_hand, stays_in_hand, suitability
from services.beds.stays.model import BedUse, Override, Reason, Stay
from shared.decision import Refused
from shared.ids import new_id
from shared.messages.beds.stays import PatientTransferred
from shared.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferPatient:
    """Move a patient to another bed, now."""

    stay_id: UUID
    bed_id: str
    policy: Policy
    by: By
    override: Override | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapPatients:
    """Let two patients exchange their beds, now."""

    stay_ids: tuple[UUID, UUID]
    policy: Policy
    by: By
    override: Override | None = None


async def transfer_patient(command: TransferPatient, work: Work) -> Stay | Refused:
    """Move the patient to another bed; the old one is to be cleaned."""
    stay = await stay_in_hand(command.stay_id, work)
    if refused := command.by.refused_in(stay) or model.check_admitted(stay) or _lies_there(stay, command.bed_id):
        return refused
    request = await requests.request(stay.stay_id, work)
    beds = await inventory.beds_for_change([stay.bed_id, command.bed_id], work)
    wanted = beds[command.bed_id]
    await housekeeping.vacate_bed(beds[stay.bed_id], request.isolation, Kind.TURNOVER, work)
    bed = await inventory.occupy_bed(wanted, stay.stay_id, stay.patient_id, work)
    if isinstance(bed, Refused):
        return bed
    if refused := await planned.promised_to_another(bed.bed_id, stay.patient_id, work):
        return refused
    await store.end_use(work, stay.stay_id, bed.changed_at)
    suits = await suitability(request, stay.specialty, wanted, command.policy, command.override, work)
    if isinstance(suits, Refused):
        return suits
    moved, transferred = model.transfer(stay, bed, suits, command.override)
    if constraint := await store.begin_use(work, model.use(moved, bed, suits)):
        return CONFLICTS[constraint]
    await store.save(work, moved)
    work.publish(transferred)
    return moved


async def swap_patients(command: SwapPatients, work: Work) -> list[Stay] | Refused:
    """Exchange the beds of two patients; both hard rules hold afterwards, whatever they said to one move alone."""
    if command.stay_ids[0] == command.stay_ids[1]:
        return Refused(reason=Reason.SAME_STAY, remedy="give the stays of two patients")
    stays = [(await stays_in_hand(command.stay_ids, work))[stay_id] for stay_id in command.stay_ids]
    for stay in stays:
        if refused := model.check_admitted(stay) or command.by.refused_in(stay):
            return refused
    beds = await inventory.beds_for_change([stay.bed_id for stay in stays], work)
    one, other = (beds[stay.bed_id] for stay in stays)
    exchanged = await inventory.exchange_beds(one, other, work)
    for stay in stays:
        await store.end_use(work, stay.stay_id, exchanged[0].changed_at)
    swap_id = new_id()
    wanted = zip(stays, reversed(exchanged), strict=True)
    moves = [await _into(bed, stay, swap_id, command, work) for stay, bed in wanted]
    moved = [move for move in moves if not isinstance(move, Refused)]
    if len(moved) < len(moves):
        return next(move for move in moves if isinstance(move, Refused))
    for _, _, use in sorted(moved, key=lambda move: move[2].bed_no):
        if constraint := await store.begin_use(work, use):
            return CONFLICTS[constraint]
    for stay, transferred, _ in moved:
        await store.save(work, stay)
        work.publish(transferred)
    return [stay for stay, _, _ in moved]


def _lies_there(stay: Stay, bed_id: str) -> Refused | None:
    if stay.bed_id != bed_id:
        return None
    return Refused(reason=Reason.SAME_BED, remedy="nothing to do: the patient lies there")


async def _into(
    bed: Bed, stay: Stay, swap_id: UUID, command: SwapPatients, work: Work
) -> tuple[Stay, PatientTransferred, BedUse] | Refused:
    """What becomes of one of the two, while neither counts as lying anywhere."""
    request = await requests.request(stay.stay_id, work)
    suits = await suitability(request, stay.specialty, bed, command.policy, command.override, work)
    if isinstance(suits, Refused):
        return suits
    moved, transferred = model.transfer(stay, bed, suits, command.override, swap_id)
    return moved, transferred, model.use(moved, bed, suits)
