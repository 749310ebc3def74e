"""What the database guards beyond constraints, as part of the metadata; the migration writes the same statements."""

from typing import Final

from sqlalchemy import DDL, MetaData, event

APPEND_ONLY: Final = """
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        MESSAGE = TG_TABLE_NAME || ' is append-only',
        ERRCODE = 'restrict_violation',
        CONSTRAINT = 'append_only';
END $$
"""
READS_KEPT: Final = (
    "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON material_read "
    "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
)


def guard(metadata: MetaData) -> None:
    """Let whoever creates the tables create their guards behind them."""
    for statement in (APPEND_ONLY, READS_KEPT):
        event.listen(metadata, "after_create", DDL(statement))  # type: ignore[no-untyped-call]
