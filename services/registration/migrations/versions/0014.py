"""A reminder is of an appointment, or of a coming for the exams of an order.

The version before puts off by an hour what it does not know, and leaves it to the next.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None
contract = "of reminder: the version before writes an appointment and no order, as both constraints have it"


def upgrade() -> None:
    op.alter_column("reminder", "appointment_id", nullable=True)
    op.add_column("reminder", sa.Column("order_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_reminder_order_id"), "reminder", "exam_order", ["order_id"], ["order_id"])
    op.create_check_constraint(op.f("reminder_of_one"), "reminder", "num_nonnulls(appointment_id, order_id) = 1")
    with op.get_context().autocommit_block():
        op.create_index(
            "one_exam_reminder_a_rung",
            "reminder",
            ["order_id", "slot_starts_at", "rung"],
            unique=True,
            postgresql_where=sa.text("order_id IS NOT NULL"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.execute(
        "DELETE FROM reminder_attempt USING reminder"
        " WHERE reminder.reminder_id = reminder_attempt.reminder_id AND order_id IS NOT NULL"
    )
    op.execute("DELETE FROM reminder WHERE order_id IS NOT NULL")
    op.drop_index("one_exam_reminder_a_rung", "reminder")
    op.drop_column("reminder", "order_id")
    op.alter_column("reminder", "appointment_id", nullable=False)
