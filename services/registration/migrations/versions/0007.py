"""Tickets, reminders, arrival passes, alliance quota."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0007"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ticket",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("catalogue_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("role", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("owner", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("answer", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("reject_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("opened_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'completed') = (outcome IS NOT NULL)", name=op.f("ticket_completed_how")),
        sa.CheckConstraint("(state = 'rejected') = (reject_reason IS NOT NULL)", name=op.f("ticket_rejected_why")),
        sa.CheckConstraint("(state IN ('open', 'taken')) = (closed_at IS NULL)", name=op.f("ticket_closed_when")),
        sa.CheckConstraint(
            "outcome IN ('issued', 'registered', 'stamped', 'paid-back', 'corrected', 'lent', 'arranged', 'advised')",
            name=op.f("ticket_outcome"),
        ),
        sa.CheckConstraint(
            "reject_reason IN ('documents-missing', 'not-entitled', 'identity-unproven', 'not-ours', 'duplicate')",
            name=op.f("ticket_reject_reason"),
        ),
        sa.CheckConstraint("state <> 'taken' OR owner IS NOT NULL", name=op.f("ticket_taken_by_somebody")),
        sa.CheckConstraint(
            "state IN ('open', 'taken', 'completed', 'rejected', 'withdrawn')", name=op.f("ticket_state")
        ),
        sa.CheckConstraint("due_at >= opened_at", name=op.f("ticket_due_after_opening")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.patient_id"], name=op.f("fk_ticket_patient_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("ticket_pkey")),
    )
    op.create_index("ix_ticket_patient_id", "ticket", ["patient_id"], unique=False)
    op.create_index(
        "ix_ticket_unfinished",
        "ticket",
        ["due_at", "ticket_id"],
        unique=False,
        postgresql_where=sa.text("state IN ('open', 'taken')"),
    )


def downgrade() -> None:
    op.drop_index("ix_ticket_unfinished", table_name="ticket", postgresql_where=sa.text("state IN ('open', 'taken')"))
    op.drop_index("ix_ticket_patient_id", table_name="ticket")
    op.drop_table("ticket")
