"""Exams: their catalogue, devices with calendars, orders with their places, and results of partners."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TYPE uuidrange AS RANGE (subtype = uuid)")
    op.create_table(
        "exam_device",
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("device_no", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("campus_id", sa.String(), nullable=False),
        sa.Column("room", sa.String(), nullable=False),
        sa.Column("modality", sa.String(), nullable=False),
        sa.Column("items", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("reading_campus_id", sa.String(), nullable=False),
        sa.Column("hours", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("device_id", name=op.f("exam_device_pkey")),
        sa.UniqueConstraint("device_no", name=op.f("uq_exam_device_device_no")),
    )
    op.create_table(
        "exam_item",
        sa.Column("item_code", sa.String(), nullable=False),
        sa.Column("modality", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("fasting_hours", sa.Integer(), nullable=False),
        sa.Column("contrast", sa.String(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("preparations", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.Column("recognition_days", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.CheckConstraint("minutes > 0 AND minutes % 5 = 0", name=op.f("exam_item_minutes")),
        sa.CheckConstraint("price_fen >= 0", name=op.f("exam_item_price")),
        sa.CheckConstraint(
            "recognition_days = 0 OR recognition_days BETWEEN 7 AND 30", name=op.f("exam_item_recognition")
        ),
        sa.PrimaryKeyConstraint("item_code", name=op.f("exam_item_pkey")),
    )
    op.create_table(
        "exam_network",
        sa.Column("only_row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("travel", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("only_row = 1", name=op.f("exam_network_only_row")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("exam_network_pkey")),
    )
    op.create_table(
        "exam_partner",
        sa.Column("partner_id", sa.String(), nullable=False),
        sa.Column("recognised", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("partner_id", name=op.f("exam_partner_pkey")),
    )
    op.create_table(
        "exam_preparation",
        sa.Column("preparation_code", sa.String(), nullable=False),
        sa.Column("condition", sa.String(), nullable=True),
        sa.Column("text_zh", sa.String(), nullable=False),
        sa.Column("text_en", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("preparation_code", name=op.f("exam_preparation_pkey")),
    )
    op.create_table(
        "exam_rule",
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("earlier_tag", sa.String(), nullable=False),
        sa.Column("later_tag", sa.String(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", name=op.f("exam_rule_pkey")),
    )
    op.create_table(
        "exam_order",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("item_codes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("reused_codes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("conditions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("campus_ids", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("windows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("latest_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("before_admission", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("visits", sa.Integer(), nullable=True),
        sa.Column("stay_minutes", sa.Integer(), nullable=True),
        sa.Column("visits_one_by_one", sa.Integer(), nullable=True),
        sa.Column("proven", sa.Boolean(), nullable=True),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(status = 'held') = (held_until IS NOT NULL)", name=op.f("exam_order_hold_ends")),
        sa.CheckConstraint(
            "(status IN ('unplanned', 'cancelled')) = (reason IS NOT NULL)", name=op.f("exam_order_reason")
        ),
        sa.CheckConstraint(
            "status IN ('ordered', 'unplanned', 'held', 'booked', 'done', 'cancelled')", name=op.f("exam_order_status")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.patient_id"], name=op.f("fk_exam_order_patient_id")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("exam_order_pkey")),
    )
    op.create_index(
        "ix_exam_order_held_until",
        "exam_order",
        ["held_until"],
        unique=False,
        postgresql_where=sa.text("status = 'held'"),
    )
    op.create_index("ix_exam_order_patient_id", "exam_order", ["patient_id"], unique=False)
    op.create_index(
        "ix_exam_order_unplanned",
        "exam_order",
        ["order_id"],
        unique=False,
        postgresql_where=sa.text("status = 'unplanned'"),
    )
    op.create_table(
        "exam_result",
        sa.Column("result_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.String(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("item_code", sa.String(), nullable=False),
        sa.Column("performed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quality", sa.String(), nullable=False),
        sa.CheckConstraint("quality IN ('passed', 'failed')", name=op.f("exam_result_quality")),
        sa.ForeignKeyConstraint(["item_code"], ["exam_item.item_code"], name=op.f("fk_exam_result_item_code")),
        sa.ForeignKeyConstraint(["partner_id"], ["exam_partner.partner_id"], name=op.f("fk_exam_result_partner_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.patient_id"], name=op.f("fk_exam_result_patient_id")),
        sa.PrimaryKeyConstraint("result_id", name=op.f("exam_result_pkey")),
    )
    op.create_index("ix_exam_result_patient_id", "exam_result", ["patient_id", "item_code"], unique=False)
    op.create_table(
        "exam_decision",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("item_code", sa.String(), nullable=False),
        sa.Column("result_id", sa.Uuid(), nullable=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(choice = 'override') = (reason IS NOT NULL)", name=op.f("exam_decision_reason")),
        sa.CheckConstraint("choice IN ('reuse', 'override')", name=op.f("exam_decision_choice")),
        sa.ForeignKeyConstraint(["result_id"], ["exam_result.result_id"], name=op.f("fk_exam_decision_result_id")),
        sa.PrimaryKeyConstraint("order_id", "item_code", name=op.f("exam_decision_pkey")),
    )
    op.create_index("ix_exam_decision_decided_at", "exam_decision", ["decided_at"], unique=False)
    op.create_table(
        "exam_use",
        sa.Column("use_id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("item_code", sa.String(), nullable=True),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("device_no", sa.BigInteger(), nullable=False),
        sa.Column("campus_id", sa.String(), nullable=False),
        sa.Column("reading_campus_id", sa.String(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(device_no, device_no, '[]')"), "&&"),
            (sa.column("during"), "&&"),
            using="gist",
            name="one_exam_a_device",
        ),
        postgresql.ExcludeConstraint(
            (sa.text("uuidrange(patient_id, patient_id, '[]')"), "&&"),
            (sa.column("during"), "&&"),
            where=sa.text("patient_id IS NOT NULL"),
            using="gist",
            name="one_place_a_patient",
        ),
        sa.CheckConstraint("(status = 'closed') = (order_id IS NULL)", name=op.f("exam_use_closed")),
        sa.CheckConstraint("status IN ('held', 'booked', 'done', 'closed')", name=op.f("exam_use_status")),
        sa.CheckConstraint("(order_id IS NULL) = (patient_id IS NULL)", name=op.f("exam_use_patient")),
        sa.ForeignKeyConstraint(["device_id"], ["exam_device.device_id"], name=op.f("fk_exam_use_device_id")),
        sa.ForeignKeyConstraint(["order_id"], ["exam_order.order_id"], name=op.f("fk_exam_use_order_id")),
        sa.PrimaryKeyConstraint("use_id", name=op.f("exam_use_pkey")),
        sa.UniqueConstraint("order_id", "item_code", name="one_place_an_exam"),
    )
    op.create_index("ix_exam_use_device_id", "exam_use", ["device_id"], unique=False)
    op.add_column(
        "admission_request", sa.Column("exams", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("admission_request", "exams")
    op.drop_index("ix_exam_use_device_id", table_name="exam_use")
    op.drop_table("exam_use")
    op.drop_index("ix_exam_decision_decided_at", table_name="exam_decision")
    op.drop_table("exam_decision")
    op.drop_index("ix_exam_result_patient_id", table_name="exam_result")
    op.drop_table("exam_result")
    op.drop_index("ix_exam_order_unplanned", table_name="exam_order", postgresql_where=sa.text("status = 'unplanned'"))
    op.drop_index("ix_exam_order_patient_id", table_name="exam_order")
    op.drop_index("ix_exam_order_held_until", table_name="exam_order", postgresql_where=sa.text("status = 'held'"))
    op.drop_table("exam_order")
    op.drop_table("exam_rule")
    op.drop_table("exam_preparation")
    op.drop_table("exam_partner")
    op.drop_table("exam_network")
    op.drop_table("exam_item")
    op.drop_table("exam_device")
    op.execute("DROP TYPE uuidrange")
