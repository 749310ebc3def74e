"""What sessions are, whom their places are for and when; who sits where; who did not come."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
contract = "session_has_places and appointment_status only allow more than they did"

MORE = "'missed', 'displaced'"
STATUSES = "'held', 'booked', 'arrived', 'completed', 'cancelled', 'expired'"
STRETCH = (
    "box(point(hashtextextended(resource_id, 0)::float8, extract(epoch FROM starts_at AT TIME ZONE 'UTC')::float8),"
    " point(hashtextextended(resource_id, 0)::float8, extract(epoch FROM ends_at AT TIME ZONE 'UTC')::float8 - 1))"
)
SESSION_INDEXES = (
    ("ix_session_clinic_id_starts_at", ["clinic_id", "starts_at"], None),
    ("ix_session_sitting_id", ["sitting_id"], None),
    ("ix_session_expected", ["ends_at"], sa.text("NOT no_shows_noted")),
    ("ix_session_kept", ["released_at"], sa.text("access <> 'public'")),
)


def upgrade() -> None:
    _calendars()
    _sessions()
    _engagements()
    _appointments()
    _rebookings()
    _limits()
    _consents()


def _calendars() -> None:
    op.create_table(
        "calendar",
        sa.Column("calendar_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("days_off", postgresql.JSONB(), nullable=False),
        sa.Column("days_worked", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("valid_from <= valid_to", name=op.f("calendar_valid_forward")),
        sa.PrimaryKeyConstraint("calendar_id", name=op.f("calendar_pkey")),
    )
    op.execute("ALTER TABLE clinic ADD COLUMN calendar_id varchar")
    op.create_table(
        "clinic_day",
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("lines", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.clinic_id"], name=op.f("fk_clinic_day_clinic_id")),
        sa.PrimaryKeyConstraint("clinic_id", "on", name=op.f("clinic_day_pkey")),
    )


def _sessions() -> None:
    for column in (
        "sitting_id uuid",
        (
            "access varchar NOT NULL DEFAULT 'public'"
            " CONSTRAINT session_access CHECK (access IN ('public', 'application', 'alliance'))"
        ),
        (
            "kind varchar NOT NULL DEFAULT 'ordinary' CONSTRAINT session_kind"
            " CHECK (kind IN ('ordinary', 'expert', 'specialty', 'mdt', 'mobile', 'internet-hospital'))"
        ),
        "service_code varchar",
        (
            "mdt_form varchar CONSTRAINT session_mdt_form"
            " CHECK (mdt_form IN ('traditional', 'joint', 'rare-disease', 'difficult-case', 'remote'))"
        ),
        "stop varchar",
        "released_at timestamptz",
        "closed_at timestamptz",
        "no_shows_noted boolean NOT NULL DEFAULT false",
    ):
        op.execute(f"ALTER TABLE session ADD COLUMN {column}")
    op.drop_constraint("session_has_places", "session", type_="check")
    op.execute("ALTER TABLE session ADD CONSTRAINT session_has_places CHECK (slot_minutes > 0 AND places >= 0)")
    op.drop_constraint("one_session_a_start", "session", type_="unique")
    with op.get_context().autocommit_block():
        for name, columns, where in SESSION_INDEXES:
            op.create_index(name, "session", columns, postgresql_where=where, postgresql_concurrently=True)


def _engagements() -> None:
    op.create_table(
        "engagement",
        sa.Column("sitting_id", sa.Uuid(), nullable=False),
        sa.Column("resource", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("resource_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("resource IN ('clinician', 'room', 'vehicle')", name=op.f("engagement_resource")),
        *(
            postgresql.ExcludeConstraint(
                (sa.text(STRETCH), "&&"),
                where=sa.text(f"resource = '{resource}'"),
                using="gist",
                name=f"{resource}_in_one_sitting",
            )
            for resource in ("clinician", "room", "vehicle")
        ),
        sa.PrimaryKeyConstraint("sitting_id", "resource", "resource_id", name=op.f("engagement_pkey")),
    )


def _appointments() -> None:
    op.drop_constraint("appointment_status", "appointment", type_="check")
    op.execute(f"ALTER TABLE appointment ADD CONSTRAINT appointment_status CHECK (status IN ({STATUSES}, {MORE}))")

    op.execute("ALTER TABLE appointment ADD COLUMN booked_by uuid")
    op.execute("ALTER TABLE appointment ADD COLUMN allowance smallint")
    with op.get_context().autocommit_block():
        op.create_index(
            "one_booking_an_allowance",
            "appointment",
            ["patient_id", "allowance"],
            unique=True,
            postgresql_where=sa.text("status IN ('held', 'booked')"),
            postgresql_concurrently=True,
        )


def _limits() -> None:
    """The limits to begin with are ours: ten bookings ahead, and 90 days after three no-shows within 180."""
    op.create_table(
        "booking_limits",
        sa.Column("in_force", sa.Boolean(), nullable=False),
        sa.Column("version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("future_bookings", sa.SmallInteger(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("within_days", sa.Integer(), nullable=False),
        sa.Column("cooling_off_days", sa.Integer(), nullable=False),
        sa.CheckConstraint("in_force", name=op.f("booking_limits_one")),
        sa.CheckConstraint(
            "future_bookings > 0 AND missed > 0 AND within_days > 0 AND cooling_off_days >= 0",
            name=op.f("booking_limits_positive"),
        ),
        sa.PrimaryKeyConstraint("in_force", name=op.f("booking_limits_pkey")),
    )
    op.execute("INSERT INTO booking_limits VALUES (true, 'default-1', 10, 3, 180, 90)")
    op.create_table(
        "cooling_off",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("limits_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("cooling_off_pkey")),
    )


def _consents() -> None:
    relations = [
        "spouse",
        "child",
        "parent",
        "sibling",
        "other-relative",
        "guardian",
        "care-worker",
        "village-doctor",
        "other",
    ]
    evidences = ["signed-form", "recorded-call", "app-confirmation", "household-register", "guardianship-deed"]
    op.create_table(
        "consent",
        sa.Column("consent_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("proxy_id", sa.Uuid(), nullable=False),
        sa.Column("relation", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("evidence", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"relation IN ({_quoted(relations)})", name=op.f("consent_relation")),
        sa.CheckConstraint(f"evidence IN ({_quoted(evidences)})", name=op.f("consent_evidence")),
        sa.CheckConstraint("patient_id <> proxy_id", name=op.f("consent_of_another")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.patient_id"], name=op.f("fk_consent_patient_id")),
        sa.ForeignKeyConstraint(["proxy_id"], ["patient.patient_id"], name=op.f("fk_consent_proxy_id")),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("consent_pkey")),
    )
    op.create_index(
        "one_consent_a_proxy",
        "consent",
        ["patient_id", "proxy_id"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_index("ix_consent_patient_id", "consent", ["patient_id"])


def _quoted(words: list[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _rebookings() -> None:
    op.create_table(
        "rebooking",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("slot_starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("offered_session_id", sa.Uuid(), nullable=True),
        sa.Column("offered_slot_starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("displaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('offered', 'notified', 'done')", name=op.f("rebooking_state")),
        sa.CheckConstraint(
            "reason IN ('clinician-away', 'room', 'equipment', 'weather', 'other')", name=op.f("rebooking_reason")
        ),
        sa.CheckConstraint(
            "(offered_session_id IS NULL) = (offered_slot_starts_at IS NULL)", name=op.f("rebooking_offer_whole")
        ),
        sa.PrimaryKeyConstraint("appointment_id", name=op.f("rebooking_pkey")),
    )
    op.create_index("ix_rebooking_open", "rebooking", ["clinic_id"], postgresql_where=sa.text("state <> 'done'"))


def downgrade() -> None:
    for table in ("consent", "cooling_off", "booking_limits", "rebooking"):
        op.drop_table(table)
    op.drop_index("one_booking_an_allowance", table_name="appointment")
    op.drop_column("appointment", "allowance")
    op.drop_column("appointment", "booked_by")
    op.drop_constraint("appointment_status", "appointment", type_="check")
    op.execute("UPDATE appointment SET status = 'cancelled', cancel_reason = 'hospital' WHERE status = 'displaced'")
    op.execute("UPDATE appointment SET status = 'cancelled', cancel_reason = 'patient' WHERE status = 'missed'")
    op.execute(f"ALTER TABLE appointment ADD CONSTRAINT appointment_status CHECK (status IN ({STATUSES}))")
    op.drop_table("engagement")
    for name, _, where in SESSION_INDEXES:
        op.drop_index(name, table_name="session", postgresql_where=where)
    op.drop_constraint("session_has_places", "session", type_="check")
    op.execute(
        "ALTER TABLE session ADD CONSTRAINT session_has_places CHECK (slot_minutes > 0 AND places > 0) NOT VALID"
    )
    for column in (
        "sitting_id", "access", "kind", "service_code", "mdt_form", "stop", "released_at", "closed_at", "no_shows_noted"
    ):  # fmt: skip
        op.drop_column("session", column)
    op.drop_table("clinic_day")
    op.drop_column("clinic", "calendar_id")
    op.drop_table("calendar")
