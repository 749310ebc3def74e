"""An entry of the waitlist says why no place comes any more; the version before never says so."""

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


def downgrade() -> None:
    op.drop_column("waitlist_entry", "lapse_reason")
