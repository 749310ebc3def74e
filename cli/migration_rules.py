"""Whether every migration lets the version before it go on running: expand, migrate, contract (docs/operations.md).

`python -m cli.migration_rules` renders each revision as SQL and names what would break the code that runs while it is
applied, or keep it waiting. What a table of the same revision gets is nobody's concern yet.

Invariant: what takes something away stands in a revision that says `contract = "…"`: since when nobody uses it.
"""

import re
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Final

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import Script, ScriptDirectory

ROOT: Final = Path(__file__).resolve().parent.parent
NAME: Final = r'(?:ONLY )?"?(\w+)"?'
EXPAND_FIRST: Final = (
    "breaks the version that still runs: stop using it in one release, take it away in the next, "
    'in a revision that says `contract = "unused since RELEASE"`'
)
REFUSES: Final = (
    "refuses what the version that still runs may write: let one release write it right and mend the old rows, "
    'then demand it in a revision that says `contract = "kept since RELEASE"`'
)
LOCKS: Final = (
    "keeps writers waiting: use `postgresql_concurrently=True` inside `with op.get_context().autocommit_block():`"
)
CONTRACTING: Final = {
    "ALTER TABLE NAME DROP COLUMN": ("dropping a column", EXPAND_FIRST),
    "DROP TABLE (?:IF EXISTS )?NAME": ("dropping a table", EXPAND_FIRST),
    "DROP (?:TYPE|VIEW|FUNCTION) (?:IF EXISTS )?NAME": ("dropping a type, view or function", EXPAND_FIRST),
    "ALTER TABLE NAME RENAME": ("renaming", EXPAND_FIRST),
    r"ALTER TABLE NAME ALTER COLUMN \S+ (?:SET DATA )?TYPE": ("changing a column's type", EXPAND_FIRST),
    r"ALTER TABLE NAME ALTER COLUMN \S+ SET NOT NULL": ("demanding a value", REFUSES),
    r"ALTER TABLE NAME ADD COLUMN (?!.*\b(?:DEFAULT|GENERATED)\b).*NOT NULL": ("a column without a default", REFUSES),
    "ALTER TABLE NAME ADD CONSTRAINT": ("a constraint", REFUSES),
    r"CREATE UNIQUE INDEX .*?\bON NAME": ("a unique index", REFUSES),
    r"CREATE (?:CONSTRAINT )?TRIGGER .*?\bON NAME": ("a trigger", REFUSES),
}
"""What a statement begins with (`NAME` stands for a table) → what it does, and what to do instead."""

LOCKING: Final = r"CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY).*?\bON NAME"
CREATED: Final = "CREATE (?:TABLE|TYPE) (?:IF NOT EXISTS )?NAME"


def faults(history: Path) -> Iterator[str]:
    """What is wrong with one service's history: file, what, and what to do instead."""
    for script in ScriptDirectory(str(history)).walk_revisions():
        if script.down_revision is not None:
            for fault in _faults(script):
                yield f"{script.path}: {fault}"


def _faults(script: Script) -> Iterator[str]:
    statements = _rendered(script)
    created = {_touched(CREATED, statement) for statement in statements}
    contract = getattr(script.module, "contract", "")
    for statement in statements:
        for beginning, (what, remedy) in CONTRACTING.items():
            if _touched(beginning, statement) not in {None, *created} and not contract:
                yield f"{what} ({_touched(beginning, statement)}) {remedy}"
        if _touched(LOCKING, statement) not in {None, *created}:
            yield f"an index on {_touched(LOCKING, statement)} {LOCKS}"


def _touched(beginning: str, statement: str) -> str | None:
    """The table that a statement of this beginning is about; None for another statement."""
    found = re.match(beginning.replace("NAME", NAME), statement, re.IGNORECASE)
    return found.group(1) if found else None


def _rendered(script: Script) -> list[str]:
    """The revision's statements, as PostgreSQL would get them."""
    sql = StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": sql})
    with Operations.context(context):
        script.module.upgrade()
    return [" ".join(statement.split()) for statement in sql.getvalue().split(";\n")]


def main() -> int:
    """Look at every service's history; 1 when something is wrong."""
    found = [fault for history in sorted(ROOT.glob("services/*/migrations")) for fault in faults(history)]
    for fault in found:
        sys.stderr.write(f"{fault.removeprefix(f'{ROOT}/')}\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
