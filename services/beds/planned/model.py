"""The rules of promises: a bed that is somebody's, or is to close, from a date on.

A promise takes hold of the bed `NOTICE` before it begins: from then on nobody else gets it, and a round does not
offer it. Whoever lies in it stays; that they leave too late is shown as a conflict. Invariant: two promises of one bed
or to one patient never overlap.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.beds.inventory.model import Bed
from services.beds.scoring.model import Sex, SexPolicy
from shared.decision import Refused
from shared.messages.beds.planned import BedPlanEnded, BedPlanned

NOTICE = timedelta(hours=24)
"""How long before its beginning a promise keeps others out of the bed. Ours."""


class Kind(StrEnum):
    """What the bed is promised for."""

    RESERVATION = "reservation"
    CLOSURE = "closure"


class State(StrEnum):
    """Where a promise is. Kept: the bed is reserved, or closed, as promised."""

    PLANNED = "planned"
    KEPT = "kept"
    CANCELLED = "cancelled"


class Reason(StrEnum):
    """Why a command was refused."""

    BED_PROMISED = "bed-promised"
    PATIENT_PLANNED = "patient-has-plan"
    ROOM_SEX_PLANNED = "room-sex-planned"
    NOT_AHEAD = "not-ahead"
    PLAN_ENDED = "plan-ended"


PROMISED = Refused(
    reason=Reason.BED_PROMISED, remedy="read GET /plans for the promise: choose another bed, or cancel it"
)
NOT_AHEAD = Refused(
    reason=Reason.NOT_AHEAD, remedy="give a time that lies ahead and ends after it begins; for now use POST /stays"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when to when; without an end until somebody says so."""

    from_at: datetime
    until_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanClosure:
    """Close a bed, a room or a ward from an instant on; `place_id` is the id of any of them."""

    place_id: str
    span: Span
    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPlan:
    """End a promise before it is kept."""

    plan_id: UUID
    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """Whom a bed is promised to."""

    request_id: UUID
    patient_id: UUID
    sex: Sex


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A promise. `single_sex` says whether the room's rule counts for it; words and names stay in this database."""

    plan_id: UUID
    kind: Kind
    bed_id: str
    bed_no: int
    room_no: int
    ward_id: str
    request_id: UUID | None
    patient_id: UUID | None
    sex: str | None
    single_sex: bool
    from_at: datetime
    until_at: datetime | None
    notice_at: datetime
    announced: bool
    reason: str | None
    planned_by: str
    planned_at: datetime
    state: State
    ended_at: datetime | None = None
    ended_by: str | None = None
    ended_reason: str | None = None
    version: int = 1


def plan(
    plan_id: UUID, bed: Bed, patient: Patient | None, span: Span, *, reason: str | None, by: str, now: datetime
) -> tuple[Plan, BedPlanned | None] | Refused:
    """Promise a bed to a patient, or to be closed where there is none."""
    if span.from_at <= now or (span.until_at is not None and span.until_at <= span.from_at):
        return NOT_AHEAD
    made = Plan(
        plan_id=plan_id,
        kind=Kind.RESERVATION if patient else Kind.CLOSURE,
        bed_id=bed.bed_id,
        bed_no=bed.bed_no,
        room_no=bed.room_no,
        ward_id=bed.ward_id,
        request_id=patient.request_id if patient else None,
        patient_id=patient.patient_id if patient else None,
        sex=patient.sex if patient else None,
        single_sex=bed.room.sex_policy is SexPolicy.SINGLE,
        from_at=span.from_at,
        until_at=span.until_at,
        notice_at=span.from_at - NOTICE,
        announced=False,
        reason=reason,
        planned_by=by,
        planned_at=now,
        state=State.PLANNED,
    )
    return made, _told(made)


def end(plan: Plan, state: State, *, reason: str | None, by: str, now: datetime) -> tuple[Plan, BedPlanEnded | None]:
    """The promise is kept, or given up."""
    ended = replace(plan, state=state, ended_at=now, ended_by=by, ended_reason=reason, version=plan.version + 1)
    if ended.request_id is None or ended.patient_id is None:
        return ended, None
    return ended, BedPlanEnded(
        plan_id=ended.plan_id,
        request_id=ended.request_id,
        patient_id=ended.patient_id,
        bed_id=ended.bed_id,
        outcome=ended.state,
        ended_at=now,
        aggregate_version=ended.version,
    )


def _told(plan: Plan) -> BedPlanned | None:
    """What others are told: a closure is the inventory's own matter until the bed closes."""
    if plan.request_id is None or plan.patient_id is None or plan.until_at is None:
        return None
    return BedPlanned(
        plan_id=plan.plan_id,
        request_id=plan.request_id,
        patient_id=plan.patient_id,
        bed_id=plan.bed_id,
        ward_id=plan.ward_id,
        from_at=plan.from_at,
        until_at=plan.until_at,
        aggregate_version=plan.version,
    )
