"""What the database guards beyond constraints: functions, triggers and a sequence, as part of the metadata.

The migration writes the same statements; a test holds the two together. Each guard names itself as the constraint that
refuses, so that a store meets it like any other.
"""

from typing import Final

from sqlalchemy import DDL, MetaData, event

KEPT_FOR_EVER: Final = ("journal", "journal_entry", "charge", "deposit", "refund", "bedside_payment")
"""Tables whose rows are never changed or removed: money is corrected by a reversal or a return."""

MESSAGE_NUMBERS: Final = "CREATE SEQUENCE centre_msgid MINVALUE 0 MAXVALUE 9999 CYCLE"
"""The last four digits of a message id to the insurance centre."""

APPEND_ONLY: Final = """
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        MESSAGE = TG_TABLE_NAME || ' is append-only',
        HINT = 'write a reversal or a return instead',
        ERRCODE = 'restrict_violation',
        CONSTRAINT = 'append_only';
END $$
"""

JOURNAL_BALANCED: Final = """
CREATE FUNCTION journal_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    off numeric;
BEGIN
    SELECT sum(debit_fen) - sum(credit_fen) INTO off FROM journal_entry WHERE journal_id = NEW.journal_id;
    IF off IS DISTINCT FROM 0 THEN
        RAISE EXCEPTION USING
            MESSAGE = 'the journal does not balance',
            HINT = 'write both sides of each move',
            ERRCODE = 'check_violation',
            CONSTRAINT = 'journal_balanced';
    END IF;
    RETURN NULL;
END $$
"""

CHARGE_RETURN: Final = """
CREATE FUNCTION charge_return() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fits boolean;
BEGIN
    SELECT (stay_id, item_code, line_class, price_fen, preself_ratio)
            = (NEW.stay_id, NEW.item_code, NEW.line_class, NEW.price_fen, NEW.preself_ratio)
        AND price_limit_fen IS NOT DISTINCT FROM NEW.price_limit_fen
        AND return_of IS NULL
        AND count + (SELECT sum(back.count) FROM charge AS back WHERE back.return_of = NEW.return_of) >= 0
    INTO fits FROM charge WHERE charge_id = NEW.return_of;
    IF fits IS NOT TRUE THEN
        RAISE EXCEPTION USING
            MESSAGE = 'the return does not fit its original',
            HINT = 'repeat the terms of the original and return no more than was charged',
            ERRCODE = 'check_violation',
            CONSTRAINT = 'charge_return';
    END IF;
    RETURN NULL;
END $$
"""

TRIGGERS: Final = (
    *(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        for table in KEPT_FOR_EVER
    ),
    *(
        f"CREATE CONSTRAINT TRIGGER journal_balanced AFTER INSERT ON {table} "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION journal_balanced()"
        for table in ("journal", "journal_entry")
    ),
    (
        "CREATE TRIGGER charge_return AFTER INSERT ON charge FOR EACH ROW "
        "WHEN (NEW.return_of IS NOT NULL) EXECUTE FUNCTION charge_return()"
    ),
)


def guard(metadata: MetaData) -> None:
    """Let whoever creates the tables create their guards behind them."""
    for statement in (MESSAGE_NUMBERS, APPEND_ONLY, JOURNAL_BALANCED, CHARGE_RETURN, *TRIGGERS):
        event.listen(metadata, "after_create", DDL(statement))  # type: ignore[no-untyped-call]
