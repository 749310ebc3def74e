"""Accounts, clearance, the centre, settlement and the ledger."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = """
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        MESSAGE = TG_TABLE_NAME || ' is append-only',
        HINT = 'write a reversal or a return instead',
        ERRCODE = 'restrict_violation',
        CONSTRAINT = 'append_only';
END $$
"""
KEPT_FOR_EVER = ("journal", "journal_entry", "charge", "deposit", "refund", "bedside_payment")

JOURNAL_BALANCED = """
CREATE FUNCTION journal_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    off numeric;
BEGIN
    SELECT sum(debit_fen) - sum(credit_fen) INTO off FROM journal_entry WHERE journal_id = NEW.journal_id;
    IF off IS DISTINCT FROM 0 THEN
        RAISE EXCEPTION USING
            MESSAGE = 'the journal does not balance',
            HINT = 'write both sides of each move',
            ERRCODE = 'check_violation',
            CONSTRAINT = 'journal_balanced';
    END IF;
    RETURN NULL;
END $$
"""

CHARGE_RETURN = """
CREATE FUNCTION charge_return() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fits boolean;
BEGIN
    SELECT (stay_id, item_code, line_class, price_fen, preself_ratio)
            = (NEW.stay_id, NEW.item_code, NEW.line_class, NEW.price_fen, NEW.preself_ratio)
        AND price_limit_fen IS NOT DISTINCT FROM NEW.price_limit_fen
        AND return_of IS NULL
        AND count + (SELECT sum(back.count) FROM charge AS back WHERE back.return_of = NEW.return_of) >= 0
    INTO fits FROM charge WHERE charge_id = NEW.return_of;
    IF fits IS NOT TRUE THEN
        RAISE EXCEPTION USING
            MESSAGE = 'the return does not fit its original',
            HINT = 'repeat the terms of the original and return no more than was charged',
            ERRCODE = 'check_violation',
            CONSTRAINT = 'charge_return';
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'left') = (left_at IS NOT NULL)", name=op.f("account_left_says_when")),
        sa.CheckConstraint("state IN ('open', 'ordered', 'settling', 'settled', 'left')", name=op.f("account_state")),
        sa.CheckConstraint("lines >= 0", name=op.f("account_lines")),
        sa.PrimaryKeyConstraint("stay_id", name=op.f("account_pkey")),
    )
    op.create_index(op.f("ix_account_patient_id"), "account", ["patient_id"], unique=False)
    op.create_table(
        "aggregate_version",
        sa.Column("aggregate", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("aggregate", name=op.f("aggregate_version_pkey")),
    )
    op.create_table(
        "centre_call",
        sa.Column("msgid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("infno", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('ok', 'declined', 'unreachable', 'unanswered', 'unusable')", name=op.f("centre_call_outcome")
        ),
        sa.CheckConstraint("length(msgid) = 30", name=op.f("centre_call_msgid")),
        sa.PrimaryKeyConstraint("msgid", name=op.f("centre_call_pkey")),
    )
    op.create_index(op.f("ix_centre_call_asked_at"), "centre_call", ["asked_at"], unique=False)
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
        "coverage",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("insutype", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("low_income", sa.Boolean(), nullable=False),
        sa.CheckConstraint("insutype IN ('310', '390')", name=op.f("coverage_insutype")),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("coverage_pkey")),
    )
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("inbox_pkey")),
    )
    op.create_index("ix_inbox_taken_at", "inbox", ["taken_at"], unique=False, postgresql_using="brin")
    op.create_table(
        "journal",
        sa.Column("journal_id", sa.Uuid(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("reversal_of", sa.Uuid(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind = 'reversal') = (reversal_of IS NOT NULL)", name=op.f("journal_reversal_names_its_journal")
        ),
        sa.CheckConstraint(
            "kind IN ('charge', 'deposit', 'settlement', 'bedside-payment', 'refund', 'reversal')",
            name=op.f("journal_kind"),
        ),
        sa.ForeignKeyConstraint(["reversal_of"], ["journal.journal_id"], name=op.f("fk_journal_reversal_of")),
        sa.PrimaryKeyConstraint("journal_id", name=op.f("journal_pkey")),
        sa.UniqueConstraint("reversal_of", name=op.f("uq_journal_reversal_of")),
    )
    op.create_index(op.f("ix_journal_stay_id"), "journal", ["stay_id"], unique=False)
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
        "centre_visit",
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("psn_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("insutype", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("admission_msgid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("mdtrt_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("uploaded", sa.Integer(), nullable=False),
        sa.CheckConstraint("uploaded >= 0", name=op.f("centre_visit_uploaded")),
        sa.ForeignKeyConstraint(["stay_id"], ["account.stay_id"], name=op.f("fk_centre_visit_stay_id")),
        sa.PrimaryKeyConstraint("stay_id", name=op.f("centre_visit_pkey")),
        sa.UniqueConstraint("admission_msgid", name=op.f("uq_centre_visit_admission_msgid")),
        sa.UniqueConstraint("mdtrt_id", name=op.f("uq_centre_visit_mdtrt_id")),
    )
    op.create_table(
        "charge",
        sa.Column("charge_id", sa.Uuid(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("item_code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("line_class", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Numeric(), nullable=False),
        sa.Column("price_limit_fen", sa.BigInteger(), nullable=True),
        sa.Column("preself_ratio", sa.Numeric(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=True),
        sa.Column("return_of", sa.Uuid(), nullable=True),
        sa.Column("charged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("line_class IN ('01', '02', '03')", name=op.f("charge_line_class")),
        sa.CheckConstraint(
            "(count < 0) = (return_of IS NOT NULL) AND count <> 0", name=op.f("charge_return_names_original")
        ),
        sa.CheckConstraint("amount_fen = round(price_fen * count)", name=op.f("charge_amount")),
        sa.CheckConstraint("preself_ratio BETWEEN 0 AND 1", name=op.f("charge_preself_ratio")),
        sa.CheckConstraint("price_fen >= 0 AND price_limit_fen >= 0", name=op.f("charge_price")),
        sa.ForeignKeyConstraint(["return_of"], ["charge.charge_id"], name=op.f("fk_charge_return_of")),
        sa.ForeignKeyConstraint(["stay_id"], ["account.stay_id"], name=op.f("fk_charge_stay_id")),
        sa.PrimaryKeyConstraint("charge_id", name=op.f("charge_pkey")),
        sa.UniqueConstraint("stay_id", "line_no", name="charge_line_no"),
    )
    op.create_index(op.f("ix_charge_return_of"), "charge", ["return_of"], unique=False)
    op.create_table(
        "clearance_override",
        sa.Column("override_id", sa.Uuid(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("overridden_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("overridden_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(reason) >= 3", name=op.f("clearance_override_says_why")),
        sa.ForeignKeyConstraint(["stay_id"], ["account.stay_id"], name=op.f("fk_clearance_override_stay_id")),
        sa.PrimaryKeyConstraint("override_id", name=op.f("clearance_override_pkey")),
    )
    op.create_index(op.f("ix_clearance_override_stay_id"), "clearance_override", ["stay_id"], unique=False)
    op.create_table(
        "deposit",
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel IN ('cash', 'card', 'wechat', 'alipay')", name=op.f("deposit_channel")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("deposit_amount")),
        sa.ForeignKeyConstraint(["stay_id"], ["account.stay_id"], name=op.f("fk_deposit_stay_id")),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("deposit_pkey")),
    )
    op.create_index(op.f("ix_deposit_stay_id"), "deposit", ["stay_id"], unique=False)
    op.create_table(
        "discharge_order",
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("disposition", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "disposition IN ('home', 'other-hcf', 'hosp', 'long', 'aadvice', 'exp', 'psy', 'rehab', 'snf', 'oth')",
            name=op.f("discharge_order_disposition"),
        ),
        sa.ForeignKeyConstraint(["stay_id"], ["account.stay_id"], name=op.f("fk_discharge_order_stay_id")),
        sa.PrimaryKeyConstraint("stay_id", name=op.f("discharge_order_pkey")),
    )
    op.create_table(
        "journal_entry",
        sa.Column("journal_id", sa.Uuid(), nullable=False),
        sa.Column("entry_no", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("account", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("debit_fen", sa.BigInteger(), nullable=False),
        sa.Column("credit_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "account IN ('patient-receivable', 'revenue', 'deposit-liability', 'fund-receivable', 'personal-account-receivable', 'insurer-receivable', 'cash', 'card', 'wechat', 'alipay')",
            name=op.f("journal_entry_account"),
        ),
        sa.CheckConstraint(
            "debit_fen >= 0 AND credit_fen >= 0 AND (debit_fen > 0) <> (credit_fen > 0)",
            name=op.f("journal_entry_one_side"),
        ),
        sa.ForeignKeyConstraint(["journal_id"], ["journal.journal_id"], name=op.f("fk_journal_entry_journal_id")),
        sa.PrimaryKeyConstraint("journal_id", "entry_no", name=op.f("journal_entry_pkey")),
    )
    op.create_table(
        "medicine_issue",
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("item_code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("count", sa.Numeric(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('administered', 'returned', 'overridden')", name=op.f("medicine_issue_outcome")
        ),
        sa.CheckConstraint("(outcome IS NULL) = (resolved_at IS NULL)", name=op.f("medicine_issue_resolved")),
        sa.CheckConstraint("count > 0", name=op.f("medicine_issue_count")),
        sa.ForeignKeyConstraint(["stay_id"], ["account.stay_id"], name=op.f("fk_medicine_issue_stay_id")),
        sa.PrimaryKeyConstraint("issue_id", name=op.f("medicine_issue_pkey")),
    )
    op.create_index(op.f("ix_medicine_issue_stay_id"), "medicine_issue", ["stay_id"], unique=False)
    op.create_table(
        "settlement",
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("stage", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("snapshot", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("pack", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("pack_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("calculator_agrees", sa.Boolean(), nullable=False),
        sa.Column("case", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("psn_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("insutype", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("mdtrt_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=False),
        sa.Column("medfee_sumamt_fen", sa.BigInteger(), nullable=False),
        sa.Column("fulamt_ownpay_amt_fen", sa.BigInteger(), nullable=False),
        sa.Column("overlmt_selfpay_fen", sa.BigInteger(), nullable=False),
        sa.Column("preselfpay_amt_fen", sa.BigInteger(), nullable=False),
        sa.Column("inscp_scp_amt_fen", sa.BigInteger(), nullable=False),
        sa.Column("act_pay_dedc_fen", sa.BigInteger(), nullable=False),
        sa.Column("hifp_pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("hifob_pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("hifmi_pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("maf_pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("oth_pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("fund_pay_sumamt_fen", sa.BigInteger(), nullable=False),
        sa.Column("psn_part_amt_fen", sa.BigInteger(), nullable=False),
        sa.Column("acct_pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("psn_cash_pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("deposit_fen", sa.BigInteger(), nullable=False),
        sa.Column("refund_fen", sa.BigInteger(), nullable=False),
        sa.Column("to_pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_at_bedside_fen", sa.BigInteger(), nullable=False),
        sa.Column("msgid", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("setl_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("first_screen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("presettled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolve_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolve_attempts", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(stage = 'settled') = (setl_id IS NOT NULL AND settled_at IS NOT NULL)",
            name=op.f("settlement_settled_says_when"),
        ),
        sa.CheckConstraint(
            "(stage IN ('reversing', 'settling', 'unknown')) = (resolve_at IS NOT NULL)",
            name=op.f("settlement_asked_is_looked_after"),
        ),
        sa.CheckConstraint(
            "msgid IS NOT NULL OR stage NOT IN ('reversing', 'settling', 'unknown', 'settled', 'reversed', 'refused')",
            name=op.f("settlement_asked_with_a_msgid"),
        ),
        sa.CheckConstraint("paid_at_bedside_fen = 0 OR stage = 'settled'", name=op.f("settlement_paid_when_settled")),
        sa.CheckConstraint(
            "stage IN ('presettled', 'confirmed', 'settling', 'unknown', 'reversing', 'settled', 'reversed', 'refused', 'superseded')",
            name=op.f("settlement_stage"),
        ),
        sa.CheckConstraint(
            "fund_pay_sumamt_fen = hifp_pay_fen + hifob_pay_fen + hifmi_pay_fen + maf_pay_fen + oth_pay_fen",
            name=op.f("settlement_identity_b"),
        ),
        sa.CheckConstraint(
            "medfee_sumamt_fen = fulamt_ownpay_amt_fen + overlmt_selfpay_fen + preselfpay_amt_fen + inscp_scp_amt_fen",
            name=op.f("settlement_identity_a"),
        ),
        sa.CheckConstraint(
            "paid_at_bedside_fen BETWEEN 0 AND to_pay_fen", name=op.f("settlement_no_more_taken_than_due")
        ),
        sa.CheckConstraint(
            "psn_cash_pay_fen = deposit_fen - refund_fen + to_pay_fen AND (refund_fen = 0 OR to_pay_fen = 0)",
            name=op.f("settlement_cash_adds_up"),
        ),
        sa.CheckConstraint("psn_cash_pay_fen = psn_part_amt_fen - acct_pay_fen", name=op.f("settlement_identity_d")),
        sa.CheckConstraint(
            "psn_part_amt_fen = medfee_sumamt_fen - fund_pay_sumamt_fen", name=op.f("settlement_identity_c")
        ),
        sa.CheckConstraint("refund_fen BETWEEN 0 AND deposit_fen", name=op.f("settlement_refund_within_deposit")),
        sa.ForeignKeyConstraint(["stay_id"], ["account.stay_id"], name=op.f("fk_settlement_stay_id")),
        sa.PrimaryKeyConstraint("settlement_id", name=op.f("settlement_pkey")),
        sa.UniqueConstraint("msgid", name=op.f("uq_settlement_msgid")),
        sa.UniqueConstraint("setl_id", name=op.f("uq_settlement_setl_id")),
        sa.UniqueConstraint("stay_id", "attempt", name="settlement_attempt"),
    )
    op.create_index(
        "ix_settlement_resolve_at",
        "settlement",
        ["resolve_at"],
        unique=False,
        postgresql_where=sa.text("resolve_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_settlement_settled_at"), "settlement", ["settled_at"], unique=False)
    op.create_index(
        "one_live_settlement_a_stay",
        "settlement",
        ["stay_id"],
        unique=True,
        postgresql_where=sa.text("stage NOT IN ('refused', 'reversed', 'superseded')"),
    )
    op.create_table(
        "bedside_payment",
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("bedside_payment_amount")),
        sa.ForeignKeyConstraint(
            ["settlement_id"], ["settlement.settlement_id"], name=op.f("fk_bedside_payment_settlement_id")
        ),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("bedside_payment_pkey")),
    )
    op.create_index(op.f("ix_bedside_payment_settlement_id"), "bedside_payment", ["settlement_id"], unique=False)
    op.create_table(
        "refund",
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("refunded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("refund_amount")),
        sa.ForeignKeyConstraint(["payment_id"], ["deposit.payment_id"], name=op.f("fk_refund_payment_id")),
        sa.ForeignKeyConstraint(["settlement_id"], ["settlement.settlement_id"], name=op.f("fk_refund_settlement_id")),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("refund_pkey")),
    )
    op.create_index(op.f("ix_refund_settlement_id"), "refund", ["settlement_id"], unique=False)

    op.execute("CREATE SEQUENCE centre_msgid MINVALUE 0 MAXVALUE 9999 CYCLE")
    op.execute(APPEND_ONLY)
    for table in KEPT_FOR_EVER:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
    op.execute(JOURNAL_BALANCED)
    for table in ("journal", "journal_entry"):
        op.execute(
            f"CREATE CONSTRAINT TRIGGER journal_balanced AFTER INSERT ON {table} "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION journal_balanced()"
        )
    op.execute(CHARGE_RETURN)
    op.execute(
        "CREATE TRIGGER charge_return AFTER INSERT ON charge FOR EACH ROW "
        "WHEN (NEW.return_of IS NOT NULL) EXECUTE FUNCTION charge_return()"
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_refund_settlement_id"), table_name="refund")
    op.drop_table("refund")
    op.drop_index(op.f("ix_bedside_payment_settlement_id"), table_name="bedside_payment")
    op.drop_table("bedside_payment")
    op.drop_index(
        "one_live_settlement_a_stay",
        table_name="settlement",
        postgresql_where=sa.text("stage NOT IN ('refused', 'reversed', 'superseded')"),
    )
    op.drop_index(op.f("ix_settlement_settled_at"), table_name="settlement")
    op.drop_index(
        "ix_settlement_resolve_at", table_name="settlement", postgresql_where=sa.text("resolve_at IS NOT NULL")
    )
    op.drop_table("settlement")
    op.drop_index(op.f("ix_medicine_issue_stay_id"), table_name="medicine_issue")
    op.drop_table("medicine_issue")
    op.drop_table("journal_entry")
    op.drop_table("discharge_order")
    op.drop_index(op.f("ix_deposit_stay_id"), table_name="deposit")
    op.drop_table("deposit")
    op.drop_index(op.f("ix_clearance_override_stay_id"), table_name="clearance_override")
    op.drop_table("clearance_override")
    op.drop_index(op.f("ix_charge_return_of"), table_name="charge")
    op.drop_table("charge")
    op.drop_table("centre_visit")
    op.drop_index("one_parked_record", table_name="parked")
    op.drop_index("ix_parked_aggregate", table_name="parked")
    op.drop_table("parked")
    op.drop_table("outbox")
    op.drop_index(op.f("ix_journal_stay_id"), table_name="journal")
    op.drop_table("journal")
    op.drop_index("ix_inbox_taken_at", table_name="inbox", postgresql_using="brin")
    op.drop_table("inbox")
    op.drop_table("coverage")
    op.drop_index("ix_command_answered_at", table_name="command", postgresql_using="brin")
    op.drop_table("command")
    op.drop_index(op.f("ix_centre_call_asked_at"), table_name="centre_call")
    op.drop_table("centre_call")
    op.drop_table("aggregate_version")
    op.drop_index(op.f("ix_account_patient_id"), table_name="account")
    op.drop_table("account")
    op.execute("DROP FUNCTION charge_return, journal_balanced, append_only")
    op.execute("DROP SEQUENCE centre_msgid")
