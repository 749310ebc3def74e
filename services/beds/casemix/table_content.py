"""The edge where a table (CSV) comes in: `drg, relative_weight` or `procedure`; other columns are passed over.

Invariant: a table goes in whole or not at all, because what is missing from it would count as not known.
"""

from collections.abc import Callable

from services.beds.casemix.model import Entry, Kind
from services.beds.scoring.table_file import Faulty, NoTable, Parsers, RejectedLine, Row, amount, code, rows


def read(kind: Kind, content: bytes) -> list[Entry]:
    """The table's entries. Raises `NoTable` with all that is wrong, line by line."""
    parsers, entry_of = FORMATS[kind]
    entries: dict[str, Entry] = {}
    faults: list[RejectedLine] = []
    for row in rows(content, parsers):
        values, wrong = row.parsed(parsers)
        entry = None if wrong else entry_of(values)
        faults += wrong or _twice(row, entry, entries, parsers)
        if entry is not None:
            entries[entry.code] = entry
    if not entries and not faults:
        faults.append(
            RejectedLine(line=1, field="file", reason="holds no row", remedy="send the rows below the header")
        )
    if faults:
        raise NoTable(tuple(faults))
    return list(entries.values())


def _twice(row: Row, entry: Entry | None, entries: dict[str, Entry], parsers: Parsers) -> list[RejectedLine]:
    if entry is None or entry.code not in entries:
        return []
    return [row.fault(next(iter(parsers)), "is there twice", "keep one of the lines")]


def _weight(text: str) -> float | None:
    if not text:
        return None
    weight = amount(text)
    if weight == 0:
        raise Faulty("is no weight", "give a number above 0, or leave the cell empty")
    return weight


FORMATS: dict[Kind, tuple[Parsers, Callable[[dict[str, object]], Entry]]] = {
    Kind.DRG_WEIGHTS: (
        {"drg": code, "relative_weight": _weight},
        lambda values: Entry(code=str(values["drg"]), weight=_number(values["relative_weight"])),
    ),
    Kind.LEVEL_4: ({"procedure": code}, lambda values: Entry(code=str(values["procedure"]))),
}
"""Each kind's columns, the code first, and the entry that a line of them makes."""


def _number(value: object) -> float | None:
    return value if isinstance(value, float) else None
