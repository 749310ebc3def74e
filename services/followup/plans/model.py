"""The rules of a follow-up plan: when one opens, what falls due, and what ends it.

Values in, the next plan and its event out. Facts arrive in any order among topics (a death before the discharge, a
readmission before it), so each rule looks at what is known of the patient and not at what came last; whatever the
order, no plan runs for a patient who is dead, lies in a ward, or has been discharged again.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from services.followup.templates.model import Risk, Template, occurrences
from shared.messages.beds.stays import LeaveUndone, PatientAdmitted
from shared.messages.discharge.clearance import PatientLeft
from shared.messages.followup.plans import PlanClosed, PlanOpened
from shared.messages.followup.worklist import TaskCompleted
from shared.messages.registration.patients import PatientDeceased

PLAIN_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
DIED = "exp"
"""FHIR discharge disposition: the patient died in the ward."""


class Status(StrEnum):
    """A plan's life. FHIR CarePlan: completed when all was done, revoked when something else ended it."""

    ACTIVE = "active"
    COMPLETED = "completed"
    REVOKED = "revoked"


class CloseReason(StrEnum):
    """Why a plan ended; the codes of `PlanClosed`."""

    COMPLETED = "completed"
    DECEASED = "deceased"
    READMITTED = "readmitted"
    SUPERSEDED = "superseded"
    MOVED = "moved"
    REFUSED = "refused"


class TaskStatus(StrEnum):
    """What is kept of a task. FHIR Task; on-hold and overdue follow from the clock (`seen_as`, `is_overdue`)."""

    READY = "ready"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TaskView(StrEnum):
    """What a task is at an instant."""

    READY = "ready"
    OVERDUE = "overdue"
    ON_HOLD = "on-hold"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class NotMade(StrEnum):
    """Why an occurrence came up without anybody being asked to do it."""

    STALE = "stale"
    COALESCED = "coalesced"


PRECEDENCE = {Risk.HIGH: 1, Risk.STANDARD: 2}
URGENT = 0
"""A day list is worked through by precedence, then by due instant: urgent 0, high risk 1, the rest 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A patient's follow-up by one template version. FHIR CarePlan.

    `steps`, `occurrences`, `due_ats` and `late_ats` say in order what comes up when, and when it is late; they are
    computed once, on opening. `next_step` counts from 1.
    """

    plan_id: UUID
    patient_id: UUID
    stay_id: UUID
    template: str
    template_version: str
    purpose: str
    risk: Risk
    left_at: datetime
    steps: tuple[str, ...]
    occurrences: tuple[int, ...]
    due_ats: tuple[datetime, ...]
    late_ats: tuple[datetime, ...]
    next_step: int
    status: Status
    close_reason: CloseReason | None
    opened_at: datetime
    closed_at: datetime | None
    correlation_id: str
    version: int

    @property
    def next_due_at(self) -> datetime | None:
        """When the next step comes up; None when none will."""
        left = self.due_ats[self.next_step - 1 :]
        return left[0] if left and self.status is Status.ACTIVE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One occurrence of a step, made when it fell due. FHIR Task."""

    task_id: UUID
    plan_id: UUID
    patient_id: UUID
    step: str
    occurrence: int
    due_at: datetime
    late_at: datetime
    remind_at: datetime | None
    precedence: int
    status: TaskStatus
    reason: str | None
    outcome: str | None
    made_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What is known of a patient: the day of death, the latest admission and the latest leaving."""

    patient_id: UUID
    deceased_on: date | None = None
    admitted_stay_id: UUID | None = None
    admitted_at: datetime | None = None
    left_at: datetime | None = None

    def lying(self, stay_id: UUID, since: datetime) -> "Followed":
        """The same, knowing that the patient lies in a ward: admitted, or not gone after all."""
        if self.admitted_at is not None and self.admitted_at > since:
            return self
        return replace(self, admitted_stay_id=stay_id, admitted_at=since)

    def after_death(self, event: PatientDeceased) -> "Followed":
        """The same, knowing of the death."""
        return replace(self, deceased_on=event.deceased_on)

    def after_leaving(self, event: PatientLeft) -> "Followed":
        """The same, knowing of a leaving."""
        return replace(self, left_at=max(event.left_at, self.left_at or event.left_at))


def opens_plan(event: PatientLeft, followed: Followed) -> bool:
    """Whether the leaving is followed by a plan: not for the dead. Days are UTC, as the register tells them."""
    known_dead = followed.deceased_on is not None and followed.deceased_on < event.left_at.date()
    return event.disposition != DIED and not known_dead


def over_already(event: PatientLeft, followed: Followed) -> CloseReason | None:
    """What ends the plan the moment it opens, because it happened after the leaving and was heard of before it."""
    if followed.deceased_on is not None:
        return CloseReason.DECEASED
    since = followed.admitted_at
    if since and (since > event.left_at or (since == event.left_at and followed.admitted_stay_id != event.stay_id)):
        return CloseReason.READMITTED
    if followed.left_at is not None and followed.left_at > event.left_at:
        return CloseReason.SUPERSEDED
    return None


