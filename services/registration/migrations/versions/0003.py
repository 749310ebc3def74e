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
    ("ix_session_kept", ["starts_at"], sa.text("access <> 'public'")),
)


def upgrade() -> None:
    _calendars()
    _sessions()
    _engagements()
    _appointments()
    _rebookings()


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
    op.drop_table("rebooking")
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
