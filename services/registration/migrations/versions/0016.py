"""A notice is of a change and says what is off for it; whose address was refused is found by the patient.

What the version before writes has no version and nothing that is off for it, and is as single as it was.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None
contract = "of reminder: each unique key only grows by a column; what was single by fewer is single by more"


def upgrade() -> None:
    op.add_column("reminder", sa.Column("of_version", sa.Integer(), server_default="0", nullable=False))
    op.add_column(
        "reminder",
        sa.Column(
            "instead_of",
            sa.ARRAY(sa.DateTime(timezone=True)),
            server_default=sa.text("'{}'::timestamptz[]"),
            nullable=False,
        ),
    )
    with op.get_context().autocommit_block():
        _unique("appointment_id, slot_starts_at, rung, of_version", "one_reminder_a_change")
        _unique("order_id, slot_starts_at, rung, of_version", "one_exam_reminder_a_change", "order_id IS NOT NULL")
        op.create_index(
            "ix_reminder_refused",
            "reminder",
            ["patient_id"],
            postgresql_where=sa.text("reason = 'address-refused'"),
            postgresql_concurrently=True,
        )
        op.create_index(
            "ix_exam_order_booked",
            "exam_order",
            ["patient_id"],
            postgresql_where=sa.text("status = 'booked'"),
            postgresql_concurrently=True,
        )
    op.drop_constraint("one_reminder_a_rung", "reminder", type_="unique")
    op.drop_index("one_exam_reminder_a_rung", "reminder")
    op.execute("ALTER TABLE reminder ADD CONSTRAINT one_reminder_a_rung UNIQUE USING INDEX one_reminder_a_change")
    op.execute("ALTER INDEX one_exam_reminder_a_change RENAME TO one_exam_reminder_a_rung")


def downgrade() -> None:
    op.execute(
        "DELETE FROM reminder_attempt USING reminder"
        " WHERE reminder.reminder_id = reminder_attempt.reminder_id AND of_version > 0"
    )
    op.execute("DELETE FROM reminder WHERE of_version > 0")
    op.drop_index("ix_exam_order_booked", "exam_order")
    op.drop_index("ix_reminder_refused", "reminder")
    op.drop_index("one_exam_reminder_a_rung", "reminder")
    op.drop_constraint("one_reminder_a_rung", "reminder", type_="unique")
    op.drop_column("reminder", "instead_of")
    op.drop_column("reminder", "of_version")
    op.create_unique_constraint("one_reminder_a_rung", "reminder", ["appointment_id", "slot_starts_at", "rung"])
    op.create_index(
        "one_exam_reminder_a_rung",
        "reminder",
        ["order_id", "slot_starts_at", "rung"],
        unique=True,
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )


def _unique(columns: str, name: str, where: str | None = None) -> None:
    op.create_index(
        name,
        "reminder",
        columns.split(", "),
        unique=True,
        postgresql_where=sa.text(where) if where else None,
        postgresql_concurrently=True,
    )
