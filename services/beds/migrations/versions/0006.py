"""How beds stood and what was counted of each day; forecasts; day surgery; referrals."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
contract = "kept since 0.1: whoever changes a bed raises its version; the trigger refuses nothing, it writes beside"


BED_PERIOD_ENDED = """
CREATE FUNCTION bed_period_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bed_period (bed_no, version, status, stay_id, began_at, ended_at, followed_by)
    VALUES (OLD.bed_no, OLD.version, CASE WHEN OLD.reserved THEN 'R' ELSE OLD.status END, OLD.stay_id,
        OLD.changed_at, NEW.changed_at, CASE WHEN NEW.reserved THEN 'R' ELSE NEW.status END);
    RETURN NULL;
END $$
"""
TRIGGER = """
CREATE TRIGGER bed_period_ended AFTER UPDATE ON bed
FOR EACH ROW WHEN (OLD.version <> NEW.version) EXECUTE FUNCTION bed_period_ended()
"""


def upgrade() -> None:
    op.create_table(
        "bed_period",
        sa.Column("bed_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("followed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("began_at <= ended_at", name=op.f("bed_period_in_order")),
        sa.PrimaryKeyConstraint("bed_no", "version", name=op.f("bed_period_pkey")),
    )
    op.create_index("ix_bed_period_ended_at", "bed_period", ["ended_at"], unique=False)
    op.create_table(
        "disease_day",
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("campus_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("disease", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("placed", sa.Integer(), nullable=False),
        sa.CheckConstraint("placed BETWEEN 0 AND requests", name=op.f("disease_placed_within_requests")),
        sa.PrimaryKeyConstraint("on_day", "campus_id", "disease", name=op.f("disease_day_pkey")),
    )
    op.create_table(
        "indicator_closed",
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("on_day", name=op.f("indicator_closed_pkey")),
    )
    op.create_table(
        "indicator_day",
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("ward_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("campus_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("admissions", sa.Integer(), nullable=False),
        sa.Column("cross_ward", sa.Integer(), nullable=False),
        sa.Column("cross_campus", sa.Integer(), nullable=False),
        sa.Column("rw_known", sa.Integer(), nullable=False),
        sa.Column("rw_above_2", sa.Integer(), nullable=False),
        sa.Column("occupied", sa.BigInteger(), nullable=False),
        sa.Column("open", sa.BigInteger(), nullable=False),
        sa.Column("midnight_census", sa.Integer(), nullable=False),
        sa.Column("open_at_midnight", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "cross_ward <= admissions AND cross_campus <= admissions", name=op.f("indicator_cross_within")
        ),
        sa.CheckConstraint("occupied BETWEEN 0 AND open", name=op.f("indicator_occupied_within_open")),
        sa.CheckConstraint("rw_above_2 <= rw_known AND rw_known <= admissions", name=op.f("indicator_rw_within")),
        sa.PrimaryKeyConstraint("on_day", "ward_id", name=op.f("indicator_day_pkey")),
    )
    op.create_table(
        "indicator_times",
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("ward_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("campus_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("seconds", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.PrimaryKeyConstraint("on_day", "ward_id", "kind", name=op.f("indicator_times_pkey")),
    )
    op.create_table(
        "forecast",
        sa.Column("forecast_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("forecast_id", name=op.f("forecast_pkey")),
    )
    op.create_index(op.f("ix_forecast_made_at"), "forecast", ["made_at"], unique=False)
    op.create_table(
        "forecast_line",
        sa.Column("forecast_id", sa.BigInteger(), nullable=False),
        sa.Column("scope", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("group_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("hours_ahead", sa.Integer(), nullable=False),
        sa.Column("target_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("open_beds", sa.Integer(), nullable=False),
        sa.Column("occupied_mean", sa.Float(), nullable=False),
        sa.Column("occupied_low", sa.Integer(), nullable=False),
        sa.Column("occupied_high", sa.Integer(), nullable=False),
        sa.Column("leavers_mean", sa.Float(), nullable=False),
        sa.Column("leavers_low", sa.Integer(), nullable=False),
        sa.Column("leavers_high", sa.Integer(), nullable=False),
        sa.Column("occupied_then", sa.Integer(), nullable=True),
        sa.CheckConstraint("scope IN ('ward', 'campus', 'hospital')", name=op.f("forecast_scope")),
        sa.CheckConstraint(
            "occupied_low <= occupied_high AND leavers_low <= leavers_high", name=op.f("forecast_interval")
        ),
        sa.ForeignKeyConstraint(
            ["forecast_id"], ["forecast.forecast_id"], name=op.f("fk_forecast_line_forecast_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("forecast_id", "scope", "group_id", "hours_ahead", name=op.f("forecast_line_pkey")),
    )
    op.create_index(
        "ix_forecast_line_to_score",
        "forecast_line",
        ["target_at"],
        unique=False,
        postgresql_where=sa.text("occupied_then IS NULL"),
    )
    op.create_table(
        "theatre_list",
        sa.Column("list_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("theatre_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("campus_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.CheckConstraint("minutes > 0", name=op.f("theatre_list_has_time")),
        sa.CheckConstraint("taken BETWEEN 0 AND minutes", name=op.f("theatre_list_never_overrun")),
        sa.PrimaryKeyConstraint("list_id", name=op.f("theatre_list_pkey")),
        sa.UniqueConstraint("theatre_id", "starts_at", name="one_list_a_start"),
    )
    op.create_index("ix_theatre_list_starts_at", "theatre_list", ["starts_at"], unique=False)
    op.create_table(
        "day_surgery_case",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("phase", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("exams", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("anaesthesia", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("theatre", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("bed", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("list_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("bed_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("bed_no", sa.BigInteger(), nullable=True),
        sa.Column("bed_from_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bed_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(bed_no, bed_no, '[]')"), "&&"),
            (sa.text("tstzrange(bed_from_at, bed_until_at)"), "&&"),
            where=sa.text("phase IN ('open', 'confirmed') AND bed_no IS NOT NULL"),
            using="gist",
            name="one_case_a_day_bed",
        ),
        sa.CheckConstraint("(bed = 'pending') = (bed_id IS NULL)", name=op.f("day_surgery_bed_of_the_ward")),
        sa.CheckConstraint("(theatre = 'pending') = (list_id IS NULL)", name=op.f("day_surgery_theatre_of_a_list")),
        sa.CheckConstraint("anaesthesia IN ('pending', 'booked', 'done')", name=op.f("day_surgery_anaesthesia")),
        sa.CheckConstraint("bed IN ('pending', 'booked', 'done')", name=op.f("day_surgery_bed")),
        sa.CheckConstraint(
            "bed_from_at < bed_until_at AND (bed_from_at AT TIME ZONE 'Asia/Shanghai')::date = (bed_until_at AT TIME ZONE 'Asia/Shanghai')::date",
            name=op.f("day_surgery_same_day"),
        ),
        sa.CheckConstraint("exams IN ('pending', 'booked', 'done')", name=op.f("day_surgery_exams")),
        sa.CheckConstraint(
            "phase <> 'confirmed' OR (exams <> 'pending' AND anaesthesia <> 'pending' AND theatre <> 'pending' AND bed <> 'pending')",
            name=op.f("day_surgery_confirmed_whole"),
        ),
        sa.CheckConstraint("phase IN ('open', 'confirmed', 'converted', 'cancelled')", name=op.f("day_surgery_phase")),
        sa.CheckConstraint("theatre IN ('pending', 'booked', 'done')", name=op.f("day_surgery_theatre")),
        sa.CheckConstraint("(bed_id IS NULL) = (bed_no IS NULL)", name=op.f("day_surgery_bed_known")),
        sa.CheckConstraint("minutes > 0", name=op.f("day_surgery_takes_time")),
        sa.ForeignKeyConstraint(["bed_id"], ["bed.bed_id"], name=op.f("fk_day_surgery_case_bed_id")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["admission_request.request_id"], name=op.f("fk_day_surgery_case_case_id")
        ),
        sa.ForeignKeyConstraint(["list_id"], ["theatre_list.list_id"], name=op.f("fk_day_surgery_case_list_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("day_surgery_case_pkey")),
    )
    op.create_index(
        "ix_day_surgery_case_from",
        "day_surgery_case",
        ["bed_from_at"],
        unique=False,
        postgresql_where=sa.text("phase = 'confirmed'"),
    )
    op.create_index(
        "ix_day_surgery_case_patient_id",
        "day_surgery_case",
        ["patient_id"],
        unique=False,
        postgresql_where=sa.text("phase IN ('open', 'confirmed')"),
    )
    op.drop_constraint(op.f("request_phase"), "admission_request", type_="check")
    op.create_check_constraint(
        op.f("request_phase"),
        "admission_request",
        "phase IN ('waiting', 'scheduled', 'reserved', 'admitted', 'withdrawn')",
    )
    op.create_table(
        "partner",
        sa.Column("partner_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("specialties", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('hospital', 'community')", name=op.f("partner_kind")),
        sa.PrimaryKeyConstraint("partner_id", name=op.f("partner_pkey")),
    )
    op.create_table(
        "referral",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("direction", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=True),
        sa.Column("partner_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("campus_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("need", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("codes", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("wanted_on", sa.Date(), nullable=True),
        sa.Column("phase", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("bed_on", sa.Date(), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("alternative_partner_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(direction = 'in') = (campus_id IS NOT NULL)", name=op.f("referral_in_to_a_campus")),
        sa.CheckConstraint("(direction = 'out') = (stay_id IS NOT NULL)", name=op.f("referral_out_of_a_stay")),
        sa.CheckConstraint("(phase = 'accepted') = (bed_on IS NOT NULL)", name=op.f("referral_accepted_with_a_day")),
        sa.CheckConstraint("(phase = 'refused') = (reason IS NOT NULL)", name=op.f("referral_refused_with_a_reason")),
        sa.CheckConstraint("(phase = 'sent') = (answered_at IS NULL)", name=op.f("referral_answered_at")),
        sa.CheckConstraint("alternative_partner_id IS NULL OR phase = 'refused'", name=op.f("referral_alternative")),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("referral_direction")),
        sa.CheckConstraint("phase IN ('sent', 'accepted', 'refused', 'cancelled')", name=op.f("referral_phase")),
        sa.CheckConstraint("(answered_at IS NULL) = (answered_by IS NULL)", name=op.f("referral_answered_by")),
        sa.ForeignKeyConstraint(
            ["alternative_partner_id"], ["partner.partner_id"], name=op.f("fk_referral_alternative_partner_id")
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.partner_id"], name=op.f("fk_referral_partner_id")),
        sa.ForeignKeyConstraint(["stay_id"], ["stay.stay_id"], name=op.f("fk_referral_stay_id")),
        sa.PrimaryKeyConstraint("referral_id", name=op.f("referral_pkey")),
    )
    op.create_index(
        "ix_referral_due_at", "referral", ["due_at"], unique=False, postgresql_where=sa.text("phase = 'sent'")
    )
    op.create_index("ix_referral_patient_id", "referral", ["patient_id"], unique=False)
    op.create_index(
        "one_referral_a_reference",
        "referral",
        ["partner_id", "reference"],
        unique=True,
        postgresql_where=sa.text("direction = 'in'"),
    )
    op.execute(BED_PERIOD_ENDED)
    op.execute(TRIGGER)
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_admission_request_requested_at",
            "admission_request",
            ["requested_at"],
            postgresql_using="brin",
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index("ix_admission_request_requested_at", table_name="admission_request", postgresql_using="brin")
    op.execute("DROP TRIGGER bed_period_ended ON bed")
    op.execute("DROP FUNCTION bed_period_ended()")
    op.drop_constraint(op.f("request_phase"), "admission_request", type_="check")
    op.create_check_constraint(
        op.f("request_phase"), "admission_request", "phase IN ('waiting', 'reserved', 'admitted', 'withdrawn')"
    )
    op.drop_index(
        "ix_forecast_line_to_score", table_name="forecast_line", postgresql_where=sa.text("occupied_then IS NULL")
    )
    op.drop_table("forecast_line")
    op.drop_index(op.f("ix_forecast_made_at"), table_name="forecast")
    op.drop_table("forecast")
    op.drop_index(
        "ix_day_surgery_case_patient_id",
        table_name="day_surgery_case",
        postgresql_where=sa.text("phase IN ('open', 'confirmed')"),
    )
    op.drop_index(
        "ix_day_surgery_case_from", table_name="day_surgery_case", postgresql_where=sa.text("phase = 'confirmed'")
    )
    op.drop_table("day_surgery_case")
    op.drop_index("ix_theatre_list_starts_at", table_name="theatre_list")
    op.drop_table("theatre_list")
    op.drop_index("one_referral_a_reference", table_name="referral", postgresql_where=sa.text("direction = 'in'"))
    op.drop_index("ix_referral_patient_id", table_name="referral")
    op.drop_index("ix_referral_due_at", table_name="referral", postgresql_where=sa.text("phase = 'sent'"))
    op.drop_table("referral")
    op.drop_table("partner")
    op.drop_table("indicator_times")
    op.drop_table("indicator_day")
    op.drop_table("indicator_closed")
    op.drop_table("disease_day")
    op.drop_index("ix_bed_period_ended_at", table_name="bed_period")
    op.drop_table("bed_period")
