"""Whom a session's places are for."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE session ADD COLUMN access varchar NOT NULL DEFAULT 'public'"
        " CONSTRAINT session_access CHECK (access IN ('public', 'application', 'alliance'))"
    )
    op.drop_constraint("one_session_a_start", "session", type_="unique")
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_session_clinic_id_starts_at", "session", ["clinic_id", "starts_at"], postgresql_concurrently=True
        )
        op.create_index(
            "ix_session_kept",
            "session",
            ["starts_at"],
            postgresql_where=sa.text("access <> 'public'"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index("ix_session_kept", table_name="session", postgresql_where=sa.text("access <> 'public'"))
    op.drop_index("ix_session_clinic_id_starts_at", table_name="session")
    op.create_unique_constraint("one_session_a_start", "session", ["clinic_id", "starts_at"])
    op.drop_column("session", "access")
