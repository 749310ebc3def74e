"""The application of an appointment is found by it, an exam order that results cover is done, who lifts is kept."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


COVERED = """
UPDATE exam_order SET status = 'done', reason = NULL
WHERE status IN ('ordered', 'unplanned') AND item_codes <@ reused_codes
"""


def upgrade() -> None:
    op.execute(COVERED)
    op.add_column("cooling_off", sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cooling_off", sa.Column("lifted_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
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
    op.drop_column("cooling_off", "lifted_by")
    op.drop_column("cooling_off", "lifted_at")
