"""All that is known of one stay: its clocks (bed-rules §4), the beds it had, and what was taken back or changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.beds.housekeeping import handlers as housekeeping
from services.beds.housekeeping.model import CleaningTask
from services.beds.inventory import handlers as inventory
from services.beds.stays import history_store, store
from services.beds.stays.changes import Change
from services.beds.stays.model import Stay
from shared.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedBed:
    """A bed that was kept for the patient or used by them; without an end while it lasts."""

    bed_id: str
    from_at: datetime
    until_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A stay with everything that has happened to it."""

    stay: Stay
    beds: Sequence[UsedBed]
    cleaning: Sequence[CleaningTask]
    changes: Sequence[Change]


async def history(stay_id: UUID, work: Work) -> History:
    """All that is known of a stay; `Missing` when there is none."""
    stay = await store.stay(work, stay_id)
    uses = await history_store.uses_of(work, stay_id)
    names = await inventory.bed_names([bed_no for bed_no, _, _ in uses], work)
    return History(
        stay=stay,
        beds=[UsedBed(bed_id=names[bed_no], from_at=since, until_at=until) for bed_no, since, until in uses],
        cleaning=await housekeeping.tasks_of_stay(stay_id, work),
        changes=await history_store.changes_of(work, stay_id),
    )
