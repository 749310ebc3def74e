"""cleaning tasks, promises, and what is taken back in a stay."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bed_plan",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("bed_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("bed_no", sa.BigInteger(), nullable=False),
        sa.Column("room_no", sa.BigInteger(), nullable=False),
        sa.Column("ward_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("sex", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("single_sex", sa.Boolean(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("notice_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("announced", sa.Boolean(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("planned_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("ended_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(bed_no, bed_no, '[]')"), "&&"),
            (sa.column("during"), "&&"),
            where=sa.text("state = 'planned'"),
            using="gist",
            name="one_promise_a_bed",
        ),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(room_no, room_no, '[]')"), "&&"),
            (sa.text("(CASE sex WHEN 'F' THEN int4range(0, 1) WHEN 'M' THEN int4range(1, 2) END)"), "-|-"),
            (sa.column("during"), "&&"),
            where=sa.text("state = 'planned' AND single_sex AND sex IS NOT NULL"),
            using="gist",
            name="one_sex_a_promised_room",
        ),
        postgresql.ExcludeConstraint(
            (sa.text("uuidrange(patient_id, patient_id, '[]')"), "&&"),
            (sa.column("during"), "&&"),
            where=sa.text("state = 'planned' AND patient_id IS NOT NULL"),
            using="gist",
            name="one_promise_a_patient",
        ),
        sa.CheckConstraint("(kind = 'reservation') = (request_id IS NOT NULL)", name=op.f("bed_plan_of_a_request")),
        sa.CheckConstraint("(state = 'planned') = (ended_at IS NULL)", name=op.f("bed_plan_ended")),
        sa.CheckConstraint("kind IN ('reservation', 'closure')", name=op.f("bed_plan_kind")),
        sa.CheckConstraint("state IN ('planned', 'kept', 'cancelled')", name=op.f("bed_plan_state")),
        sa.CheckConstraint("(request_id IS NULL) = (patient_id IS NULL)", name=op.f("bed_plan_of_a_patient")),
        sa.CheckConstraint("NOT isempty(during)", name=op.f("bed_plan_lasts")),
        sa.ForeignKeyConstraint(["bed_id"], ["bed.bed_id"], name=op.f("fk_bed_plan_bed_id")),
        sa.ForeignKeyConstraint(["request_id"], ["admission_request.request_id"], name=op.f("fk_bed_plan_request_id")),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("bed_plan_pkey")),
    )
    op.create_index(
        "ix_bed_plan_bed_id", "bed_plan", ["bed_id"], unique=False, postgresql_where=sa.text("state = 'planned'")
    )
    op.create_index(
        "one_promise_a_request", "bed_plan", ["request_id"], unique=True, postgresql_where=sa.text("state = 'planned'")
    )
    op.create_table(
        "cleaning_task",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("bed_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ward_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('turnover', 'terminal', 'isolation')", name=op.f("cleaning_kind")),
        sa.CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name=op.f("cleaning_done_by")),
        sa.CheckConstraint("(started_at IS NULL) = (started_by IS NULL)", name=op.f("cleaning_started_by")),
        sa.CheckConstraint("coalesce(started_at, requested_at) <= done_at", name=op.f("cleaning_done_after_start")),
        sa.CheckConstraint("done_at IS NULL OR cancelled_at IS NULL", name=op.f("cleaning_ended_once")),
        sa.CheckConstraint(
            "requested_at <= coalesce(started_at, done_at)", name=op.f("cleaning_started_after_request")
        ),
        sa.ForeignKeyConstraint(["bed_id"], ["bed.bed_id"], name=op.f("fk_cleaning_task_bed_id")),
        sa.PrimaryKeyConstraint("task_id", name=op.f("cleaning_task_pkey")),
    )
    op.create_index("ix_cleaning_task_done_at", "cleaning_task", ["done_at"], unique=False)
    op.create_index(
        "ix_cleaning_task_due_at",
        "cleaning_task",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL AND cancelled_at IS NULL"),
    )
    op.create_index("ix_cleaning_task_stay_id", "cleaning_task", ["stay_id"], unique=False)
    op.create_index(
        "one_open_cleaning_a_bed",
        "cleaning_task",
        ["bed_id"],
        unique=True,
        postgresql_where=sa.text("done_at IS NULL AND cancelled_at IS NULL"),
    )
    op.create_table(
        "stay_change",
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("change", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("changed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["stay_id"], ["stay.stay_id"], name=op.f("fk_stay_change_stay_id")),
        sa.PrimaryKeyConstraint("stay_id", "version", name=op.f("stay_change_pkey")),
    )
    op.add_column("stay", sa.Column("care_team", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column("stay", sa.Column("previous_bed_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column("stay", sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("stay", sa.Column("discharge_ordered_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("stay", sa.Column("expected_leave_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("stay", sa.Column("leave_undone_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("ward", sa.Column("building", sqlmodel.sql.sqltypes.AutoString(), nullable=True))


def downgrade() -> None:
    op.drop_column("ward", "building")
    op.drop_column("stay", "leave_undone_at")
    op.drop_column("stay", "expected_leave_at")
    op.drop_column("stay", "discharge_ordered_at")
    op.drop_column("stay", "proposed_at")
    op.drop_column("stay", "previous_bed_id")
    op.drop_column("stay", "care_team")
    op.drop_table("stay_change")
    op.drop_index(
        "one_open_cleaning_a_bed",
        table_name="cleaning_task",
        postgresql_where=sa.text("done_at IS NULL AND cancelled_at IS NULL"),
    )
    op.drop_index("ix_cleaning_task_stay_id", table_name="cleaning_task")
    op.drop_index(
        "ix_cleaning_task_due_at",
        table_name="cleaning_task",
        postgresql_where=sa.text("done_at IS NULL AND cancelled_at IS NULL"),
    )
    op.drop_index("ix_cleaning_task_done_at", table_name="cleaning_task")
    op.drop_table("cleaning_task")
    op.drop_index("one_promise_a_request", table_name="bed_plan", postgresql_where=sa.text("state = 'planned'"))
    op.drop_index("ix_bed_plan_bed_id", table_name="bed_plan", postgresql_where=sa.text("state = 'planned'"))
    op.drop_table("bed_plan")
