"""When each running plan has its next step, in a narrow table that the database keeps beside the plans."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

contract = "the triggers refuse nothing: what any version writes into plan is followed into plan_due"

KEEP = """
CREATE FUNCTION keep_plan_due() RETURNS trigger LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    DELETE FROM plan_due USING before
    WHERE (plan_due.next_due_at, plan_due.plan_id) = (before.next_due_at, before.plan_id);
  END IF;
  INSERT INTO plan_due (next_due_at, plan_id) SELECT next_due_at, plan_id FROM after WHERE next_due_at IS NOT NULL;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "plan_due",
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("next_due_at", "plan_id", name=op.f("plan_due_pkey")),
    )
    op.execute("ALTER TABLE plan SET (fillfactor = 50)")
    op.execute(KEEP)
    op.execute(
        "CREATE TRIGGER plan_opened AFTER INSERT ON plan REFERENCING NEW TABLE AS after "
        "FOR EACH STATEMENT EXECUTE FUNCTION keep_plan_due()"
    )
    op.execute(
        "CREATE TRIGGER plan_changed AFTER UPDATE ON plan REFERENCING OLD TABLE AS before NEW TABLE AS after "
        "FOR EACH STATEMENT EXECUTE FUNCTION keep_plan_due()"
    )
    op.execute(
        "INSERT INTO plan_due (next_due_at, plan_id) SELECT next_due_at, plan_id FROM plan "
        "WHERE next_due_at IS NOT NULL"
    )
    op.drop_index("ix_plan_due", table_name="plan", postgresql_where=sa.text("next_due_at IS NOT NULL"))


def downgrade() -> None:
    op.create_index(
        "ix_plan_due", "plan", ["next_due_at"], unique=False, postgresql_where=sa.text("next_due_at IS NOT NULL")
    )
    op.execute("DROP TRIGGER plan_changed ON plan")
    op.execute("DROP TRIGGER plan_opened ON plan")
    op.execute("DROP FUNCTION keep_plan_due")
    op.execute("ALTER TABLE plan RESET (fillfactor)")
    op.drop_table("plan_due")
