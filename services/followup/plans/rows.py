"""The tables of plans and their tasks.

Invariants, held by the database: one plan a stay and template; one running plan a patient and purpose; `next_due_at`
is what the plan's own schedule says, and `plan_due` what the plans say; each occurrence of a step becomes a task at
most once.
The plan's id begins with the instant of leaving: plans of one day, which fall due together, lie side by side in every
index, as they do in the table.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.followup.plans.model import CloseReason, Status, TaskStatus
from services.followup.tables import Row
from services.followup.templates.model import Risk

ONE_PLAN_AN_ID = "plan_pkey"
ONE_PLAN_A_STAY = "one_plan_a_stay_and_template"
ONE_RUNNING_PLAN = "one_running_plan_a_patient_and_purpose"
INSTANT = DateTime(timezone=True)
SAME_LENGTH = " AND ".join(
    f"cardinality({column}) = cardinality(steps)" for column in ("occurrences", "due_ats", "late_ats")
)


def one_of(codes: type[Status | CloseReason | TaskStatus | Risk]) -> str:
    """The codes as an SQL list."""
    return ", ".join(f"'{code}'" for code in codes)


class FollowedRow(Row, table=True):
    """What is known of a patient who was admitted, left or died; locked by whoever decides about their plans."""

    __tablename__ = "followed"

    patient_id: UUID = Field(primary_key=True)
    deceased_on: date | None
    admitted_stay_id: UUID | None
    admitted_at: datetime | None = Field(sa_type=INSTANT)
    left_at: datetime | None = Field(sa_type=INSTANT)


class PlanRow(Row, table=True):
    """A plan in its latest version. Its schedule lies in arrays, so that advancing it touches one row."""

    __tablename__ = "plan"
    __table_args__ = (
        ForeignKeyConstraint(["template", "template_version"], ["template.name", "template.version"]),
        CheckConstraint(f"status IN ({one_of(Status)})", name="plan_status"),
        CheckConstraint(f"close_reason IN ({one_of(CloseReason)})", name="plan_close_reason"),
        CheckConstraint(f"risk IN ({one_of(Risk)})", name="plan_risk"),
        CheckConstraint("(status = 'active') = (closed_at IS NULL)", name="plan_closed_at"),
        CheckConstraint("(status = 'active') = (close_reason IS NULL)", name="plan_closed_for_a_reason"),
        CheckConstraint("(status = 'completed') = (close_reason IS NOT DISTINCT FROM 'completed')", name="plan_done"),
        CheckConstraint(SAME_LENGTH, name="plan_schedule_length"),
        CheckConstraint("next_step BETWEEN 1 AND cardinality(steps) + 1", name="plan_next_step"),
        CheckConstraint(
            "next_due_at IS NOT DISTINCT FROM CASE WHEN status = 'active' THEN due_ats[next_step] END",
            name="plan_next_due_at",
        ),
        CheckConstraint("correlation_id ~ '^[A-Za-z0-9-]{1,64}$'", name="plan_correlation_is_a_token"),
        Index(ONE_PLAN_A_STAY, "patient_id", "stay_id", "template", unique=True),
        Index(ONE_RUNNING_PLAN, "patient_id", "purpose", unique=True, postgresql_where=text("status = 'active'")),
        {"postgresql_with": {"fillfactor": 50}},
    )

    plan_id: UUID = Field(primary_key=True)
    patient_id: UUID
    stay_id: UUID
    template: str
    template_version: str
    purpose: str
    risk: str
    left_at: datetime = Field(sa_type=INSTANT)
    steps: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    occurrences: list[int] = Field(sa_column=Column(ARRAY(SmallInteger), nullable=False))
    due_ats: list[datetime] = Field(sa_column=Column(ARRAY(INSTANT), nullable=False))
    late_ats: list[datetime] = Field(sa_column=Column(ARRAY(INSTANT), nullable=False))
    next_step: int
    next_due_at: datetime | None = Field(sa_type=INSTANT)
    status: str
    close_reason: str | None
    opened_at: datetime = Field(sa_type=INSTANT)
    closed_at: datetime | None = Field(sa_type=INSTANT)
    correlation_id: str
    shard: int = Field(sa_type=SmallInteger)
    version: int


class PlanDueRow(Row, table=True):
    """When a plan's next step comes up. Triggers on `plan` keep it; nobody else writes it.

    The plan itself has no index on the instant: so it moves on inside its page, half of which is kept free for that,
    and its other indexes stay as they are. Plans of one day lie side by side and fall due together.

    Whoever looks for the first steps over what has gone before it: so it is vacuumed early, and its index too when few
    pages hold dead rows. Worked off by the hundred, 74,000 of a million took a task from 46 to 58 µs of CPU, a vacuum
    took 36 ms and brought it back; by these figures the two cost the least together at 2 %.
    """

    __tablename__ = "plan_due"
    __table_args__ = ({"postgresql_with": {"autovacuum_vacuum_scale_factor": 0.02, "vacuum_index_cleanup": "on"}},)

    next_due_at: datetime = Field(sa_type=INSTANT, primary_key=True)
    plan_id: UUID = Field(primary_key=True)


class TaskRow(Row, table=True):
    """A task. Ready, overdue and on hold are read from it and the clock."""

    __tablename__ = "task"
    __table_args__ = (
        CheckConstraint(f"status IN ({one_of(TaskStatus)})", name="task_status"),
        CheckConstraint("(status = 'ready') = (ended_at IS NULL)", name="task_ended_at"),
        CheckConstraint("remind_at IS NULL OR status = 'ready'", name="task_reminder_of_an_open_task"),
        CheckConstraint("status NOT IN ('completed', 'failed') OR outcome IS NOT NULL", name="task_outcome"),
        CheckConstraint("precedence BETWEEN 0 AND 2", name="task_precedence"),
        Index("one_task_an_occurrence", "plan_id", "step", "occurrence", unique=True),
        Index("ix_task_ready", "precedence", "due_at", "task_id", postgresql_where=text("status = 'ready'")),
    )

    task_id: UUID = Field(primary_key=True)
    plan_id: UUID = Field(foreign_key="plan.plan_id")
    patient_id: UUID
    step: str
    occurrence: int
    due_at: datetime = Field(sa_type=INSTANT)
    late_at: datetime = Field(sa_type=INSTANT)
    remind_at: datetime | None = Field(sa_type=INSTANT)
    precedence: int
    status: str
    reason: str | None
    outcome: str | None
    made_at: datetime = Field(sa_type=INSTANT)
    ended_at: datetime | None = Field(sa_type=INSTANT)
