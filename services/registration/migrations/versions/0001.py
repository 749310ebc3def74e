"""Patients, schedules, bookings, visit requests and admission requests."""

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
        "appointment",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("slot_starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("slot_ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("visit_type", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("encounter_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'cancelled') = (cancel_reason IS NOT NULL)", name=op.f("appointment_cancelled_why")
        ),
        sa.CheckConstraint("(status = 'completed') = (completed_at IS NOT NULL)", name=op.f("appointment_completion")),
        sa.CheckConstraint("(status = 'held') = (held_until IS NOT NULL)", name=op.f("appointment_hold_ends")),
        sa.CheckConstraint(
            "cancel_reason IN ('patient', 'hospital', 'deceased')", name=op.f("appointment_cancel_reason")
        ),
        sa.CheckConstraint(
            "channel IN ('desk', 'app', 'phone', 'kiosk', 'followup')", name=op.f("appointment_channel")
        ),
        sa.CheckConstraint(
            "status IN ('held', 'booked', 'arrived', 'completed', 'cancelled', 'expired')",
            name=op.f("appointment_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('arrived', 'completed') OR arrived_at IS NOT NULL", name=op.f("appointment_arrival")
        ),
        sa.CheckConstraint("ordinal > 0", name=op.f("appointment_ordinal")),
        sa.PrimaryKeyConstraint("appointment_id", name=op.f("appointment_pkey")),
    )
    op.create_index(
        "ix_appointment_held_until",
        "appointment",
        ["held_until"],
        unique=False,
        postgresql_where=sa.text("status = 'held'"),
    )
    op.create_index("ix_appointment_patient_id", "appointment", ["patient_id"], unique=False)
    op.create_index(
        "one_appointment_a_session",
        "appointment",
        ["session_id", "patient_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('held', 'booked', 'arrived', 'completed')"),
    )
    op.create_index(
        "one_appointment_an_encounter",
        "appointment",
        ["encounter_id"],
        unique=True,
        postgresql_where=sa.text("encounter_id IS NOT NULL AND status IN ('held', 'booked', 'arrived', 'completed')"),
    )
    op.create_index(
        "one_appointment_an_ordinal", "appointment", ["session_id", "slot_starts_at", "ordinal"], unique=True
    )
    op.create_table(
        "clinic",
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("campus_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("specialty", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("zone", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name_zh", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("name_en", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("template", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("clinic_id", name=op.f("clinic_pkey")),
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
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("phone", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("sex", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("born_on", sa.Date(), nullable=False),
        sa.Column("insutype", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("low_income", sa.Boolean(), nullable=False),
        sa.Column("deceased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("insutype IN ('310', '390')", name=op.f("patient_insutype")),
        sa.CheckConstraint("sex IN ('F', 'M')", name=op.f("patient_sex")),
        sa.CheckConstraint("deceased_at >= born_on", name=op.f("patient_death_after_birth")),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("patient_pkey")),
    )
    op.create_table(
        "visit_request",
        sa.Column("visit_request_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("earliest_on", sa.Date(), nullable=False),
        sa.Column("latest_on", sa.Date(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("drop_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(status = 'booked') = (appointment_id IS NOT NULL)", name=op.f("visit_request_booked")),
        sa.CheckConstraint("(status = 'dropped') = (drop_reason IS NOT NULL)", name=op.f("visit_request_dropped")),
        sa.CheckConstraint("status IN ('pending', 'booked', 'dropped')", name=op.f("visit_request_status")),
        sa.PrimaryKeyConstraint("visit_request_id", name=op.f("visit_request_pkey")),
    )
    op.create_index("ix_visit_request_patient_id", "visit_request", ["patient_id"], unique=False)
    op.create_index(
        "ix_visit_request_pending",
        "visit_request",
        ["clinic_id"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_table(
        "admission_request",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("specialty", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("campus_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reachable_campuses", postgresql.ARRAY(sa.Text()), nullable=False),
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
        sa.Column("needs", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("isolation", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("expected_days", sa.Integer(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("expected_days > 0", name=op.f("admission_request_days")),
        sa.CheckConstraint("rw > 0", name=op.f("admission_request_rw")),
        sa.CheckConstraint("triage BETWEEN 1 AND 4", name=op.f("admission_request_triage")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.patient_id"], name=op.f("fk_admission_request_patient_id")),
        sa.PrimaryKeyConstraint("request_id", name=op.f("admission_request_pkey")),
    )
    op.create_index("ix_admission_request_patient_id", "admission_request", ["patient_id"], unique=False)
    op.create_table(
        "session",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("campus_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("session_on", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("slot_minutes", sa.Integer(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("slot_minutes > 0 AND places > 0", name=op.f("session_has_places")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("session_ends_after_start")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.clinic_id"], name=op.f("fk_session_clinic_id")),
        sa.PrimaryKeyConstraint("session_id", name=op.f("session_pkey")),
        sa.UniqueConstraint("clinic_id", "starts_at", name="one_session_a_start"),
    )
    op.create_table(
        "admission_encounter",
        sa.Column("encounter_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("encounter_class", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["admission_request.request_id"], name=op.f("fk_admission_encounter_request_id")
        ),
        sa.PrimaryKeyConstraint("encounter_id", name=op.f("admission_encounter_pkey")),
    )
    op.create_index("ix_admission_encounter_request_id", "admission_encounter", ["request_id"], unique=False)
    op.create_table(
        "slot",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("booked", sa.Integer(), nullable=False),
        sa.Column("last_ordinal", sa.Integer(), nullable=False),
        sa.CheckConstraint("booked BETWEEN 0 AND capacity", name=op.f("slot_never_oversold")),
        sa.CheckConstraint("last_ordinal >= booked", name=op.f("slot_ordinals_cover_bookings")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("slot_ends_after_start")),
        sa.ForeignKeyConstraint(["session_id"], ["session.session_id"], name=op.f("fk_slot_session_id")),
        sa.PrimaryKeyConstraint("session_id", "starts_at", name=op.f("slot_pkey")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index("ix_slot_clinic_id_starts_at", "slot", ["clinic_id", "starts_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_slot_clinic_id_starts_at", table_name="slot")
    op.drop_table("slot")
    op.drop_index("ix_admission_encounter_request_id", table_name="admission_encounter")
    op.drop_table("admission_encounter")
    op.drop_table("session")
    op.drop_index("ix_admission_request_patient_id", table_name="admission_request")
    op.drop_table("admission_request")
    op.drop_index(
        "ix_visit_request_pending", table_name="visit_request", postgresql_where=sa.text("status = 'pending'")
    )
    op.drop_index("ix_visit_request_patient_id", table_name="visit_request")
    op.drop_table("visit_request")
    op.drop_table("patient")
    op.drop_index("one_parked_record", table_name="parked")
    op.drop_index("ix_parked_aggregate", table_name="parked")
    op.drop_table("parked")
    op.drop_table("outbox")
    op.drop_index("ix_inbox_taken_at", table_name="inbox", postgresql_using="brin")
    op.drop_table("inbox")
    op.drop_index("ix_command_answered_at", table_name="command", postgresql_using="brin")
    op.drop_table("command")
    op.drop_table("clinic")
    op.drop_index("one_appointment_an_ordinal", table_name="appointment")
    op.drop_index(
        "one_appointment_an_encounter",
        table_name="appointment",
        postgresql_where=sa.text("encounter_id IS NOT NULL AND status IN ('held', 'booked', 'arrived', 'completed')"),
    )
    op.drop_index(
        "one_appointment_a_session",
        table_name="appointment",
        postgresql_where=sa.text("status IN ('held', 'booked', 'arrived', 'completed')"),
    )
    op.drop_index("ix_appointment_patient_id", table_name="appointment")
    op.drop_index("ix_appointment_held_until", table_name="appointment", postgresql_where=sa.text("status = 'held'"))
    op.drop_table("appointment")
    op.drop_table("aggregate_version")
