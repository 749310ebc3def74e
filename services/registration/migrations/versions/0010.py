"""An entry of the waitlist says why no place comes any more; who is to be booked unasked is found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE waitlist_entry ADD COLUMN lapse_reason varchar "
        "CONSTRAINT waitlist_entry_lapse_reason CHECK (lapse_reason IN ('too-late', 'session-closed', 'session-cut')) "
        "CONSTRAINT waitlist_entry_lapsed_why CHECK (lapse_reason IS NULL OR status = 'lapsed')"
    )
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_waitlist_entry_unasked",
            "waitlist_entry",
            ["joined_at"],
            postgresql_where=sa.text("status = 'offered' AND auto_accept"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index("ix_waitlist_entry_unasked", "waitlist_entry")
    op.drop_column("waitlist_entry", "lapse_reason")
