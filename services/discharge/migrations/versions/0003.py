"""Accounts say that an admission does not count, and from when they take nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("admission_cancelled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("account", sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True))
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_account_cancelled",
            "account",
            ["admission_cancelled_at"],
            postgresql_concurrently=True,
            postgresql_where=sa.text("admission_cancelled_at IS NOT NULL AND voided_at IS NULL"),
        )


def downgrade() -> None:
    op.drop_index("ix_account_cancelled", table_name="account")
    op.drop_column("account", "voided_at")
    op.drop_column("account", "admission_cancelled_at")
