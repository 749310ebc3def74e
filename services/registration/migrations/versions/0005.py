"""Waitlist and queue; a visit request says why it has no place yet."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None
contract = "of visit_request only what is let in grows: no version has written a row that is refused"

STATUSES = "status IN ('pending', 'booked', 'dropped')"
MORE_STATUSES = "status IN ('pending', 'waitlisted', 'booked', 'dropped')"
WHYS = "why IN ('all-full', 'clinic-unknown', 'too-late', 'too-many-days', 'days-backwards', 'already-waiting')"


def upgrade() -> None:
    op.create_table(
        "session_queue",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("numbers", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.CheckConstraint("numbers > 0 AND calls >= 0", name=op.f("session_queue_counts")),
        sa.PrimaryKeyConstraint("session_id", name=op.f("session_queue_pkey")),
    )
    op.create_table(
        "waitlist_entry",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("earliest_on", sa.Date(), nullable=False),
        sa.Column("latest_on", sa.Date(), nullable=False),
        sa.Column("visit_type", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("auto_accept", sa.Boolean(), nullable=False),
        sa.Column("replaces_appointment_id", sa.Uuid(), nullable=True),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("offered_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leave_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(status = 'left') = (leave_reason IS NOT NULL)", name=op.f("waitlist_entry_left_why")),
        sa.CheckConstraint(
            "(status = 'offered') = (offered_until IS NOT NULL)", name=op.f("waitlist_entry_offer_ends")
        ),
        sa.CheckConstraint(
            "(status NOT IN ('offered', 'accepted', 'declined', 'expired') OR appointment_id IS NOT NULL)"
            " AND (status NOT IN ('waiting', 'lapsed') OR appointment_id IS NULL)",
            name=op.f("waitlist_entry_place"),
        ),
        sa.CheckConstraint(
            "channel IN ('desk', 'app', 'phone', 'kiosk', 'followup', 'alliance')", name=op.f("waitlist_entry_channel")
        ),
        sa.CheckConstraint("leave_reason IN ('patient', 'deceased')", name=op.f("waitlist_entry_leave_reason")),
        sa.CheckConstraint(
            "status IN ('waiting', 'offered', 'accepted', 'declined', 'expired', 'left', 'lapsed')",
            name=op.f("waitlist_entry_status"),
        ),
        sa.CheckConstraint("earliest_on <= latest_on", name=op.f("waitlist_entry_days")),
        sa.CheckConstraint("urgency BETWEEN 1 AND 4", name=op.f("waitlist_entry_urgency")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("waitlist_entry_pkey")),
    )
    op.create_index(
        "ix_waitlist_entry_clinic_id",
        "waitlist_entry",
        ["clinic_id"],
        unique=False,
        postgresql_where=sa.text("status IN ('waiting', 'offered')"),
    )
    op.create_index(
        "ix_waitlist_entry_clinic_rank",
        "waitlist_entry",
        ["clinic_id", "urgency", "joined_at", "entry_id"],
        unique=False,
        postgresql_where=sa.text("session_id IS NULL AND status = 'waiting'"),
    )
    op.create_index(
        "ix_waitlist_entry_lapses_at",
        "waitlist_entry",
        ["lapses_at"],
        unique=False,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index("ix_waitlist_entry_patient_id", "waitlist_entry", ["patient_id"], unique=False)
    op.create_index(
        "ix_waitlist_entry_session_rank",
        "waitlist_entry",
        ["session_id", "urgency", "joined_at", "entry_id"],
        unique=False,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index(
        "one_entry_a_clinic_and_days",
        "waitlist_entry",
        ["clinic_id", "patient_id", "earliest_on", "latest_on"],
        unique=True,
        postgresql_where=sa.text("session_id IS NULL AND status IN ('waiting', 'offered')"),
    )
    op.create_index(
        "one_entry_a_session",
        "waitlist_entry",
        ["session_id", "patient_id"],
        unique=True,
        postgresql_where=sa.text("session_id IS NOT NULL AND status IN ('waiting', 'offered')"),
    )
    op.create_index("one_entry_an_appointment", "waitlist_entry", ["appointment_id"], unique=True)
    op.create_table(
        "queue_ticket",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("turn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("returning", sa.Boolean(), nullable=False),
        sa.Column("after_call", sa.Integer(), nullable=True),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("desk", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("first_called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(status = 'seen') = (seen_at IS NOT NULL)", name=op.f("queue_ticket_seen")),
        sa.CheckConstraint("status <> 'called' OR desk IS NOT NULL", name=op.f("queue_ticket_called_where")),
        sa.CheckConstraint("status = 'waiting' OR after_call IS NULL", name=op.f("queue_ticket_deferred")),
        sa.CheckConstraint("status IN ('waiting', 'called', 'seen', 'missed')", name=op.f("queue_ticket_status")),
        sa.CheckConstraint("(called_at IS NULL) = (first_called_at IS NULL)", name=op.f("queue_ticket_first_call")),
        sa.CheckConstraint("(calls > 0) = (called_at IS NOT NULL)", name=op.f("queue_ticket_called_when")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.appointment_id"], name=op.f("fk_queue_ticket_appointment_id")
        ),
        sa.PrimaryKeyConstraint("appointment_id", name=op.f("queue_ticket_pkey")),
    )
    op.create_index("one_number_a_session", "queue_ticket", ["session_id", "number"], unique=True)
    op.create_index(
        "one_patient_a_desk",
        "queue_ticket",
        ["session_id", "desk"],
        unique=True,
        postgresql_where=sa.text("status = 'called'"),
    )
    op.add_column("visit_request", sa.Column("why", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.drop_constraint("visit_request_status", "visit_request")
    op.create_check_constraint("visit_request_status", "visit_request", MORE_STATUSES)
    op.create_check_constraint("visit_request_why", "visit_request", WHYS)
    op.create_check_constraint("visit_request_waits_for", "visit_request", "status <> 'waitlisted' OR why IS NOT NULL")


def downgrade() -> None:
    op.drop_constraint("visit_request_waits_for", "visit_request")
    op.drop_constraint("visit_request_why", "visit_request")
    op.drop_constraint("visit_request_status", "visit_request")
    op.create_check_constraint("visit_request_status", "visit_request", STATUSES)
    op.drop_column("visit_request", "why")
    op.drop_index("one_patient_a_desk", table_name="queue_ticket", postgresql_where=sa.text("status = 'called'"))
    op.drop_index("one_number_a_session", table_name="queue_ticket")
    op.drop_table("queue_ticket")
    op.drop_index("one_entry_an_appointment", table_name="waitlist_entry")
    op.drop_index(
        "one_entry_a_session",
        table_name="waitlist_entry",
        postgresql_where=sa.text("session_id IS NOT NULL AND status IN ('waiting', 'offered')"),
    )
    op.drop_index(
        "one_entry_a_clinic_and_days",
        table_name="waitlist_entry",
        postgresql_where=sa.text("session_id IS NULL AND status IN ('waiting', 'offered')"),
    )
    op.drop_index(
        "ix_waitlist_entry_session_rank", table_name="waitlist_entry", postgresql_where=sa.text("status = 'waiting'")
    )
    op.drop_index("ix_waitlist_entry_patient_id", table_name="waitlist_entry")
    op.drop_index(
        "ix_waitlist_entry_lapses_at", table_name="waitlist_entry", postgresql_where=sa.text("status = 'waiting'")
    )
    op.drop_index(
        "ix_waitlist_entry_clinic_rank",
        table_name="waitlist_entry",
        postgresql_where=sa.text("session_id IS NULL AND status = 'waiting'"),
    )
    op.drop_index(
        "ix_waitlist_entry_clinic_id",
        table_name="waitlist_entry",
        postgresql_where=sa.text("status IN ('waiting', 'offered')"),
    )
    op.drop_table("waitlist_entry")
    op.drop_table("session_queue")
