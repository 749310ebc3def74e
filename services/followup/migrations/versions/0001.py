"""Templates, plans, tasks, attempts and visit requests."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "aggregate_version",
        sa.Column("aggregate", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("aggregate", name=op.f("aggregate_version_pkey")),
    )
    op.create_table(
        "command",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column(
            "answered_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("length(key) BETWEEN 1 AND 200", name=op.f("command_key_length")),
        sa.PrimaryKeyConstraint("key", name=op.f("command_pkey")),
    )
    op.create_index("ix_command_answered_at", "command", ["answered_at"], unique=False, postgresql_using="brin")
    op.create_table(
        "followed",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("deceased_on", sa.Date(), nullable=True),
        sa.Column("admitted_stay_id", sa.Uuid(), nullable=True),
        sa.Column("admitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("followed_pkey")),
    )
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("inbox_pkey")),
    )
    op.create_index("ix_inbox_taken_at", "inbox", ["taken_at"], unique=False, postgresql_using="brin")
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("headers", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column(
            "written_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("octet_length(value) <= 900000", name=op.f("outbox_value_size")),
        sa.CheckConstraint("shard >= 0 AND shard < 32", name=op.f("outbox_shard")),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_pkey")),
    )
    op.create_table(
        "parked",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("aggregate", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("headers", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("parked_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("parked_pkey")),
    )
    op.create_index("ix_parked_aggregate", "parked", ["aggregate"], unique=False)
    op.create_index("one_parked_record", "parked", ["topic", "partition", "offset"], unique=True)
    op.create_table(
        "template",
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("purpose", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("template_pkey")),
        sa.UniqueConstraint("name", "valid_from", name="one_template_version_a_day"),
    )
    op.create_table(
        "plan",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("template", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("template_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("purpose", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("risk", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("steps", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("occurrences", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("due_ats", postgresql.ARRAY(sa.DateTime(timezone=True)), nullable=False),
        sa.Column("late_ats", postgresql.ARRAY(sa.DateTime(timezone=True)), nullable=False),
        sa.Column("next_step", sa.Integer(), nullable=False),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("close_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("correlation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(status = 'active') = (close_reason IS NULL)", name=op.f("plan_closed_for_a_reason")),
        sa.CheckConstraint("(status = 'active') = (closed_at IS NULL)", name=op.f("plan_closed_at")),
        sa.CheckConstraint(
            "(status = 'completed') = (close_reason IS NOT DISTINCT FROM 'completed')", name=op.f("plan_done")
        ),
        sa.CheckConstraint(
            "close_reason IN ('completed', 'deceased', 'readmitted', 'superseded', 'moved', 'refused')",
            name=op.f("plan_close_reason"),
        ),
        sa.CheckConstraint("correlation_id ~ '^[A-Za-z0-9-]{1,64}$'", name=op.f("plan_correlation_is_a_token")),
        sa.CheckConstraint(
            "next_due_at IS NOT DISTINCT FROM CASE WHEN status = 'active' THEN due_ats[next_step] END",
            name=op.f("plan_next_due_at"),
        ),
        sa.CheckConstraint("risk IN ('standard', 'high')", name=op.f("plan_risk")),
        sa.CheckConstraint("status IN ('active', 'completed', 'revoked')", name=op.f("plan_status")),
        sa.CheckConstraint(
            "cardinality(occurrences) = cardinality(steps) AND cardinality(due_ats) = cardinality(steps) AND cardinality(late_ats) = cardinality(steps)",
            name=op.f("plan_schedule_length"),
        ),
        sa.CheckConstraint("next_step BETWEEN 1 AND cardinality(steps) + 1", name=op.f("plan_next_step")),
        sa.ForeignKeyConstraint(
            ["template", "template_version"], ["template.name", "template.version"], name=op.f("fk_plan_template")
        ),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("plan_pkey")),
    )
    op.create_index(
        "ix_plan_due", "plan", ["next_due_at"], unique=False, postgresql_where=sa.text("next_due_at IS NOT NULL")
    )
    op.create_index("one_plan_a_stay_and_template", "plan", ["patient_id", "stay_id", "template"], unique=True)
    op.create_index(
        "one_running_plan_a_patient_and_purpose",
        "plan",
        ["patient_id", "purpose"],
        unique=True,
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_table(
        "template_step",
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("step", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("catch_up", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("stale_after_days", sa.Integer(), nullable=False),
        sa.CheckConstraint("catch_up <> 'skip' OR stale_after_days >= 1", name=op.f("template_step_stale_after")),
        sa.CheckConstraint("catch_up IN ('send_late', 'skip', 'coalesce')", name=op.f("template_step_catch_up")),
        sa.ForeignKeyConstraint(
            ["name", "version"], ["template.name", "template.version"], name=op.f("fk_template_step_name")
        ),
        sa.PrimaryKeyConstraint("name", "version", "step", name=op.f("template_step_pkey")),
    )
    op.create_table(
        "task",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("step", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("late_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("precedence", sa.Integer(), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'ready') = (ended_at IS NULL)", name=op.f("task_ended_at")),
        sa.CheckConstraint("remind_at IS NULL OR status = 'ready'", name=op.f("task_reminder_of_an_open_task")),
        sa.CheckConstraint("status IN ('ready', 'completed', 'failed', 'cancelled')", name=op.f("task_status")),
        sa.CheckConstraint("status NOT IN ('completed', 'failed') OR outcome IS NOT NULL", name=op.f("task_outcome")),
        sa.CheckConstraint("precedence BETWEEN 0 AND 2", name=op.f("task_precedence")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.plan_id"], name=op.f("fk_task_plan_id")),
        sa.PrimaryKeyConstraint("task_id", name=op.f("task_pkey")),
    )
    op.create_index(
        "ix_task_ready",
        "task",
        ["precedence", "due_at", "task_id"],
        unique=False,
        postgresql_where=sa.text("status = 'ready'"),
    )
    op.create_index("one_task_an_occurrence", "task", ["plan_id", "step", "occurrence"], unique=True)
    op.create_table(
        "attempt",
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("contact_kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("note_code", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempted_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "contact_kind IN ('phone', 'sms', 'app', 'ai_call', 'home_visit', 'clinic')",
            name=op.f("attempt_contact_kind"),
        ),
        sa.CheckConstraint("note_code ~ '^[a-z0-9-]{1,40}$'", name=op.f("attempt_note_is_a_code")),
        sa.CheckConstraint(
            "outcome IN ('reached', 'agreed_to_visit', 'call_later', 'no_answer', 'wrong_number', 'refused', 'moved', 'dead', 'danger_sign')",
            name=op.f("attempt_outcome"),
        ),
        sa.ForeignKeyConstraint(["task_id"], ["task.task_id"], name=op.f("fk_attempt_task_id")),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("attempt_pkey")),
    )
    op.create_index("ix_attempt_task_id", "attempt", ["task_id", "attempted_at"], unique=False)
    op.create_table(
        "visit_request",
        sa.Column("visit_request_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("urgency", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("earliest_on", sa.Date(), nullable=False),
        sa.Column("latest_on", sa.Date(), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("slot_starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status IN ('booked', 'cancelled')) = (appointment_id IS NOT NULL)", name=op.f("visit_request_place")
        ),
        sa.CheckConstraint(
            "reason IN ('agreed-to-visit', 'poor-answer', 'danger-sign')", name=op.f("visit_request_reason")
        ),
        sa.CheckConstraint(
            "status IN ('requested', 'booked', 'cancelled', 'withdrawn')", name=op.f("visit_request_status")
        ),
        sa.CheckConstraint("urgency IN ('routine', 'urgent')", name=op.f("visit_request_urgency")),
        sa.CheckConstraint("latest_on >= earliest_on", name=op.f("visit_request_days")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.plan_id"], name=op.f("fk_visit_request_plan_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.task_id"], name=op.f("fk_visit_request_task_id")),
        sa.PrimaryKeyConstraint("visit_request_id", name=op.f("visit_request_pkey")),
    )
    op.create_index(
        "ix_visit_request_open",
        "visit_request",
        ["latest_on", "visit_request_id"],
        unique=False,
        postgresql_where=sa.text("status = 'requested'"),
    )
    op.create_index("ix_visit_request_patient_id", "visit_request", ["patient_id"], unique=False)
    op.create_index("ix_visit_request_plan_id", "visit_request", ["plan_id"], unique=False)
    op.create_index("one_visit_request_a_task", "visit_request", ["task_id"], unique=True)
    op.create_index("one_visit_request_an_appointment", "visit_request", ["appointment_id"], unique=True)


def downgrade() -> None:
    op.drop_index("one_visit_request_an_appointment", table_name="visit_request")
    op.drop_index("one_visit_request_a_task", table_name="visit_request")
    op.drop_index("ix_visit_request_plan_id", table_name="visit_request")
    op.drop_index("ix_visit_request_patient_id", table_name="visit_request")
    op.drop_index("ix_visit_request_open", table_name="visit_request", postgresql_where=sa.text("status = 'requested'"))
    op.drop_table("visit_request")
    op.drop_index("ix_attempt_task_id", table_name="attempt")
    op.drop_table("attempt")
    op.drop_index("one_task_an_occurrence", table_name="task")
    op.drop_index("ix_task_ready", table_name="task", postgresql_where=sa.text("status = 'ready'"))
    op.drop_table("task")
    op.drop_table("template_step")
    op.drop_index(
        "one_running_plan_a_patient_and_purpose", table_name="plan", postgresql_where=sa.text("status = 'active'")
    )
    op.drop_index("one_plan_a_stay_and_template", table_name="plan")
    op.drop_index("ix_plan_due", table_name="plan", postgresql_where=sa.text("next_due_at IS NOT NULL"))
    op.drop_table("plan")
    op.drop_table("template")
    op.drop_index("one_parked_record", table_name="parked")
    op.drop_index("ix_parked_aggregate", table_name="parked")
    op.drop_table("parked")
    op.drop_table("outbox")
    op.drop_index("ix_inbox_taken_at", table_name="inbox", postgresql_using="brin")
    op.drop_table("inbox")
    op.drop_table("followed")
    op.drop_index("ix_command_answered_at", table_name="command", postgresql_using="brin")
    op.drop_table("command")
    op.drop_table("aggregate_version")
