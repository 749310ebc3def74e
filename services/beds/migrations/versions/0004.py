"""DRG tables and case mix; rounds, decisions and policies; what a proposal's score was made of."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bed_policy",
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("bed_policy_pkey")),
    )
    op.create_table(
        "bed_round",
        sa.Column("round_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("policy_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("beds", sa.Integer(), nullable=False),
        sa.Column("soon", sa.Integer(), nullable=False),
        sa.Column("placed", sa.Integer(), nullable=False),
        sa.Column("proposed", sa.Integer(), nullable=False),
        sa.Column("bound", sa.Float(), nullable=False),
        sa.Column("achieved", sa.Float(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("longest_waits", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('event', 'morning', 'thorough')", name=op.f("bed_round_kind")),
        sa.PrimaryKeyConstraint("round_no", name=op.f("bed_round_pkey")),
    )
    op.create_index(
        "ix_bed_round_morning", "bed_round", ["ended_at"], unique=False, postgresql_where=sa.text("kind = 'morning'")
    )
    op.create_table(
        "case_mix",
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("specialty", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("stays", sa.Integer(), nullable=False),
        sa.Column("weighted", sa.Integer(), nullable=False),
        sa.Column("rw_sum", sa.Float(), nullable=False),
        sa.Column("median_rw", sa.Float(), nullable=True),
        sa.CheckConstraint("0 <= weighted AND weighted <= stays", name=op.f("case_mix_weighted")),
        sa.PrimaryKeyConstraint("as_of", "specialty", name=op.f("case_mix_pkey")),
    )
    op.create_table(
        "reference_table",
        sa.Column("table_no", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("loaded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("kind IN ('drg-weights', 'level-4')", name=op.f("reference_table_kind")),
        sa.PrimaryKeyConstraint("table_no", name=op.f("reference_table_pkey")),
        sa.UniqueConstraint("kind", "name", "version", name="one_table_a_version"),
    )
    op.create_table(
        "round_asked",
        sa.Column("asked_no", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("asked_no", name=op.f("round_asked_pkey")),
    )
    op.create_table(
        "settled_case",
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("specialty", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("rw", sa.Float(), nullable=True),
        sa.Column("rw_source", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rw_source IN ('table', 'request', 'median')", name=op.f("settled_case_rw_source")),
        sa.PrimaryKeyConstraint("stay_id", name=op.f("settled_case_pkey")),
    )
    op.create_index(op.f("ix_settled_case_settled_at"), "settled_case", ["settled_at"], unique=False)
    op.create_table(
        "bed_decision",
        sa.Column("decision_no", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("bed_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ward_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("broken_rule", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("proposed_bed_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("runner_up_bed_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("margin", sa.Float(), nullable=True),
        sa.Column("rival_request_id", sa.Uuid(), nullable=True),
        sa.Column("rival_margin", sa.Float(), nullable=True),
        sa.Column("gap", sa.Float(), nullable=True),
        sa.Column("inputs", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("policy_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("policy_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cost", sa.Float(), nullable=True),
        sa.CheckConstraint("(kind = 'chosen') = (reason IS NOT NULL)", name=op.f("bed_decision_reason")),
        sa.CheckConstraint("cost IS NULL OR kind = 'chosen' AND cost >= 0", name=op.f("bed_decision_cost")),
        sa.CheckConstraint("kind IN ('accepted', 'automatic', 'chosen')", name=op.f("bed_decision_kind")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["admission_request.request_id"], name=op.f("fk_bed_decision_request_id")
        ),
        sa.PrimaryKeyConstraint("decision_no", name=op.f("bed_decision_pkey")),
    )
    op.create_index("ix_bed_decision_request_id", "bed_decision", ["request_id"], unique=False)
    op.create_index(
        "ix_bed_decision_unpriced",
        "bed_decision",
        ["decision_no"],
        unique=False,
        postgresql_where=sa.text("kind = 'chosen' AND cost IS NULL"),
    )
    op.create_table(
        "reference_entry",
        sa.Column("table_no", sa.BigInteger(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("weight", sa.Float(), nullable=True),
        sa.CheckConstraint("weight > 0", name=op.f("reference_entry_weight")),
        sa.ForeignKeyConstraint(["table_no"], ["reference_table.table_no"], name=op.f("fk_reference_entry_table_no")),
        sa.PrimaryKeyConstraint("table_no", "code", name=op.f("reference_entry_pkey")),
    )
    op.add_column("admission_request", sa.Column("wanted_ward_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column("proposal", sa.Column("available_from", sa.DateTime(timezone=True), nullable=True))
    op.add_column("proposal", sa.Column("rival_request_id", sa.Uuid(), nullable=True))
    op.add_column("proposal", sa.Column("rival_margin", sa.Float(), nullable=True))
    op.add_column("proposal", sa.Column("inputs", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("proposal", sa.Column("policy_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=True))


def downgrade() -> None:
    op.drop_column("proposal", "policy_digest")
    op.drop_column("proposal", "inputs")
    op.drop_column("proposal", "rival_margin")
    op.drop_column("proposal", "rival_request_id")
    op.drop_column("proposal", "available_from")
    op.drop_column("admission_request", "wanted_ward_id")
    op.drop_table("reference_entry")
    op.drop_index(
        "ix_bed_decision_unpriced",
        table_name="bed_decision",
        postgresql_where=sa.text("kind = 'chosen' AND cost IS NULL"),
    )
    op.drop_index("ix_bed_decision_request_id", table_name="bed_decision")
    op.drop_table("bed_decision")
    op.drop_index(op.f("ix_settled_case_settled_at"), table_name="settled_case")
    op.drop_table("settled_case")
    op.drop_table("round_asked")
    op.drop_table("reference_table")
    op.drop_table("case_mix")
    op.drop_index("ix_bed_round_morning", table_name="bed_round")
    op.drop_table("bed_round")
    op.drop_table("bed_policy")
