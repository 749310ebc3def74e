"""What can be asked of housekeeping: one function a use case. A bed and its task change in one transaction.

Whoever changes a task holds its bed; an open task of a bed that somebody has already used again is let go.
"""

from collections.abc import Sequence
from uuid import UUID

from services.beds.housekeeping import model, store
from services.beds.housekeeping.model import CleaningTask, Kind, View
from services.beds.inventory import handlers as inventory
from services.beds.inventory.model import CLEANABLE, Bed
from services.beds.scoring.model import BedStatus, Isolation
from shared.decision import Refused
from shared.ids import new_id
from shared.work import Work


async def vacate_bed(bed: Bed, isolation: Isolation, usual: Kind, work: Work) -> Bed:
    """The patient is gone from a bed that this work has locked: it is to be cleaned, with a clock."""
    kind = model.kind_after(bed, isolation, usual)
    released = await inventory.release_bed(bed, work, contaminated=kind is Kind.ISOLATION)
    await _open(released, bed.stay_id, kind, work)
    return released


async def give_bed_back(bed: Bed, stay_id: UUID, patient_id: UUID, work: Work) -> Bed | Refused:
    """The last patient has a bed, which this work has locked, again: nobody needs to come."""
    taken = await inventory.take_back_bed(bed, stay_id, patient_id, work)
    if not isinstance(taken, Refused):
        await _let_go(bed.bed_id, work)
    return taken


async def contaminate_bed(bed_id: str, work: Work) -> Bed | Refused:
    """An empty bed is found contaminated: it needs the strongest cleaning."""
    bed = await inventory.contaminate_bed(await _locked(bed_id, work), work)
    if isinstance(bed, Refused):
        return bed
    task = await store.open_task(work, bed_id)
    if task is None:
        await _open(bed, None, Kind.ISOLATION, work)
    else:
        stronger, requested = model.strengthen(task)
        await store.save(work, stronger)
        work.publish(requested)
    return bed


async def start_cleaning(bed_id: str, by: str, work: Work) -> CleaningTask | Refused:
    """Somebody begins to clean."""
    await _locked(bed_id, work)
    task = model.start(await store.open_task(work, bed_id), by, work.now)
    if not isinstance(task, Refused):
        await store.save(work, task)
    return task


async def finish_cleaning(bed_id: str, kind: Kind | None, by: str, work: Work) -> Bed | Refused:
    """The bed is clean, and free. One without a task (imported so) is simply free; `Missing` without such a bed."""
    bed = await _locked(bed_id, work)
    task = await store.open_task(work, bed_id)
    if bed.status is BedStatus.CONTAMINATED and task is None and kind in (Kind.TURNOVER, Kind.TERMINAL):
        return Refused(reason=model.Reason.CLEANING_TOO_WEAK, remedy="this bed needs isolation cleaning: do that first")
    if task is not None:
        finished = model.finish(task, kind, by, work.now)
        if isinstance(finished, Refused):
            return finished
        done, event = finished
        await store.save(work, done)
        work.publish(event)
        if bed.status not in CLEANABLE:
            return bed
    return await inventory.mark_cleaned(bed, work)


async def tasks(view: View, ward_id: str | None, limit: int, work: Work) -> list[CleaningTask]:
    """Open tasks, overdue ones, or done ones; of a ward or all."""
    return await store.tasks(work, view, ward_id, limit)


async def tasks_of_stay(stay_id: UUID, work: Work) -> Sequence[CleaningTask]:
    """The tasks that a stay has asked for, earliest first."""
    return await store.of_stay(work, stay_id)


async def _open(bed: Bed, stay_id: UUID | None, kind: Kind, work: Work) -> None:
    await _let_go(bed.bed_id, work)
    task, requested = model.request(new_id(), bed, stay_id, kind, bed.changed_at)
    await store.add(work, task)
    work.publish(requested)


async def _let_go(bed_id: str, work: Work) -> None:
    task = await store.open_task(work, bed_id)
    if task is not None:
        cancelled, event = model.cancel(task, work.now)
        await store.save(work, cancelled)
        work.publish(event)


async def _locked(bed_id: str, work: Work) -> Bed:
    return (await inventory.beds_for_change([bed_id], work))[bed_id]
