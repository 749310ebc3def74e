"""What can be asked of the inventory: one function a use case. Load, decide, save, publish; the edge commits.

Whatever makes a bed free or takes it away wants a round, here, because every capability that changes beds comes here.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from services.beds.inventory import import_store, model, store
from services.beds.inventory.model import Bed, BedLine, ImportReport, Ward, WardCount
from services.beds.scoring.model import BedStatus
from services.beds.scoring.table_file import RejectedLine
from shared.decision import Refused
from shared.work import Work


async def import_beds(lines: Sequence[BedLine], rejected: Sequence[RejectedLine], work: Work) -> ImportReport:
    """Take the lines that can be taken into the pool; every other one is reported, beside those `rejected` before."""
    await import_store.wait_for_turn(work)
    known = {bed.bed_id: bed for bed in await store.beds_of_rooms(work, {line.room.room_id for line in lines})}
    good, refused = model.rejected_by_pool(lines, known)
    await import_store.write(work, good)
    added = [line.bed_id for line in good if line.bed_id not in known]
    for bed in await store.beds_by_id(work, added):
        _publish(bed, work)
    if good:
        await store.want_round(work)
    every = sorted((*rejected, *refused), key=lambda one: one.line)
    return ImportReport(imported=len(good), added=len(added), rejected_rows=tuple(every))


async def bed(bed_id: str, work: Work) -> Bed:
    """One bed; `Missing` when there is none."""
    return await store.bed(work, bed_id)


async def beds(ward_id: str | None, status: BedStatus | None, work: Work) -> list[Bed]:
    """All beds, or those of a ward or status, in order of id."""
    return await store.beds(work, ward_id, status)


async def beds_for_change(bed_ids: Collection[str], work: Work) -> dict[str, Bed]:
    """These beds, which nobody else changes until this work is done; `Missing` when there is no such one."""
    return {bed.bed_id: bed for bed in await store.beds_by_id(work, bed_ids, lock=True)}


async def free_beds(work: Work) -> list[Bed]:
    """All beds that somebody can have, in order of id."""
    return await store.beds(work, None, BedStatus.UNOCCUPIED)


async def free_among(bed_ids: Collection[str], work: Work) -> dict[str, Bed]:
    """Those of the beds that are free, and stay so until this work is done."""
    return await store.free_among(work, bed_ids)


async def count_beds(work: Work) -> int:
    """All beds, whatever their status."""
    return await store.count_beds(work)


async def reserve_bed(bed: Bed, stay_id: UUID, patient_id: UUID, work: Work) -> Bed | Refused:
    """Keep a bed, which this work has locked, for a stay."""
    return await _keep(bed, model.reserve(bed, stay_id, patient_id, work.now), work)


async def occupy_bed(bed: Bed, stay_id: UUID, patient_id: UUID, work: Work) -> Bed | Refused:
    """Put the patient into a bed that this work has locked."""
    return await _keep(bed, model.occupy(bed, stay_id, patient_id, work.now), work)


async def release_bed(bed: Bed, work: Work) -> Bed | Refused:
    """End a stay's claim to a bed that this work has locked."""
    return await _keep(bed, model.release(bed, work.now), work)


async def mark_cleaned(bed_id: str, work: Work) -> Bed | Refused:
    """Housekeeping is done: the bed is free."""
    bed = await _locked(bed_id, work)
    return await _keep(bed, model.clean(bed, work.now), work)


async def close_bed(bed_id: str, work: Work) -> Bed | Refused:
    """Take the bed out of the pool."""
    bed = await _locked(bed_id, work)
    return await _keep(bed, model.close(bed, work.now), work)


async def open_bed(bed_id: str, work: Work) -> Bed | Refused:
    """Bring the bed back into the pool."""
    bed = await _locked(bed_id, work)
    return await _keep(bed, model.reopen(bed, work.now), work)


async def hold_for_resuscitation(bed: Bed, work: Work, *, held: bool) -> None:
    """Hold a bed, which this work has locked, for whoever goes before everybody else; or for everybody again."""
    await store.hold(work, bed.bed_id, held=held)
    await store.want_round(work)


async def held_beds(work: Work) -> list[Bed]:
    """The beds that are held for resuscitation."""
    return await store.held_beds(work)


async def campuses(work: Work) -> list[str]:
    """Every campus that has a ward, in order."""
    return await store.campuses(work)


async def set_automatic(ward_id: str, auto_accept: bool, work: Work) -> Ward:
    """Switch a ward's automatic mode; what is proposed there already is accepted by the next round."""
    ward = Ward(ward_id=ward_id, campus_id=(await store.ward(work, ward_id)).campus_id, auto_accept=auto_accept)
    await store.save_ward(work, ward)
    await store.want_round(work)
    return ward


async def automatic_wards(work: Work) -> frozenset[str]:
    """The wards in automatic mode."""
    return await store.automatic_wards(work)


async def wards(work: Work) -> list[WardCount]:
    """Every ward with its beds by status."""
    return await store.ward_counts(work)


async def want_round(work: Work) -> None:
    """Note that the whole pool should be looked at again."""
    await store.want_round(work)


async def wanted_rounds(work: Work) -> list[int]:
    """What a round that starts now answers."""
    return await store.wanted_rounds(work)


async def round_wanted_at(work: Work) -> datetime | None:
    """Since when a round is wanted, if it is."""
    return await store.round_wanted_at(work)


async def forget_wanted(answered: Sequence[int], work: Work) -> int:
    """Take away what a round has answered; how much of it was still there."""
    return await store.forget_wanted(work, answered)


async def _locked(bed_id: str, work: Work) -> Bed:
    return (await beds_for_change([bed_id], work))[bed_id]


async def _keep(before: Bed, decision: Bed | Refused, work: Work) -> Bed | Refused:
    if isinstance(decision, Refused):
        return decision
    await store.save(work, decision)
    _publish(decision, work)
    if before.is_free != decision.is_free:
        await store.want_round(work)
    return decision


def _publish(bed: Bed, work: Work) -> None:
    changed, state = model.events(bed)
    work.publish(changed)
    work.publish(state)
