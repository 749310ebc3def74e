"""The coordinator's desk, preparation and consents, boarding emergency patients, held beds (BED-6, BED-9)."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0002"
branch_labels = None
depends_on = None


APPEND_ONLY = """
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        MESSAGE = TG_TABLE_NAME || ' is append-only',
        HINT = 'add what is so now instead',
        ERRCODE = 'restrict_violation',
        CONSTRAINT = 'append_only';
END $$
"""
KEPT_FOR_EVER = ("preparation_mark", "consent")


def upgrade() -> None:
    op.create_table(
        "desk_entry",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("call_status", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("call_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("call_late_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("call_outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("call_recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("call_next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("exams_state", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("exams", sa.Integer(), nullable=True),
        sa.Column("exams_end_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("exams_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("attention", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("attention_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("answered_version", sa.Integer(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by_app", sa.Boolean(), nullable=False),
        sa.Column("withdrawn_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("withdrawn_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("answer IN ('confirmed', 'declined')", name=op.f("desk_entry_answer")),
        sa.CheckConstraint(
            "attention IN ('dead', 'condition_worse', 'withdrawn_wish', 'declined', 'unreachable', 'exams_unplanned', 'wants_to_wait')",
            name=op.f("desk_entry_attention"),
        ),
        sa.CheckConstraint("call_status IN ('ready', 'completed', 'failed')", name=op.f("desk_entry_call_status")),
        sa.CheckConstraint("exams_state IN ('booked', 'unplanned')", name=op.f("desk_entry_exams_state")),
        sa.CheckConstraint(
            "withdrawn_reason IN ('patient-wish', 'admitted-elsewhere', 'no-longer-needed', 'not-reachable')",
            name=op.f("desk_entry_withdrawn_reason"),
        ),
        sa.CheckConstraint("(attention IS NULL) = (attention_at IS NULL)", name=op.f("desk_entry_attention_at")),
        sa.CheckConstraint("(withdrawn_reason IS NULL) = (withdrawn_by IS NULL)", name=op.f("desk_entry_withdrawn_by")),
        sa.PrimaryKeyConstraint("request_id", name=op.f("desk_entry_pkey")),
    )
    op.create_table(
        "boarding",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("campus_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("triage", sa.Integer(), nullable=True),
        sa.Column("room", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("room_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("transport_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("transport_arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("said", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("next_alarm_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("policy_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("room IN ('resuscitation', 'observation')", name=op.f("boarding_room")),
        sa.CheckConstraint("said <> 'passed' OR next_alarm_at IS NULL", name=op.f("boarding_says_passed_once")),
        sa.CheckConstraint("said IN ('nothing', 'near', 'passed')", name=op.f("boarding_said")),
        sa.CheckConstraint("arrived_at <= decided_at", name=op.f("boarding_arrived_before_the_decision")),
        sa.CheckConstraint("transport_started_at <= transport_arrived_at", name=op.f("boarding_transport_in_order")),
        sa.ForeignKeyConstraint(["request_id"], ["admission_request.request_id"], name=op.f("fk_boarding_request_id")),
        sa.PrimaryKeyConstraint("request_id", name=op.f("boarding_pkey")),
    )
    op.create_index(
        "ix_boarding_next_alarm_at",
        "boarding",
        ["next_alarm_at"],
        unique=False,
        postgresql_where=sa.text("next_alarm_at IS NOT NULL"),
    )
    op.create_table(
        "preparation",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("items_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("states", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("consents", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["admission_request.request_id"], name=op.f("fk_preparation_request_id")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("preparation_pkey")),
    )
    op.create_table(
        "consent",
        sa.Column("consent_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("consent", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("decision", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("recorded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "consent IN ('admission', 'surgery', 'anaesthesia', 'transfusion')", name=op.f("consent_kind")
        ),
        sa.CheckConstraint("decided_by IN ('patient', 'guardian', 'representative')", name=op.f("consent_decided_by")),
        sa.CheckConstraint("decision IN ('given', 'refused', 'withdrawn')", name=op.f("consent_decision")),
        sa.ForeignKeyConstraint(["request_id"], ["preparation.request_id"], name=op.f("fk_consent_request_id")),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("consent_pkey")),
    )
    op.create_index("ix_consent_request_id", "consent", ["request_id", "consent_id"], unique=False)
    op.create_table(
        "preparation_mark",
        sa.Column("mark_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("item", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("self_service", sa.Boolean(), nullable=False),
        sa.Column("marked_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason ~ '^[a-z0-9-]{1,40}$'", name=op.f("preparation_mark_reason_is_a_code")),
        sa.CheckConstraint(
            "state IN ('open', 'done', 'not-applicable', 'accepted-open')", name=op.f("preparation_mark_state")
        ),
        sa.CheckConstraint(
            "state NOT IN ('not-applicable', 'accepted-open') OR reason IS NOT NULL",
            name=op.f("preparation_mark_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["preparation.request_id"], name=op.f("fk_preparation_mark_request_id")
        ),
        sa.PrimaryKeyConstraint("mark_id", name=op.f("preparation_mark_pkey")),
    )
    op.create_index("ix_preparation_mark_request_id", "preparation_mark", ["request_id", "mark_id"], unique=False)
    op.create_table(
        "bed_hold",
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("bed_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("lift_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint("(lifted_at IS NULL) = (lift_reason IS NULL)", name=op.f("bed_hold_lift_reason")),
        sa.CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name=op.f("bed_hold_lifted_by")),
        sa.ForeignKeyConstraint(["bed_id"], ["bed.bed_id"], name=op.f("fk_bed_hold_bed_id")),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("bed_hold_pkey")),
    )
    op.create_index(
        "one_hold_a_bed", "bed_hold", ["bed_id"], unique=True, postgresql_where=sa.text("lifted_at IS NULL")
    )
    op.add_column("bed", sa.Column("for_resuscitation", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute(APPEND_ONLY)
    for table in KEPT_FOR_EVER:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_admission_request_at_the_desk",
            "admission_request",
            ["phase"],
            postgresql_where=sa.text("phase IN ('waiting', 'reserved')"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_column("bed", "for_resuscitation")
    op.drop_index(
        "ix_admission_request_at_the_desk",
        table_name="admission_request",
        postgresql_where=sa.text("phase IN ('waiting', 'reserved')"),
    )
    op.drop_index("one_hold_a_bed", table_name="bed_hold", postgresql_where=sa.text("lifted_at IS NULL"))
    op.drop_table("bed_hold")
    op.drop_index("ix_preparation_mark_request_id", table_name="preparation_mark")
    op.drop_table("preparation_mark")
    op.drop_index("ix_consent_request_id", table_name="consent")
    op.drop_table("consent")
    op.drop_table("preparation")
    op.drop_index(
        "ix_boarding_next_alarm_at", table_name="boarding", postgresql_where=sa.text("next_alarm_at IS NOT NULL")
    )
    op.drop_table("boarding")
    op.drop_table("desk_entry")
    op.execute("DROP FUNCTION append_only")
