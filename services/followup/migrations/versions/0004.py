"""Calls to those who wait for a bed: schedules, calls, attempts, and what ended a wait (FUP-12)."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_schedule",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("campus_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("specialty", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("admission_class", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("policy_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "end_reason IN ('admitted', 'deceased', 'withdrawn')", name=op.f("call_schedule_end_reason")
        ),
        sa.CheckConstraint("(end_reason IS NULL) = (ended_at IS NULL)", name=op.f("call_schedule_ended_at")),
        sa.CheckConstraint(
            "(end_reason IS NULL) = (next_due_at IS NOT NULL)", name=op.f("call_schedule_goes_on_until_its_end")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("call_schedule_pkey")),
    )
    op.create_index(
        "ix_call_schedule_due",
        "call_schedule",
        ["next_due_at"],
        unique=False,
        postgresql_where=sa.text("next_due_at IS NOT NULL"),
    )
    op.create_index("ix_call_schedule_patient_id", "call_schedule", ["patient_id"], unique=False)
    op.create_table(
        "wait_ended",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("reason IN ('admitted', 'deceased', 'withdrawn')", name=op.f("wait_ended_reason")),
        sa.PrimaryKeyConstraint("request_id", name=op.f("wait_ended_pkey")),
    )
    op.create_table(
        "call_back",
        sa.Column("call_back_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("campus_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("late_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("precedence", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'ready') = (ended_at IS NULL)", name=op.f("call_back_ended_at")),
        sa.CheckConstraint(
            "(status IN ('completed', 'failed')) = (outcome IS NOT NULL)", name=op.f("call_back_outcome")
        ),
        sa.CheckConstraint("remind_at IS NULL OR status = 'ready'", name=op.f("call_back_reminder_of_an_open_call")),
        sa.CheckConstraint(
            "status IN ('ready', 'completed', 'failed', 'missed', 'cancelled')", name=op.f("call_back_status")
        ),
        sa.CheckConstraint("due_at <= late_at", name=op.f("call_back_due_before_late")),
        sa.ForeignKeyConstraint(["request_id"], ["call_schedule.request_id"], name=op.f("fk_call_back_request_id")),
        sa.PrimaryKeyConstraint("call_back_id", name=op.f("call_back_pkey")),
    )
    op.create_index(
        "ix_call_back_ready",
        "call_back",
        ["precedence", "due_at", "call_back_id"],
        unique=False,
        postgresql_where=sa.text("status = 'ready'"),
    )
    op.create_index("one_call_back_an_occurrence", "call_back", ["request_id", "occurrence"], unique=True)
    op.create_index(
        "one_open_call_back_a_request",
        "call_back",
        ["request_id"],
        unique=True,
        postgresql_where=sa.text("status = 'ready'"),
    )
    op.create_table(
        "call_attempt",
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("call_back_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("contact_kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("note_code", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempted_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "contact_kind IN ('phone', 'sms', 'app', 'ai_call', 'home_visit', 'clinic')",
            name=op.f("call_attempt_contact_kind"),
        ),
        sa.CheckConstraint("note_code ~ '^[a-z0-9-]{1,40}$'", name=op.f("call_attempt_note_is_a_code")),
        sa.CheckConstraint(
            "outcome IN ('reached', 'wants_to_wait', 'condition_worse', 'withdrawn_wish', 'dead', 'call_later', 'no_answer', 'wrong_number')",
            name=op.f("call_attempt_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["call_back_id"], ["call_back.call_back_id"], name=op.f("fk_call_attempt_call_back_id")
        ),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("call_attempt_pkey")),
    )
    op.create_index("ix_call_attempt_call_back_id", "call_attempt", ["call_back_id", "attempted_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_call_attempt_call_back_id", table_name="call_attempt")
    op.drop_table("call_attempt")
    op.drop_index("one_open_call_back_a_request", table_name="call_back", postgresql_where=sa.text("status = 'ready'"))
    op.drop_index("one_call_back_an_occurrence", table_name="call_back")
    op.drop_index("ix_call_back_ready", table_name="call_back", postgresql_where=sa.text("status = 'ready'"))
    op.drop_table("call_back")
    op.drop_table("wait_ended")
    op.drop_index("ix_call_schedule_patient_id", table_name="call_schedule")
    op.drop_index(
        "ix_call_schedule_due", table_name="call_schedule", postgresql_where=sa.text("next_due_at IS NOT NULL")
    )
    op.drop_table("call_schedule")
