"""Applications and the materials that patients bring along."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OPEN = "state IN ('submitted', 'accepted')"
NEEDS = (
    "need IN ('first-diagnosis', 'second-opinion', 'treatment-elsewhere-failed', 'surgery-assessment',"
    " 'result-review', 'rare-disease')"
)
KINDS = (
    "kind IN ('laboratory-report', 'imaging', 'pathology-report', 'discharge-summary', 'referral-letter',"
    " 'prescription', 'other')"
)
WHOLE = (
    "state NOT IN ('quarantined', 'available')"
    " OR (received_bytes = size_bytes AND sha256 IS NOT NULL AND media_type IS NOT NULL)"
)
APPEND_ONLY = """
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        MESSAGE = TG_TABLE_NAME || ' is append-only',
        ERRCODE = 'restrict_violation',
        CONSTRAINT = 'append_only';
END $$
"""
READS_KEPT = (
    "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON material_read "
    "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
)


def upgrade() -> None:
    _applications()
    _materials()
    _parts_and_reads()


def _applications() -> None:
    op.create_table(
        "application",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("need", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("urgency", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("decline_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("redirected_from", sa.Uuid(), nullable=True),
        sa.Column("redirected_to", sa.Uuid(), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decide_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'booked') = (appointment_id IS NOT NULL)", name=op.f("application_booked")),
        sa.CheckConstraint("(state = 'declined') = (decline_reason IS NOT NULL)", name=op.f("application_declined")),
        sa.CheckConstraint("(state = 'redirected') = (redirected_to IS NOT NULL)", name=op.f("application_redirected")),
        sa.CheckConstraint(
            NEEDS,
            name=op.f("application_need"),
        ),
        sa.CheckConstraint(
            "state IN ('submitted', 'accepted', 'booked', 'declined', 'redirected', 'withdrawn')",
            name=op.f("application_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('accepted', 'booked') OR urgency IS NOT NULL", name=op.f("application_accepted")
        ),
        sa.CheckConstraint("urgency IN ('stat', 'asap', 'urgent', 'routine')", name=op.f("application_urgency")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.clinic_id"], name=op.f("fk_application_clinic_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.patient_id"], name=op.f("fk_application_patient_id")),
        sa.PrimaryKeyConstraint("application_id", name=op.f("application_pkey")),
        sa.UniqueConstraint("application_id", "patient_id", name="application_of_patient"),
    )
    op.create_index(
        "ix_application_open",
        "application",
        ["clinic_id", "decide_by"],
        unique=False,
        postgresql_where=sa.text(OPEN),
    )
    op.create_index(
        "one_open_application_a_clinic",
        "application",
        ["patient_id", "clinic_id"],
        unique=True,
        postgresql_where=sa.text(OPEN),
    )


def _materials() -> None:
    op.create_table(
        "material",
        sa.Column("material_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("application_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("received_bytes", sa.Integer(), nullable=False),
        sa.Column("media_type", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reject_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("scans", sa.Integer(), nullable=False),
        sa.Column("scan_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_part_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'rejected') = (reject_reason IS NOT NULL)", name=op.f("material_rejected")),
        sa.CheckConstraint(
            KINDS,
            name=op.f("material_kind"),
        ),
        sa.CheckConstraint(
            "reject_reason IN ('type-not-allowed', 'digest-differs', 'infected')", name=op.f("material_reject_reason")
        ),
        sa.CheckConstraint("scan_due_at IS NULL OR state = 'quarantined'", name=op.f("material_scan_due")),
        sa.CheckConstraint(
            "state IN ('uploading', 'quarantined', 'available', 'rejected', 'abandoned')", name=op.f("material_state")
        ),
        sa.CheckConstraint(
            WHOLE,
            name=op.f("material_whole"),
        ),
        sa.CheckConstraint("num_nonnulls(appointment_id, application_id) = 1", name=op.f("material_of_one")),
        sa.CheckConstraint("received_bytes BETWEEN 0 AND size_bytes", name=op.f("material_received")),
        sa.CheckConstraint("size_bytes BETWEEN 1 AND 26214400", name=op.f("material_size")),
        sa.ForeignKeyConstraint(
            ["application_id", "patient_id"],
            ["application.application_id", "application.patient_id"],
            name="fk_material_application_id",
        ),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.appointment_id"], name="fk_material_appointment_id"),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.patient_id"], name=op.f("fk_material_patient_id")),
        sa.PrimaryKeyConstraint("material_id", name=op.f("material_pkey")),
    )
    op.create_index("ix_material_application_id", "material", ["application_id"], unique=False)
    op.create_index("ix_material_appointment_id", "material", ["appointment_id"], unique=False)
    op.create_index(
        "ix_material_scan_due",
        "material",
        ["scan_due_at"],
        unique=False,
        postgresql_where=sa.text("scan_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_material_uploading",
        "material",
        ["last_part_at"],
        unique=False,
        postgresql_where=sa.text("state = 'uploading'"),
    )


def _parts_and_reads() -> None:
    op.create_table(
        "material_part",
        sa.Column("material_id", sa.Uuid(), nullable=False),
        sa.Column("offset_bytes", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("octet_length(content) BETWEEN 1 AND 1048576", name=op.f("material_part_size")),
        sa.ForeignKeyConstraint(["material_id"], ["material.material_id"], name=op.f("fk_material_part_material_id")),
        sa.PrimaryKeyConstraint("material_id", "offset_bytes", name=op.f("material_part_pkey")),
    )
    op.create_table(
        "material_read",
        sa.Column("read_id", sa.Uuid(), nullable=False),
        sa.Column("material_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["material_id"], ["material.material_id"], name=op.f("fk_material_read_material_id")),
        sa.PrimaryKeyConstraint("read_id", name=op.f("material_read_pkey")),
    )
    op.create_index("ix_material_read_material_id", "material_read", ["material_id"], unique=False)
    op.create_table(
        "material_secret",
        sa.Column("one", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("one", name=op.f("material_secret_one")),
        sa.PrimaryKeyConstraint("one", name=op.f("material_secret_pkey")),
    )
    op.execute(APPEND_ONLY)
    op.execute(READS_KEPT)


def downgrade() -> None:
    for table in ("material_secret", "material_read", "material_part", "material", "application"):
        op.drop_table(table)
    op.execute("DROP FUNCTION append_only")
