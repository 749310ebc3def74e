"""What the topics have said: events, hours, beds, admissions, patients; and the tables that every service has."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("feed_position")))
    op.create_table(
        "admission",
        sa.Column("admission_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'reserved', 'admitted', 'left')", name=op.f("admission_state")),
        sa.PrimaryKeyConstraint("admission_id", name=op.f("admission_pkey")),
    )
    op.create_index(
        "ix_admission_waiting", "admission", ["patient_id"], unique=False, postgresql_where="state = 'waiting'"
    )
    op.create_table(
        "aggregate_version",
        sa.Column("aggregate", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("aggregate", name=op.f("aggregate_version_pkey")),
    )
    op.create_table(
        "bed_now",
        sa.Column("bed_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("campus_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ward_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("room_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reserved", sa.Boolean(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=True),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("added_position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bed_id", name=op.f("bed_now_pkey")),
    )
    op.create_index(
        "ix_bed_now_patient", "bed_now", ["patient_id"], unique=False, postgresql_where="patient_id IS NOT NULL"
    )
    op.create_index("ix_bed_now_position", "bed_now", ["position"], unique=False)
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
        "event",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column(
            "position", sa.BigInteger(), server_default=sa.text("nextval('feed_position'::regclass)"), nullable=False
        ),
        sa.Column("type", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("topic", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("correlation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("causation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("event_pkey")),
    )
    op.create_index(
        "ix_event_patient",
        "event",
        ["patient_id", "occurred_at", "event_id"],
        unique=False,
        postgresql_where="patient_id IS NOT NULL",
    )
    op.create_index("ix_event_position", "event", ["position"], unique=True)
    op.create_table(
        "event_hour",
        sa.Column("type", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("hour_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("events > 0", name=op.f("event_hour_counts")),
        sa.PrimaryKeyConstraint("type", "hour_at", name=op.f("event_hour_pkey")),
    )
    op.create_index("ix_event_hour_hour_at", "event_hour", ["hour_at"], unique=False)
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
        "patient",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_event_id", sa.Uuid(), nullable=False),
        sa.Column("last_type", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("deceased_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("patient_pkey")),
    )
    op.create_index("ix_patient_last_at", "patient", ["last_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_patient_last_at", table_name="patient")
    op.drop_table("patient")
    op.drop_index("one_parked_record", table_name="parked")
    op.drop_index("ix_parked_aggregate", table_name="parked")
    op.drop_table("parked")
    op.drop_table("outbox")
    op.drop_index("ix_inbox_taken_at", table_name="inbox", postgresql_using="brin")
    op.drop_table("inbox")
    op.drop_index("ix_event_hour_hour_at", table_name="event_hour")
    op.drop_table("event_hour")
    op.drop_index("ix_event_position", table_name="event")
    op.drop_index("ix_event_patient", table_name="event", postgresql_where="patient_id IS NOT NULL")
    op.drop_table("event")
    op.drop_index("ix_command_answered_at", table_name="command", postgresql_using="brin")
    op.drop_table("command")
    op.drop_index("ix_bed_now_position", table_name="bed_now")
    op.drop_index("ix_bed_now_patient", table_name="bed_now", postgresql_where="patient_id IS NOT NULL")
    op.drop_table("bed_now")
    op.drop_table("aggregate_version")
    op.drop_index("ix_admission_waiting", table_name="admission", postgresql_where="state = 'waiting'")
    op.drop_table("admission")
    op.execute(sa.schema.DropSequence(sa.Sequence("feed_position")))
