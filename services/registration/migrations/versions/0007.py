"""Tickets, reminders, arrival passes, alliance quota."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
contract = "appointment_channel only grows by a word; every word that was allowed still is"

CHANNELS = "'desk', 'app', 'phone', 'kiosk', 'followup'"


def upgrade() -> None:
    op.drop_constraint("appointment_channel", "appointment", type_="check")
    op.execute(
        f"ALTER TABLE appointment ADD CONSTRAINT appointment_channel CHECK (channel IN ({CHANNELS}, 'alliance'))"
    )
    op.create_table(
        "parking_day",
        sa.Column("campus_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.CheckConstraint("reserved BETWEEN 0 AND capacity", name=op.f("parking_never_overbooked")),
        sa.PrimaryKeyConstraint("campus_id", "day", name=op.f("parking_day_pkey")),
    )
    op.create_table(
        "partner",
        sa.Column("partner_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name_zh", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name_en", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("places_a_week", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("places_a_week >= 0", name=op.f("partner_quota")),
        sa.PrimaryKeyConstraint("partner_id", name=op.f("partner_pkey")),
    )
    op.create_table(
        "arrival_pass",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("campus_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("plate", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("release_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'released') = (plate IS NULL)", name=op.f("arrival_pass_forgets_the_plate")),
        sa.CheckConstraint(
            "(state = 'released') = (release_reason IS NOT NULL)", name=op.f("arrival_pass_released_why")
        ),
        sa.CheckConstraint(
            "release_reason IN ('patient', 'appointment-over', 'new-day-full')",
            name=op.f("arrival_pass_release_reason"),
        ),
        sa.CheckConstraint("state <> 'used' OR used_at IS NOT NULL", name=op.f("arrival_pass_used_when")),
        sa.CheckConstraint("state IN ('reserved', 'used', 'released')", name=op.f("arrival_pass_state")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.appointment_id"], name=op.f("fk_arrival_pass_appointment_id")
        ),
        sa.PrimaryKeyConstraint("appointment_id", name=op.f("arrival_pass_pkey")),
    )
    op.create_index(
        "one_pass_a_plate",
        "arrival_pass",
        ["campus_id", "day", "plate"],
        unique=True,
        postgresql_where=sa.text("state IN ('reserved', 'used')"),
    )
    op.create_table(
        "partner_week",
        sa.Column("partner_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("week_on", sa.Date(), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.CheckConstraint("extract(isodow FROM week_on) = 1", name=op.f("partner_week_begins_on_monday")),
        sa.CheckConstraint("taken BETWEEN 0 AND quota", name=op.f("partner_never_over_quota")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.partner_id"], name=op.f("fk_partner_week_partner_id")),
        sa.PrimaryKeyConstraint("partner_id", "week_on", name=op.f("partner_week_pkey")),
    )
    op.create_table(
        "patient_contact",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("channel IN ('sms', 'email')", name=op.f("patient_contact_channel")),
        sa.CheckConstraint("language IN ('zh', 'en')", name=op.f("patient_contact_language")),
        sa.CheckConstraint("(channel IS NULL) = (address IS NULL)", name=op.f("patient_contact_is_whole")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.patient_id"], name=op.f("fk_patient_contact_patient_id")),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("patient_contact_pkey")),
    )
    op.create_table(
        "referral",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("specialty", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("campus_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("urgency", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("policy_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("wait_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("close_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("week_on", sa.Date(), nullable=True),
        sa.Column("referred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'closed') = (close_reason IS NOT NULL)", name=op.f("referral_closed_why")),
        sa.CheckConstraint("(state = 'waiting') = (wait_reason IS NOT NULL)", name=op.f("referral_waits_why")),
        sa.CheckConstraint(
            "close_reason IN ('partner', 'patient', 'deceased', 'not-needed')", name=op.f("referral_close_reason")
        ),
        sa.CheckConstraint("state <> 'placed' OR appointment_id IS NOT NULL", name=op.f("referral_placed_where")),
        sa.CheckConstraint("state IN ('waiting', 'placed', 'closed')", name=op.f("referral_state")),
        sa.CheckConstraint("urgency IN ('urgent', 'soon', 'routine')", name=op.f("referral_urgency")),
        sa.CheckConstraint(
            "wait_reason IN ('no-place', 'quota-used', 'place-lost')", name=op.f("referral_wait_reason")
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.partner_id"], name=op.f("fk_referral_partner_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.patient_id"], name=op.f("fk_referral_patient_id")),
        sa.PrimaryKeyConstraint("referral_id", name=op.f("referral_pkey")),
    )
    op.create_index("ix_referral_patient_id", "referral", ["patient_id"], unique=False)
    op.create_index(
        "ix_referral_waiting",
        "referral",
        ["due_at", "referral_id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "one_referral_an_appointment",
        "referral",
        ["appointment_id"],
        unique=True,
        postgresql_where=sa.text("state = 'placed'"),
    )
    op.create_table(
        "reminder",
        sa.Column("reminder_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("slot_starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rung", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("zone", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state IN ('pending', 'sending')) = (ended_at IS NULL)", name=op.f("reminder_ends")),
        sa.CheckConstraint("(state IN ('pending', 'sending')) = (next_at IS NOT NULL)", name=op.f("reminder_comes_up")),
        sa.CheckConstraint(
            "reason IN ('not-booked', 'not-wanted', 'superseded', 'too-late', 'address-refused', 'no-channel', 'attempts-used', 'interrupted')",
            name=op.f("reminder_reason"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'sent', 'unknown', 'failed', 'dropped')", name=op.f("reminder_state")
        ),
        sa.CheckConstraint(
            "state NOT IN ('unknown', 'failed', 'dropped') OR reason IS NOT NULL", name=op.f("reminder_why")
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.appointment_id"], name=op.f("fk_reminder_appointment_id")
        ),
        sa.PrimaryKeyConstraint("reminder_id", name=op.f("reminder_pkey")),
        sa.UniqueConstraint("appointment_id", "slot_starts_at", "rung", name="one_reminder_a_rung"),
    )
    op.create_index(
        "ix_reminder_next_at", "reminder", ["next_at"], unique=False, postgresql_where=sa.text("next_at IS NOT NULL")
    )
    op.create_index("ix_reminder_patient_id", "reminder", ["patient_id"], unique=False)
    op.create_table(
        "ticket",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("catalogue_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("role", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("owner", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("answer", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("reject_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("opened_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'completed') = (outcome IS NOT NULL)", name=op.f("ticket_completed_how")),
        sa.CheckConstraint("(state = 'rejected') = (reject_reason IS NOT NULL)", name=op.f("ticket_rejected_why")),
        sa.CheckConstraint("(state IN ('open', 'taken')) = (closed_at IS NULL)", name=op.f("ticket_closed_when")),
        sa.CheckConstraint(
            "outcome IN ('issued', 'registered', 'stamped', 'paid-back', 'corrected', 'lent', 'arranged', 'advised')",
            name=op.f("ticket_outcome"),
        ),
        sa.CheckConstraint(
            "reject_reason IN ('documents-missing', 'not-entitled', 'identity-unproven', 'not-ours', 'duplicate')",
            name=op.f("ticket_reject_reason"),
        ),
        sa.CheckConstraint("state <> 'taken' OR owner IS NOT NULL", name=op.f("ticket_taken_by_somebody")),
        sa.CheckConstraint(
            "state IN ('open', 'taken', 'completed', 'rejected', 'withdrawn')", name=op.f("ticket_state")
        ),
        sa.CheckConstraint("due_at >= opened_at", name=op.f("ticket_due_after_opening")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.patient_id"], name=op.f("fk_ticket_patient_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("ticket_pkey")),
    )
    op.create_index("ix_ticket_patient_id", "ticket", ["patient_id"], unique=False)
    op.create_index(
        "ix_ticket_unfinished",
        "ticket",
        ["due_at", "ticket_id"],
        unique=False,
        postgresql_where=sa.text("state IN ('open', 'taken')"),
    )
    op.create_table(
        "reminder_attempt",
        sa.Column("reminder_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint(
            "result IN ('sent', 'refused', 'deferred', 'no-channel', 'unknown')", name=op.f("reminder_attempt_result")
        ),
        sa.ForeignKeyConstraint(
            ["reminder_id"], ["reminder.reminder_id"], name=op.f("fk_reminder_attempt_reminder_id")
        ),
        sa.PrimaryKeyConstraint("reminder_id", "number", name=op.f("reminder_attempt_pkey")),
    )


def downgrade() -> None:
    op.drop_constraint("appointment_channel", "appointment", type_="check")
    op.execute("UPDATE appointment SET channel = 'desk' WHERE channel = 'alliance'")
    op.execute(f"ALTER TABLE appointment ADD CONSTRAINT appointment_channel CHECK (channel IN ({CHANNELS}))")
    op.drop_table("reminder_attempt")
    op.drop_index("ix_ticket_unfinished", table_name="ticket", postgresql_where=sa.text("state IN ('open', 'taken')"))
    op.drop_index("ix_ticket_patient_id", table_name="ticket")
    op.drop_table("ticket")
    op.drop_index("ix_reminder_patient_id", table_name="reminder")
    op.drop_index("ix_reminder_next_at", table_name="reminder", postgresql_where=sa.text("next_at IS NOT NULL"))
    op.drop_table("reminder")
    op.drop_index("one_referral_an_appointment", table_name="referral", postgresql_where=sa.text("state = 'placed'"))
    op.drop_index("ix_referral_waiting", table_name="referral", postgresql_where=sa.text("state = 'waiting'"))
    op.drop_index("ix_referral_patient_id", table_name="referral")
    op.drop_table("referral")
    op.drop_table("patient_contact")
    op.drop_table("partner_week")
    op.drop_index(
        "one_pass_a_plate", table_name="arrival_pass", postgresql_where=sa.text("state IN ('reserved', 'used')")
    )
    op.drop_table("arrival_pass")
    op.drop_table("partner")
    op.drop_table("parking_day")
