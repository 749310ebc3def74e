"""The application of an appointment is found by its appointment."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_application_appointment_id",
            "application",
            ["appointment_id"],
            postgresql_where=sa.text("appointment_id IS NOT NULL"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index("ix_application_appointment_id", "application")
