"""What is due is vacuumed early, so that nobody steps over much of what has gone before it."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE plan_due SET (autovacuum_vacuum_scale_factor = 0.02, vacuum_index_cleanup = on)")


def downgrade() -> None:
    op.execute("ALTER TABLE plan_due RESET (autovacuum_vacuum_scale_factor, vacuum_index_cleanup)")
