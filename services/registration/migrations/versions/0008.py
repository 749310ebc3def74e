"""An admission request says which ward is wanted."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("admission_request", sa.Column("wanted_ward_id", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("admission_request", "wanted_ward_id")
