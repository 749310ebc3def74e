"""The trail of materials says why somebody asked, and what came of it."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
contract = "of material_read: what the version before writes are reads for treatment, as the defaults say"

TO_REVIEW = "purpose = 'break-glass' OR outcome = 'refused'"


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString()
    op.add_column("material_read", sa.Column("purpose", text, server_default="treatment", nullable=False))
    op.add_column("material_read", sa.Column("outcome", text, server_default="read", nullable=False))
    op.add_column("material_read", sa.Column("reason", text, nullable=True))
    for name, holds in (
        ("material_read_purpose", "purpose IN ('treatment', 'break-glass')"),
        ("material_read_outcome", "outcome IN ('linked', 'read', 'refused')"),
        ("material_read_reason", "(purpose = 'break-glass' AND outcome = 'linked') = (reason IS NOT NULL)"),
    ):
        op.create_check_constraint(op.f(name), "material_read", holds)
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_material_read_to_review",
            "material_read",
            ["read_at"],
            postgresql_where=sa.text(TO_REVIEW),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index("ix_material_read_to_review", "material_read")
    for column in ("reason", "outcome", "purpose"):
        op.drop_column("material_read", column)
