"""The application of an appointment is found by it; an exam order for all of which results stand is done."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None


COVERED = """
UPDATE exam_order SET status = 'done', reason = NULL
WHERE status IN ('ordered', 'unplanned') AND item_codes <@ reused_codes
"""


def upgrade() -> None:
    op.execute(COVERED)
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