def ended_by_leaving(plan: Plan, event: PatientLeft) -> CloseReason | None:
    """What a new leaving means for an earlier one's plan (§5.9). Of the same stay: the earlier one was undone."""
    if plan.stay_id == event.stay_id:
        return CloseReason.READMITTED if plan.left_at < event.left_at else None
    if plan.left_at > event.left_at:
        return None
    return CloseReason.DECEASED if event.disposition == DIED else CloseReason.SUPERSEDED


def ended_by_admission(plan: Plan, event: PatientAdmitted) -> bool:
    """A readmission ends the plan; its own stay's admission, heard of late, does not."""
    return plan.stay_id != event.stay_id and plan.left_at <= event.admitted_at


def ended_by_undoing(plan: Plan, event: LeaveUndone) -> bool:
    """The leaving that opened the plan did not take place; one of the instant of the undoing is the next, and did."""
    return plan.stay_id == event.stay_id and (plan.left_at < event.undone_at or plan.left_at == event.left_at)


def opens_again(before: Plan, event: PatientLeft) -> bool:
    """Whether a stay's plan, which ended because its leaving was undone, begins anew with the real leaving."""
    return before.close_reason is CloseReason.READMITTED and before.left_at < event.left_at


def open_plan(
    event: PatientLeft, template: Template, risk: Risk, *, plan_id: UUID, correlation_id: str, now: datetime
) -> tuple[Plan, PlanOpened]:
    """A plan for the stay. Days are counted from the local day of leaving in the template's zone."""
    left_on = event.left_at.astimezone(template.zone).date()
    coming = occurrences(template, risk)
    plan = Plan(
        plan_id=plan_id,
        patient_id=event.patient_id,
        stay_id=event.stay_id,
        template=template.name,
        template_version=template.version,
        purpose=template.purpose,
        risk=risk,
        left_at=event.left_at,
        steps=tuple(one.step for one in coming),
        occurrences=tuple(one.number for one in coming),
        due_ats=tuple(local_instant(left_on, one.due_day, template.due_time, template.zone) for one in coming),
        late_ats=tuple(local_instant(left_on, one.last_day + 1, time.min, template.zone) for one in coming),
        next_step=1,
        status=Status.ACTIVE,
        close_reason=None,
        opened_at=now,
        closed_at=None,
        correlation_id=correlation_id,
        version=1,
    )
    return plan, PlanOpened(
        plan_id=plan.plan_id,
        patient_id=plan.patient_id,
        stay_id=plan.stay_id,
        template=plan.template,
        template_version=plan.template_version,
        opened_at=now,
        aggregate_version=plan.version,
    )


def token(correlation_id: str | None, *, otherwise: str) -> str:
    """The correlation that a plan's tasks go on with, where it is a short plain id; else `otherwise`."""
    return correlation_id if correlation_id and PLAIN_ID.fullmatch(correlation_id) else otherwise


def local_instant(day: date, days_later: int, at: time, zone: ZoneInfo) -> datetime:
    """That clock time on that local day, in UTC.

    Whatever daylight saving did in between; a clock time that is skipped that day counts on from before the jump.
    """
    return datetime.combine(day + timedelta(days=days_later), at, tzinfo=zone).astimezone(UTC)


def close(plan: Plan, reason: CloseReason, now: datetime) -> tuple[Plan, PlanClosed]:
    """End the plan: nothing comes up any more."""
    closed = replace(
        plan,
        status=Status.COMPLETED if reason is CloseReason.COMPLETED else Status.REVOKED,
        close_reason=reason,
        closed_at=now,
        version=plan.version + 1,
    )
    return closed, PlanClosed(
        plan_id=plan.plan_id,
        patient_id=plan.patient_id,
        reason=reason,
        closed_at=now,
        aggregate_version=closed.version,
    )


def is_done(plan: Plan, open_tasks: int) -> bool:
    """Whether nothing is left to do and nothing will come up."""
    return plan.status is Status.ACTIVE and plan.next_due_at is None and open_tasks == 0


def end_task(
    plan: Plan, task: Task, status: TaskStatus, outcome: str, *, reason: str | None, now: datetime
) -> tuple[Plan, Task, TaskCompleted]:
    """The task is over: done, or failed for `reason`."""
    ended = replace(task, status=status, outcome=outcome, reason=reason, remind_at=None, ended_at=now)
    plan = replace(plan, version=plan.version + 1)
    return (
        plan,
        ended,
        TaskCompleted(
            task_id=task.task_id,
            plan_id=plan.plan_id,
            patient_id=plan.patient_id,
            outcome=outcome,
            completed_at=now,
            aggregate_version=plan.version,
        ),
    )


def seen_as(task: Task, now: datetime) -> TaskView:
    """What the task is now: computed from the clock, never by a job (§5.14)."""
    if task.status is not TaskStatus.READY:
        return TaskView(task.status.value)
    if task.remind_at is not None and task.remind_at > now:
        return TaskView.ON_HOLD
    return TaskView.OVERDUE if task.late_at <= now else TaskView.READY
