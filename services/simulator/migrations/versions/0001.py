"""The simulated insurance centre."""

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
        "fault",
        sa.Column("fault_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("infno", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("times_left", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('timeout-before', 'timeout-after', 'refuse', 'down')", name=op.f("fault_kind")),
        sa.CheckConstraint("times_left >= 0", name=op.f("fault_times")),
        sa.PrimaryKeyConstraint("fault_id", name=op.f("fault_pkey")),
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
        "person",
        sa.Column("psn_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("insutype", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("low_income", sa.Boolean(), nullable=False),
        sa.Column("account_balance_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("insutype IN ('310', '390')", name=op.f("person_insutype")),
        sa.CheckConstraint("account_balance_fen >= 0", name=op.f("person_account_balance")),
        sa.PrimaryKeyConstraint("psn_no", name=op.f("person_pkey")),
    )
    op.create_table(
        "reversed_msgid",
        sa.Column("msgid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("msgid", name=op.f("reversed_msgid_pkey")),
    )
    op.create_table(
        "transaction",
        sa.Column("msgid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("infno", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("msgid", name=op.f("transaction_pkey")),
    )
    op.create_table(
        "visit",
        sa.Column("mdtrt_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("psn_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("insutype", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ipt_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("began_at", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("msgid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["psn_no"], ["person.psn_no"], name=op.f("fk_visit_psn_no")),
        sa.PrimaryKeyConstraint("mdtrt_id", name=op.f("visit_pkey")),
        sa.UniqueConstraint("msgid", name=op.f("uq_visit_msgid")),
    )
    op.create_index(op.f("ix_visit_psn_no"), "visit", ["psn_no"], unique=False)
    op.create_table(
        "fee_line",
        sa.Column("mdtrt_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("feedetl_sn", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("init_feedetl_sn", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("item_code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("line_class", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Numeric(), nullable=False),
        sa.Column("price_limit_fen", sa.BigInteger(), nullable=True),
        sa.Column("preself_ratio", sa.Numeric(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mdtrt_id"], ["visit.mdtrt_id"], name=op.f("fk_fee_line_mdtrt_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mdtrt_id", "feedetl_sn", name=op.f("fee_line_pkey")),
    )
    op.create_table(
        "settlement",
        sa.Column("setl_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("msgid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("mdtrt_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("psn_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("insutype", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("medfee_fen", sa.BigInteger(), nullable=False),
        sa.Column("ownpay_fen", sa.BigInteger(), nullable=False),
        sa.Column("overlimit_fen", sa.BigInteger(), nullable=False),
        sa.Column("preself_fen", sa.BigInteger(), nullable=False),
        sa.Column("in_scope_fen", sa.BigInteger(), nullable=False),
        sa.Column("deductible_fen", sa.BigInteger(), nullable=False),
        sa.Column("hifp_fen", sa.BigInteger(), nullable=False),
        sa.Column("hifob_fen", sa.BigInteger(), nullable=False),
        sa.Column("hifmi_fen", sa.BigInteger(), nullable=False),
        sa.Column("maf_fen", sa.BigInteger(), nullable=False),
        sa.Column("fund_fen", sa.BigInteger(), nullable=False),
        sa.Column("personal_fen", sa.BigInteger(), nullable=False),
        sa.Column("account_fen", sa.BigInteger(), nullable=False),
        sa.Column("cash_fen", sa.BigInteger(), nullable=False),
        sa.Column("burden_fen", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('standing', 'undone', 'reversed')", name=op.f("settlement_state")),
        sa.CheckConstraint("account_fen + cash_fen = personal_fen", name=op.f("settlement_account_and_cash")),
        sa.CheckConstraint("fund_fen + personal_fen = medfee_fen", name=op.f("settlement_funds_and_person")),
        sa.ForeignKeyConstraint(["mdtrt_id"], ["visit.mdtrt_id"], name=op.f("fk_settlement_mdtrt_id")),
        sa.ForeignKeyConstraint(["psn_no"], ["person.psn_no"], name=op.f("fk_settlement_psn_no")),
        sa.PrimaryKeyConstraint("setl_id", name=op.f("settlement_pkey")),
        sa.UniqueConstraint("msgid", name=op.f("uq_settlement_msgid")),
    )
    op.create_index("ix_settlement_year", "settlement", ["psn_no", "insutype", "year"], unique=False)
    op.create_index(
        "one_standing_settlement",
        "settlement",
        ["mdtrt_id"],
        unique=True,
        postgresql_where=sa.text("state = 'standing'"),
    )


def downgrade() -> None:
    op.drop_index("one_standing_settlement", table_name="settlement", postgresql_where=sa.text("state = 'standing'"))
    op.drop_index("ix_settlement_year", table_name="settlement")
    op.drop_table("settlement")
    op.drop_table("fee_line")
    op.drop_index(op.f("ix_visit_psn_no"), table_name="visit")
    op.drop_table("visit")
    op.drop_table("transaction")
    op.drop_table("reversed_msgid")
    op.drop_table("person")
    op.drop_index("one_parked_record", table_name="parked")
    op.drop_index("ix_parked_aggregate", table_name="parked")
    op.drop_table("parked")
    op.drop_table("outbox")
    op.drop_index("ix_inbox_taken_at", table_name="inbox", postgresql_using="brin")
    op.drop_table("inbox")
    op.drop_table("fault")
    op.drop_index("ix_command_answered_at", table_name="command", postgresql_using="brin")
    op.drop_table("command")
    op.drop_table("aggregate_version")
