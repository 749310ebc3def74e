"""The rules of cleaning: what opens a task, how strong a cleaning must be, by when it is due, and who did it.

Invariant: a bed has one open task at most, and a task that was asked for is never done by a weaker cleaning.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from services.beds.inventory.model import Bed
from services.beds.scoring.model import Isolation
from shared.decision import Refused
from shared.messages.beds.housekeeping import CleaningCancelled, CleaningDone, CleaningRequested

LIMITS = Path(__file__).with_name("limits.json")


class Kind(StrEnum):
    """How a bed is cleaned, from the lightest to the strongest."""

    TURNOVER = "turnover"
    TERMINAL = "terminal"
    ISOLATION = "isolation"


STRENGTH = tuple(Kind)


def limits(path: Path = LIMITS) -> Mapping[Kind, timedelta]:
    """How long each cleaning may take from the request on. The default numbers are ours: a hospital gives its own."""
    minutes = json.loads(path.read_text(encoding="utf-8"))["minutes"]
    return {kind: timedelta(minutes=minutes[kind]) for kind in Kind}


ALLOWED = limits()


class Reason(StrEnum):
    """Why a command was refused."""

    NO_CLEANING = "no-cleaning-open"
    CLEANING_STARTED = "cleaning-started"
    CLEANING_TOO_WEAK = "cleaning-too-weak"


class View(StrEnum):
    """Which tasks to list."""

    OPEN = "open"
    OVERDUE = "overdue"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class CleaningTask:
    """A bed that is to be cleaned, or was. `stay_id`: whose leaving asked for it. Names stay in this database."""

    task_id: UUID
    bed_id: str
    ward_id: str
    stay_id: UUID | None
    kind: Kind
    requested_at: datetime
    due_at: datetime
    started_at: datetime | None = None
    started_by: str | None = None
    done_at: datetime | None = None
    done_by: str | None = None
    cancelled_at: datetime | None = None
    version: int = 1


def kind_after(bed: Bed, isolation: Isolation, usual: Kind) -> Kind:
    """How the bed is cleaned after this patient: for isolation where patient or room needed precautions."""
    if Isolation.NONE is isolation is bed.room.isolation:
        return usual
    return Kind.ISOLATION


def request(
    task_id: UUID, bed: Bed, stay_id: UUID | None, kind: Kind, now: datetime
) -> tuple[CleaningTask, CleaningRequested]:
    """A bed is to be cleaned from now on."""
    task = CleaningTask(
        task_id=task_id,
        bed_id=bed.bed_id,
        ward_id=bed.ward_id,
        stay_id=stay_id,
        kind=kind,
        requested_at=now,
        due_at=now + ALLOWED[kind],
    )
    return task, _requested(task)


def strengthen(task: CleaningTask) -> tuple[CleaningTask, CleaningRequested]:
    """The bed turned out to be contaminated: the strongest cleaning is needed, from the beginning."""
    kind = Kind.ISOLATION
    due_at = task.requested_at + ALLOWED[kind]
    stronger = replace(task, kind=kind, due_at=due_at, started_at=None, started_by=None, version=task.version + 1)
    return stronger, _requested(stronger)


def start(task: CleaningTask | None, by: str, now: datetime) -> CleaningTask | Refused:
    """Somebody begins."""
    if task is None:
        return Refused(reason=Reason.NO_CLEANING, remedy="read GET /cleaning for the beds that are to be cleaned")
    if task.started_at is not None:
        return Refused(reason=Reason.CLEANING_STARTED, remedy="nothing to do: say POST /beds/{id}/cleaned at the end")
    return replace(task, started_at=max(now, task.requested_at), started_by=by)


def finish(
    task: CleaningTask, kind: Kind | None, by: str, now: datetime
) -> tuple[CleaningTask, CleaningDone] | Refused:
    """The bed is clean. `kind` is what was done, if somebody says so; weaker than what was asked for is refused."""
    done_as = task.kind if kind is None else kind
    if STRENGTH.index(done_as) < STRENGTH.index(task.kind):
        return Refused(reason=Reason.CLEANING_TOO_WEAK, remedy=f"this bed needs {task.kind} cleaning: do that first")
    done_at = max(now, task.started_at or task.requested_at)
    done = replace(task, kind=done_as, done_at=done_at, done_by=by, version=task.version + 1)
    return done, CleaningDone(
        task_id=done.task_id,
        bed_id=done.bed_id,
        ward_id=done.ward_id,
        kind=done.kind,
        requested_at=done.requested_at,
        due_at=done.due_at,
        started_at=done.started_at,
        done_at=done_at,
        aggregate_version=done.version,
    )


def cancel(task: CleaningTask, now: datetime) -> tuple[CleaningTask, CleaningCancelled]:
    """Nobody needs to come any more."""
    cancelled = replace(task, cancelled_at=max(now, task.requested_at), version=task.version + 1)
    return cancelled, CleaningCancelled(
        task_id=task.task_id,
        bed_id=task.bed_id,
        ward_id=task.ward_id,
        cancelled_at=cancelled.cancelled_at or now,
        aggregate_version=cancelled.version,
    )


def _requested(task: CleaningTask) -> CleaningRequested:
    return CleaningRequested(
        task_id=task.task_id,
        bed_id=task.bed_id,
        ward_id=task.ward_id,
        kind=task.kind,
        requested_at=task.requested_at,
        due_at=task.due_at,
        aggregate_version=task.version,
    )
