"""What the database keeps beyond constraints: the triggers that hold `plan_due` to what the plans say, as metadata.

The migration writes the same statements; a test holds the two together.
"""

from typing import Final

from sqlalchemy import DDL, MetaData, event

KEEP_PLAN_DUE: Final = """
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

TRIGGERS: Final = (
    (
        "CREATE TRIGGER plan_opened AFTER INSERT ON plan REFERENCING NEW TABLE AS after "
        "FOR EACH STATEMENT EXECUTE FUNCTION keep_plan_due()"
    ),
    (
        "CREATE TRIGGER plan_changed AFTER UPDATE ON plan REFERENCING OLD TABLE AS before NEW TABLE AS after "
        "FOR EACH STATEMENT EXECUTE FUNCTION keep_plan_due()"
    ),
)


def guard(metadata: MetaData) -> None:
    """Let whoever creates the tables create their triggers behind them."""
    for statement in (KEEP_PLAN_DUE, *TRIGGERS):
        event.listen(metadata, "after_create", DDL(statement))  # type: ignore[no-untyped-call]
