"""wards, rooms and beds; who waits, who has which bed; proposals."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TYPE uuidrange AS RANGE (subtype = uuid)")
    op.create_table(
        "admission_request",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("specialty", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("campus_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reachable_campuses", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("sex", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("age_years", sa.Integer(), nullable=False),
        sa.Column("triage", sa.Integer(), nullable=True),
        sa.Column("admission_class", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("immediate", sa.Boolean(), nullable=False),
        sa.Column("diagnosis_code", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("procedure_code", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("drg", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("drg_version", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("rw", sa.Float(), nullable=True),
        sa.Column("level4", sa.Boolean(), nullable=False),
        sa.Column("department_cmi", sa.Float(), nullable=False),
        sa.Column("social_points", sa.Float(), nullable=False),
        sa.Column("needs", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("isolation", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("expected_days", sa.Integer(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("phase", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("phase IN ('waiting', 'reserved', 'admitted', 'withdrawn')", name=op.f("request_phase")),
        sa.CheckConstraint("sex IN ('F', 'M', 'U')", name=op.f("request_sex")),
        sa.CheckConstraint("triage BETWEEN 1 AND 4", name=op.f("request_triage")),
        sa.PrimaryKeyConstraint("request_id", name=op.f("admission_request_pkey")),
    )
    op.create_index("ix_admission_request_patient_id", "admission_request", ["patient_id"], unique=False)
    op.create_index(
        "ix_admission_request_waiting",
        "admission_request",
        ["requested_at"],
        unique=False,
        postgresql_where=sa.text("phase = 'waiting'"),
    )
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
        "deceased",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("deceased_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("deceased_pkey")),
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
        "round_wanted",
        sa.Column("wanted_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("wanted_id", name=op.f("round_wanted_pkey")),
    )
    op.create_table(
        "ward",
        sa.Column("ward_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("campus_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("auto_accept", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("ward_id", name=op.f("ward_pkey")),
    )
    op.create_table(
        "room",
        sa.Column("room_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("room_no", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("ward_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sex_policy", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("age_group", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("isolation", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("attributes", postgresql.ARRAY(sa.String()), nullable=False),
        sa.CheckConstraint("age_group IN ('adult', 'paediatric', 'any')", name=op.f("room_age_group")),
        sa.CheckConstraint("isolation IN ('none', 'contact', 'droplet', 'airborne')", name=op.f("room_isolation")),
        sa.CheckConstraint("sex_policy IN ('single', 'mixed')", name=op.f("room_sex_policy")),
        sa.ForeignKeyConstraint(["ward_id"], ["ward.ward_id"], name=op.f("fk_room_ward_id")),
        sa.PrimaryKeyConstraint("room_id", name=op.f("room_pkey")),
        sa.UniqueConstraint("room_no", "sex_policy", name="room_no_and_sex_policy"),
        sa.UniqueConstraint("room_no", name=op.f("uq_room_room_no")),
    )
    op.create_table(
        "unplaced",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("policy_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("considered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("tier IN (0, 1)", name=op.f("unplaced_tier")),
        sa.ForeignKeyConstraint(["request_id"], ["admission_request.request_id"], name=op.f("fk_unplaced_request_id")),
        sa.PrimaryKeyConstraint("request_id", name=op.f("unplaced_pkey")),
    )
    op.create_table(
        "bed",
        sa.Column("bed_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("bed_no", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("room_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("specialty", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("overflow", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("stay_from_days", sa.Integer(), nullable=True),
        sa.Column("stay_to_days", sa.Integer(), nullable=True),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reserved", sa.Boolean(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=True),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(status = 'O' OR reserved) = (stay_id IS NOT NULL)", name=op.f("bed_of_a_stay")),
        sa.CheckConstraint("status = 'U' OR NOT reserved", name=op.f("bed_reserved_while_unoccupied")),
        sa.CheckConstraint("status IN ('C', 'H', 'O', 'U', 'K', 'I')", name=op.f("bed_status")),
        sa.CheckConstraint("(stay_from_days IS NULL) = (stay_to_days IS NULL)", name=op.f("bed_stay_band_whole")),
        sa.CheckConstraint("(stay_id IS NULL) = (patient_id IS NULL)", name=op.f("bed_of_a_patient")),
        sa.CheckConstraint("0 <= stay_from_days AND stay_from_days <= stay_to_days", name=op.f("bed_stay_band")),
        sa.ForeignKeyConstraint(["room_id"], ["room.room_id"], name=op.f("fk_bed_room_id")),
        sa.PrimaryKeyConstraint("bed_id", name=op.f("bed_pkey")),
        sa.UniqueConstraint("bed_no", name=op.f("uq_bed_bed_no")),
    )
    op.create_index("ix_bed_room_id", "bed", ["room_id"], unique=False)
    op.create_index("one_stay_a_bed_now", "bed", ["stay_id"], unique=True)
    op.create_table(
        "proposal",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("bed_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ward_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("runner_up_bed_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("margin", sa.Float(), nullable=True),
        sa.Column("policy_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("gap", sa.Float(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("tier IN (0, 1)", name=op.f("proposal_tier")),
        sa.ForeignKeyConstraint(["bed_id"], ["bed.bed_id"], name=op.f("fk_proposal_bed_id")),
        sa.ForeignKeyConstraint(["request_id"], ["admission_request.request_id"], name=op.f("fk_proposal_request_id")),
        sa.PrimaryKeyConstraint("request_id", name=op.f("proposal_pkey")),
        sa.UniqueConstraint("bed_id", name="one_proposal_a_bed"),
    )
    op.create_table(
        "stay",
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("bed_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ward_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("campus_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("specialty", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sex", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("phase", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("admitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bed_days", sa.Integer(), nullable=True),
        sa.Column("overridden_rule", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("override_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("override_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(phase = 'left') = (left_at IS NOT NULL)", name=op.f("stay_left_at")),
        sa.CheckConstraint(
            "(phase IN ('admitted', 'left')) = (admitted_at IS NOT NULL)", name=op.f("stay_admitted_at")
        ),
        sa.CheckConstraint("phase IN ('reserved', 'admitted', 'left', 'expired')", name=op.f("stay_phase")),
        sa.CheckConstraint("(left_at IS NULL) = (bed_days IS NULL) AND bed_days >= 1", name=op.f("stay_bed_days")),
        sa.CheckConstraint("(overridden_rule IS NULL) = (override_by IS NULL)", name=op.f("stay_override_by")),
        sa.CheckConstraint("(overridden_rule IS NULL) = (override_reason IS NULL)", name=op.f("stay_override_reason")),
        sa.CheckConstraint("left_at >= admitted_at", name=op.f("stay_left_after_admission")),
        sa.ForeignKeyConstraint(["bed_id"], ["bed.bed_id"], name=op.f("fk_stay_bed_id")),
        sa.ForeignKeyConstraint(["stay_id"], ["admission_request.request_id"], name=op.f("fk_stay_stay_id")),
        sa.PrimaryKeyConstraint("stay_id", name=op.f("stay_pkey")),
    )
    op.create_index(
        "ix_stay_held_until", "stay", ["held_until"], unique=False, postgresql_where=sa.text("phase = 'reserved'")
    )
    op.create_index("ix_stay_patient_id", "stay", ["patient_id"], unique=False)
    op.create_table(
        "bed_use",
        sa.Column("use_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("bed_no", sa.BigInteger(), nullable=False),
        sa.Column("room_no", sa.BigInteger(), nullable=False),
        sa.Column("sex_policy", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sex", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sex_exception", sa.Boolean(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(bed_no, bed_no, '[]')"), "&&"),
            (sa.column("during"), "&&"),
            using="gist",
            name="one_patient_a_bed",
        ),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(room_no, room_no, '[]')"), "&&"),
            (sa.text("(CASE sex WHEN 'F' THEN int4range(0, 1) WHEN 'M' THEN int4range(1, 2) END)"), "-|-"),
            (sa.column("during"), "&&"),
            where=sa.text("sex_policy = 'single' AND NOT sex_exception"),
            using="gist",
            name="one_sex_a_room",
        ),
        postgresql.ExcludeConstraint(
            (sa.text("uuidrange(patient_id, patient_id, '[]')"), "&&"),
            (sa.column("during"), "&&"),
            using="gist",
            name="one_bed_a_patient",
        ),
        sa.CheckConstraint("sex <> 'U' OR sex_policy <> 'single' OR sex_exception", name=op.f("bed_use_unknown_sex")),
        sa.CheckConstraint("sex IN ('F', 'M', 'U')", name=op.f("bed_use_sex")),
        sa.ForeignKeyConstraint(["bed_no"], ["bed.bed_no"], name=op.f("fk_bed_use_bed_no")),
        sa.ForeignKeyConstraint(
            ["room_no", "sex_policy"],
            ["room.room_no", "room.sex_policy"],
            name="bed_use_follows_room",
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["stay_id"], ["stay.stay_id"], name=op.f("fk_bed_use_stay_id")),
        sa.PrimaryKeyConstraint("use_id", name=op.f("bed_use_pkey")),
    )
    op.create_index(
        "ix_bed_use_room_no", "bed_use", ["room_no"], unique=False, postgresql_where=sa.text("upper_inf(during)")
    )
    op.create_index(
        "one_bed_a_stay", "bed_use", ["stay_id"], unique=True, postgresql_where=sa.text("upper_inf(during)")
    )


def downgrade() -> None:
    op.drop_index("one_bed_a_stay", table_name="bed_use", postgresql_where=sa.text("upper_inf(during)"))
    op.drop_index("ix_bed_use_room_no", table_name="bed_use", postgresql_where=sa.text("upper_inf(during)"))
    op.drop_table("bed_use")
    op.drop_index("ix_stay_patient_id", table_name="stay")
    op.drop_index("ix_stay_held_until", table_name="stay", postgresql_where=sa.text("phase = 'reserved'"))
    op.drop_table("stay")
    op.drop_table("proposal")
    op.drop_index("one_stay_a_bed_now", table_name="bed")
    op.drop_index("ix_bed_room_id", table_name="bed")
    op.drop_table("bed")
    op.drop_table("unplaced")
    op.drop_table("room")
    op.drop_table("ward")
    op.drop_table("round_wanted")
    op.drop_index("one_parked_record", table_name="parked")
    op.drop_index("ix_parked_aggregate", table_name="parked")
    op.drop_table("parked")
    op.drop_table("outbox")
    op.drop_index("ix_inbox_taken_at", table_name="inbox", postgresql_using="brin")
    op.drop_table("inbox")
    op.drop_table("deceased")
    op.drop_index("ix_command_answered_at", table_name="command", postgresql_using="brin")
    op.drop_table("command")
    op.drop_table("aggregate_version")
    op.drop_index(
        "ix_admission_request_waiting", table_name="admission_request", postgresql_where=sa.text("phase = 'waiting'")
    )
    op.drop_index("ix_admission_request_patient_id", table_name="admission_request")
    op.drop_table("admission_request")
    op.execute("DROP TYPE uuidrange")
